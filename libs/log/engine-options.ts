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
  'log.cache.bytes': {
    type: 'long',
    default: 67_108_864,
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
  'log.open.files': { type: 'int', default: 1000, min: 16, doc: 'Segment files that are open at one time.' },
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
