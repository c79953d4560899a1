import { defineOptions } from '#config/options';

/** Settings of the local engine, with Kafka's names where Kafka has them. */
export const engineOptions = defineOptions({
  'flush.ms': {
    type: 'int',
    default: 50,
    min: 0,
    unit: 'ms',
    doc: 'What acks=1 and 0 wrote is made durable, and seen by readers, at most so much later. acks=all never waits for it.',
  },
  'log.dirs': {
    type: 'list',
    default: [],
    doc: 'Further data directories beside the main one, as absolute paths, each best on a disk of its own. A new partition goes where the fewest are. One whose disk fails answers storage errors, and the others go on. In Kafka it names all of them.',
    check: (value: readonly string[]) => dataDirectoriesProblem(value),
  },
  'log.disk.budget.bytes': {
    type: 'long',
    min: 1,
    unit: 'bytes',
    doc: 'What the segments of all partitions may take together. At 90 % a warning is logged; at 100 % records are refused with an error on which clients try again, until retention or a deletion makes room. Default: no limit. Not a setting of Kafka.',
  },
  'log.disk.min.free.bytes': {
    type: 'long',
    min: 0,
    unit: 'bytes',
    doc: 'Room that is kept free on the disk of each data directory: with less, records are refused as over the budget, while reading, commits of offsets, retention and deletion go on. Default: 2147483648, or 5 % of a disk where that is less. Not a setting of Kafka.',
  },
  'log.disk.reserve.bytes': {
    type: 'int',
    default: 16_777_216,
    min: 0,
    unit: 'bytes',
    doc: 'Size of a file in each data directory that is given up when others have filled the disk to the last byte, so that offsets can still be committed. Not a setting of Kafka.',
  },
  'log.cache.bytes': {
    type: 'long',
    default: 33_554_432,
    min: 0,
    unit: 'bytes',
    doc: 'Memory for the batches appended last, of all partitions, from which consumers at the tail are served.',
  },
  'log.index.cache.bytes': {
    type: 'long',
    default: 33_554_432,
    min: 0,
    unit: 'bytes',
    doc: 'Memory for the indexes of closed segments.',
  },
  'log.open.files': {
    type: 'int',
    default: 1000,
    min: 16,
    doc: 'Segment files that are open at one time. One that is written takes two handles.',
  },
  'log.commits.in.flight': {
    type: 'int',
    default: 8,
    min: 1,
    doc: 'Partitions that write and sync at one time. More than the worker threads of the process gain nothing.',
  },
  'producer.id.expiration.ms': {
    type: 'long',
    default: 86_400_000,
    min: 1,
    unit: 'ms',
    doc: 'The sequence numbers of an idempotent producer are forgotten when it wrote nothing for so long.',
  },
  'log.cleaner.dedupe.buffer.size': {
    type: 'long',
    default: 33_554_432,
    min: 1024,
    unit: 'bytes',
    doc: 'Memory for the keys of the one partition that is compacted at a time, 24 bytes a key. Where they need more, the partition is compacted in parts.',
  },
  'log.checkpoint.ms': {
    type: 'long',
    default: 60_000,
    min: 1,
    unit: 'ms',
    doc: 'How often marks are written up to which the log need not be read after a crash.',
  },
  'log.checkpoint.bytes': {
    type: 'long',
    default: 268_435_456,
    min: 1,
    unit: 'bytes',
    doc: 'Marks are also written when so much was appended since the last time: it bounds what a start after a crash reads.',
  },
});

/** Each an absolute path, and none inside another: a path then belongs to one of them. */
function dataDirectoriesProblem(paths: readonly string[]): string | null {
  for (const [index, path] of paths.entries()) {
    if (!path.startsWith('/')) return `"${path}" must be an absolute path`;
    const isInside = paths.some((other, at) => at !== index && `${path}/`.startsWith(`${other}/`));
    if (isInside) return `"${path}" is named twice, or lies inside another one`;
  }
  return null;
}
