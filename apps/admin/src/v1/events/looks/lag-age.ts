/** How old the first record is that a group has not committed: read from the log, a few a second, the newest answers kept. */
import type { Clock } from '#std/clock';
import type { Cluster } from '#topics/cluster';
import type { TopicPartition } from '#topics/consumer-protocol';
import { apis } from '#wire/kafka/apis';
import { decodeRecords } from '#wire/kafka/record-columns';

interface Known {
  readonly offset: number;
  /** Of the record, ms since 1970; -1: it has none, or could not be read. */
  readonly timestamp: number;
  usedMs: number;
}

interface Wanted extends TopicPartition {
  readonly offset: number;
}

const fetchesPerSecondMax = 4;
const waitingMax = 1_000;
const keptMs = 60_000;
const batchBytesMax = 64 * 1024;
/** A version that names topics by their names. */
const fetchVersionMax = 12;

export class LagAge {
  private readonly known = new Map<string, Known>();
  private readonly waiting = new Map<string, Wanted>();
  private isReading = false;
  private budgetAtMs = 0;

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
  ) {}

  /** Seconds, as known now; null while not. What is not known is looked up for the next time. `key` tells who is behind there. */
  secondsBehind(key: string, { topic, partition, offset }: Wanted): number | null {
    const known = this.known.get(key);
    if (known?.offset !== offset && this.waiting.size < waitingMax) {
      this.waiting.set(key, { topic, partition, offset });
      void this.readSome();
    }
    if (known === undefined) return null;
    known.usedMs = this.clock.monotonic();
    return known.timestamp < 0 ? null : Math.max(0, Math.round((this.clock.now() - known.timestamp) / 1000));
  }

  private async readSome(): Promise<void> {
    const nowMs = this.clock.monotonic();
    if (this.isReading || nowMs - this.budgetAtMs < 900) return;
    this.isReading = true;
    this.budgetAtMs = nowMs;
    for (const [key, { usedMs }] of this.known) if (nowMs - usedMs > keptMs) this.known.delete(key);
    const some = [...this.waiting].slice(0, fetchesPerSecondMax);
    for (const [key, wanted] of some) {
      this.waiting.delete(key);
      const timestamp = await timestampAt(this.cluster, wanted).catch(() => -1);
      this.known.set(key, { offset: wanted.offset, timestamp, usedMs: this.clock.monotonic() });
    }
    this.isReading = false;
  }
}

/** Of the first record at or after the offset, ms since 1970; -1: there is none, or it has none. */
export async function timestampAt(cluster: Cluster, { topic, partition, offset }: Wanted): Promise<number> {
  const { partitions } = await cluster.topic(topic);
  const node = partitions[partition]?.leader ?? -1;
  if (node < 0) return -1;
  const asked = { partition, fetchOffset: offset, partitionMaxBytes: batchBytesMax };
  const answer = await cluster.request(
    { node },
    apis.fetch,
    {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: batchBytesMax,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [{ topic, partitions: [asked] }],
    },
    { lane: 'live', versionMax: fetchVersionMax },
  );
  const [fetched] = answer.responses[0]?.partitions ?? [];
  if (fetched === undefined || fetched.records === null || fetched.records.length === 0) return -1;
  const records = decodeRecords(fetched.records, { fromOffset: offset, abortedTransactions: null });
  return records.count === 0 ? -1 : records.timestamp(0);
}
