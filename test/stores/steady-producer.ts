import type { Cluster } from '#topics/cluster';
import { TopicWriter } from '#topics/topic-writer';
import { sleep } from '../peers/child.js';
import { trialKey, trialValue } from './trial-records.js';

const chunk = 500;

/** Writes the records of a trial at a steady pace. */
export class SteadyProducer {
  /** Acknowledged so far. */
  written = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly topic: string,
  ) {}

  async run(records: number, recordsPerSecond: number): Promise<void> {
    const writer = new TopicWriter(this.cluster);
    const startedAt = performance.now();
    for (let from = 0; from < records; from += chunk) {
      const aheadMs = (from / recordsPerSecond) * 1000 - (performance.now() - startedAt);
      if (aheadMs > 0) await sleep(aheadMs);
      const to = Math.min(records, from + chunk);
      await writer.write(this.topic, columnsOf(from, to));
      this.written = to;
    }
    await writer.close();
  }
}

function columnsOf(from: number, to: number): Parameters<TopicWriter['write']>[1] {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  const values = numbers.map(trialValue);
  const ends = new Int32Array(values.length);
  values.reduce((end, value, index) => (ends[index] = end + value.length), 0);
  const starts = ends.map((end, index) => end - (values[index]?.length ?? 0));
  return {
    bytes: Buffer.concat(values),
    starts,
    ends,
    headers: new Map(),
    keys: numbers.map((n) => Buffer.from(trialKey(n))),
  };
}
