import { defineOptions } from '#config/options';

export const taildirOptions = defineOptions({
  filegroups: { type: 'list', required: true, doc: 'Names of the file groups.', importance: 'high' },
  groupPaths: {
    type: 'map',
    prefix: 'filegroups.',
    doc: '`filegroups.<name>`: absolute path whose last part is a regular expression that a file name has to match as a whole. The directory part is literal.',
  },
  positionFile: {
    type: 'string',
    doc: 'Where positions are kept, in Flume’s own JSON. Default: `taildir_position.json` in the folder of this source.',
  },
  headers: { type: 'map', doc: '`headers.<group>.<key>`: a header that every event of a group gets.' },
  batchSize: { type: 'int', default: 100, min: 1, unit: 'lines', doc: 'Lines handed to the channels at once.' },
  maxBatchCount: {
    type: 'long',
    doc: 'Batches read from one file before the others have their turn. Default: no limit.',
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
  maxLineBytes: {
    type: 'int',
    default: 16 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'A longer line is cut into several events. Flume knows no limit; a record that long fits in no topic.',
  },
});
