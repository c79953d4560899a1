import { defineOptions } from '#config/options';
import { checkJavaRegex } from '#std/java-regex';
import { checkCharset } from '../charset.js';

export const taildirOptions = defineOptions({
  filegroups: { type: 'list', required: true, doc: 'Names of the file groups.', importance: 'high' },
  groupPaths: {
    type: 'map',
    prefix: 'filegroups.',
    doc: '`filegroups.<name>`: absolute path whose last part is a Java regular expression that a file name has to match as a whole. The directory part is literal. What a file `*.gz` holds is read decompressed.',
  },
  positionFile: {
    type: 'string',
    doc: 'Where positions are kept, in Flume’s own JSON, so that an agent of Flume can go on there and this one after it. Default: `taildir_position.json` in the folder of this source. Where the channels are topics, the positions that count are kept with the events.',
  },
  headers: { type: 'map', doc: '`headers.<group>.<key>`: a header that every event of a group gets.' },
  batchSize: {
    type: 'int',
    default: 100,
    min: 1,
    unit: 'lines',
    doc: 'Lines handed to the channels at once. Where the channels are topics: as many as one read brings, up to 4096 at least.',
  },
  maxBatchCount: {
    type: 'long',
    doc: 'Batches read from one file before the others have their turn. Default: 4 MiB of them (Flume: no limit, so that a busy file keeps the others waiting).',
  },
  skipToEnd: {
    type: 'boolean',
    default: false,
    doc: 'Files that are there at the start and not in the position file are read from their end.',
  },
  idleTimeout: {
    type: 'long',
    default: 120_000,
    min: 0,
    unit: 'ms',
    doc: 'A file without news for so long is closed; a last line without line end is then taken as it is.',
  },
  writePosInterval: {
    type: 'long',
    default: 100,
    min: 1,
    unit: 'ms',
    doc: 'How often positions are written where they changed; what came since may come twice after a crash. Flume: 3000.',
  },
  fileHeader: { type: 'boolean', default: false, doc: 'Adds a header with the absolute path of the file.' },
  fileHeaderKey: { type: 'string', default: 'file', doc: 'Name of that header.' },
  byteOffsetHeader: {
    type: 'boolean',
    default: false,
    doc: 'Adds the header `byteoffset` with the place of the line in its file.',
  },
  cachePatternMatching: {
    type: 'boolean',
    default: true,
    doc: 'Lists a directory again only when it has changed.',
  },
  backoffSleepIncrement: {
    type: 'long',
    default: 100,
    min: 1,
    unit: 'ms',
    doc: 'Longer wait after each look without news.',
  },
  maxBackoffSleep: { type: 'long', default: 1000, min: 1, unit: 'ms', doc: 'Longest wait between two looks.' },
  lastLineTimeout: {
    type: 'long',
    min: 0,
    unit: 'ms',
    doc: 'A last line without line end is taken as it is when nothing has come for so long. Default: `idleTimeout`.',
  },
  recursiveDirectorySearch: {
    type: 'boolean',
    default: false,
    doc: 'Looks for files in the directories below too; those whose name begins with a dot are left out.',
  },
  maxOpenFiles: {
    type: 'int',
    default: 512,
    min: 1,
    unit: 'files',
    doc: 'Files held open at once; the one that was quiet longest is closed for another.',
  },
  charset: {
    type: 'string',
    check: checkCharset,
    doc: 'Charset of the files; lines go on as UTF-8, what is no character as U+FFFD. Default: bytes stay as they are.',
  },
  multiline: { type: 'boolean', default: false, doc: 'Several lines make one event, by the options below.' },
  multilinePattern: {
    type: 'string',
    default: '^\\s',
    check: checkJavaRegex,
    doc: 'Java regular expression that is looked for in each line.',
  },
  multilinePatternBelong: {
    type: 'string',
    values: ['previous', 'next'],
    default: 'previous',
    doc: 'Whether a line that matches belongs to the line before it or to the one after it.',
  },
  multilineMatched: {
    type: 'boolean',
    default: true,
    doc: 'False: the lines that do not match are those that belong to another.',
  },
  multilineEventTimeoutSeconds: {
    type: 'int',
    default: 5,
    min: 0,
    unit: 's',
    doc: 'An event that may go on is taken as it is when nothing has come for so long.',
  },
  multilineMaxLines: { type: 'int', default: 500, min: 1, unit: 'lines', doc: 'A longer event comes in pieces.' },
  multilineMaxBytes: {
    type: 'int',
    default: 3 * 1024 * 1024,
    min: 1,
    unit: 'bytes',
    doc: 'A larger event comes in pieces.',
  },
  maxLineBytes: {
    type: 'int',
    default: 16 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'A longer line is cut into several events. Flume knows no limit; a record that long fits in no topic.',
  },
});
