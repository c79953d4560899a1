import { defineOptions } from '#config/options';
import { checkJavaRegex } from '#std/java-regex';
import { checkCharset, checkOutputCharset } from '../charset.js';

export const spooldirOptions = defineOptions({
  spoolDir: { type: 'string', required: true, doc: 'The folder whose files are taken.', importance: 'high' },
  fileSuffix: {
    type: 'string',
    default: '.COMPLETED',
    doc: 'Added to the name of a file that was taken whole. Files that end so are left alone.',
  },
  deletePolicy: {
    type: 'string',
    default: 'never',
    values: ['never', 'immediate'],
    doc: '`immediate` deletes a file that was taken whole.',
  },
  trackingPolicy: {
    type: 'string',
    default: 'rename',
    values: ['rename', 'tracker_dir'],
    doc: 'How a file that was taken whole is marked: by `fileSuffix`, or by an empty file of its name in `trackerDir`, so that the folder itself is only read.',
  },
  trackerDir: { type: 'string', default: '.flumespool', doc: 'Folder of those marks; relative to `spoolDir`.' },
  fileHeader: { type: 'boolean', default: false, doc: 'Adds a header with the absolute path of the file.' },
  fileHeaderKey: { type: 'string', default: 'file', doc: 'Name of that header.' },
  basenameHeader: {
    type: 'boolean',
    default: false,
    doc: 'Adds a header with the name of the file, without its folder.',
  },
  basenameHeaderKey: { type: 'string', default: 'basename', doc: 'Name of that header.' },
  includePattern: {
    type: 'string',
    default: '^.*$',
    check: checkJavaRegex,
    doc: 'Java regular expression that a file name has to match as a whole.',
  },
  ignorePattern: {
    type: 'string',
    default: '^$',
    check: checkJavaRegex,
    doc: 'Java regular expression; a file whose whole name matches is left alone, and so is a folder. Wins over `includePattern`.',
  },
  consumeOrder: {
    type: 'string',
    default: 'oldest',
    values: ['oldest', 'youngest', 'random'],
    doc: 'Which file is next, by its time of change, then by name. `random`: as the folder lists them, the cheapest for many files.',
  },
  pollDelay: { type: 'long', default: 500, min: 1, unit: 'ms', doc: 'Wait between two looks at the folder.' },
  recursiveDirectorySearch: {
    type: 'boolean',
    default: false,
    doc: 'Takes files of folders below too, but not of those whose name begins with a dot.',
  },
  maxBackoff: {
    type: 'long',
    default: 4000,
    min: 1,
    unit: 'ms',
    doc: 'Longest wait before a batch that channels refused is given again.',
  },
  batchSize: { type: 'int', default: 100, min: 1, unit: 'events', doc: 'Events handed to the channels at once.' },
  inputCharset: { type: 'string', default: 'UTF-8', check: checkCharset, doc: 'Charset of the files.' },
  decodeErrorPolicy: {
    type: 'string',
    default: 'FAIL',
    values: ['FAIL', 'REPLACE', 'IGNORE'],
    doc: 'What becomes of bytes that are no text in `inputCharset`: the file is set aside, they become U+FFFD, or they are left out.',
  },
  deserializer: {
    type: 'string',
    default: 'LINE',
    values: [
      'LINE',
      'AVRO',
      'BLOB',
      'org.apache.flume.serialization.AvroEventDeserializer$Builder',
      'org.apache.flume.serialization.LineDeserializer$Builder',
      'org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder',
    ],
    doc: 'How a file becomes events: `LINE`, `AVRO` for each datum of an Avro container file, or `BLOB` for the whole file as one event. Flume’s class names do too. What a file `*.gz` holds is read decompressed.',
  },
  'deserializer.schemaType': {
    type: 'string',
    default: 'HASH',
    values: ['HASH', 'LITERAL'],
    doc: 'Header with the schema of a datum, for AVRO: `flume.avro.schema.hash`, its CRC-64-AVRO fingerprint, or `flume.avro.schema.literal`, its JSON.',
  },
  'deserializer.maxLineLength': {
    type: 'int',
    default: 2048,
    min: 1,
    unit: 'characters',
    doc: 'A longer line goes on in further events.',
  },
  'deserializer.outputCharset': {
    type: 'string',
    default: 'UTF-8',
    check: checkOutputCharset,
    doc: 'Charset of the event bodies, for LINE.',
  },
  'deserializer.maxBlobLength': {
    type: 'int',
    default: 100_000_000,
    min: 1,
    unit: 'bytes',
    doc: 'A longer file becomes several events, for BLOB.',
  },
  bufferMaxLineLength: {
    type: 'int',
    min: 1,
    unit: 'characters',
    doc: 'Deprecated name of `deserializer.maxLineLength`; wins over it.',
  },
});
