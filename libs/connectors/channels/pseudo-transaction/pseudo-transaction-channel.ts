import { defineOptions, requireOptions } from '#config/options';
import type { Channel, ComponentType } from '#pipeline/collector';
import { MemoryChannel } from '../memory/memory-channel.js';

const pseudoTransactionOptions = defineOptions({
  capacity: { type: 'int', default: 50, min: 1, unit: 'events', doc: 'Events held at most.' },
  'keep-alive': {
    type: 'int',
    default: 3,
    min: 0,
    unit: 's',
    doc: "Read for the sake of Flume's files; a take waits by itself, and a put for as long as it must.",
  },
});

/** Longer than any process runs, ms. */
const foreverMs = Number.MAX_SAFE_INTEGER;

/**
 * Flume's channel for tests. A put waits without end for room, event by event, so a batch may go in by halves. Unlike Flume's, a take
 * that fails is rolled back.
 */
export const pseudoTransactionChannel: ComponentType<Channel> = {
  name: 'pseudotxnmemory',
  classNames: ['org.apache.flume.channel.PseudoTxnMemoryChannel'],
  doc: 'A small channel in memory without transactions for puts, which wait for room without end. For tests.',
  options: pseudoTransactionOptions,
  create({ name, options }) {
    const { capacity } = requireOptions(`channel ${name}`, pseudoTransactionOptions, options);
    return new MemoryChannel(name, {
      capacity,
      transactionCapacity: capacity,
      keepAliveMs: foreverMs,
      byteLimit: Number.MAX_SAFE_INTEGER,
      isPutInPieces: true,
    });
  },
};
