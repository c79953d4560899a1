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

  /** Everything at this pace; but the last fifth at a fiftieth of it until `isEnough`, so that there is work for as long as it takes. */
  async run(records: number, recordsPerSecond: number, isEnough: () => boolean = () => true): Promise<void> {
    const writer = new TopicWriter(this.cluster);
    const reserve = Math.floor(records * 0.8);
    const [slowChunk, slowMs] = [Math.max(1, Math.floor(recordsPerSecond / 50)), 1000];
    let startedAt = performance.now();
    while (this.written < records) {
      const isSlow = this.written >= reserve && !isEnough();
      if (isSlow) await sleep(slowMs);
      else {
        const aheadMs = (this.written / recordsPerSecond) * 1000 - (performance.now() - startedAt);
        if (aheadMs > 0) await sleep(aheadMs);
      }
      const to = Math.min(records, this.written + (isSlow ? slowChunk : chunk));
      await writer.write(this.topic, columnsOf(this.written, to));
      this.written = to;
      // The pace goes on from here.
      if (isSlow) startedAt = performance.now() - (to / recordsPerSecond) * 1000;
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
