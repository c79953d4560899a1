/**
 * Where sources have got to, in a compacted topic that many sources share (KIP-618 keeps Kafka Connect's there too). The key of a
 * record is the JSON of [owner, source, key of the position], its value the position; a null value forgets it. They are written
 * in the transactions that hold the events.
 */
import { kafkaError } from '#wire/kafka/error-codes';
import { MillraceError, type ErrorKind } from '#std/errors';
import type { Cluster } from '#topics/cluster';
import { TopicsError } from '#topics/errors';
import { listOffsets } from '#topics/offset-lookup';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import type { WriteColumns } from '#topics/topic-writer';
import type { PositionChanges } from '#pipeline/collector';

export const positionErrors = {
  notCompacted: { code: 'pipeline.positions.not-compacted', retriable: false },
  unread: { code: 'pipeline.positions.unread', retriable: true },
} satisfies Record<string, ErrorKind>;

export interface PositionTopicOptions {
  readonly topic: string;
  /** The collector's name: two with the same one are the same. */
  readonly owner: string;
  readonly source: string;
}

const partitions = 8;
const configs = {
  'cleanup.policy': 'compact',
  // Each transaction adds records, and only closed segments are compacted: what a start has to read stays small.
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
};
/** Positions that are only placed, and markers, wake nobody. */
const pollMs = 20;
/** Longer than a transaction of any other source may be open. */
const readMsMax = 120_000;

export class PositionTopic {
  private readonly prefix: string;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: PositionTopicOptions,
  ) {
    this.prefix = `${JSON.stringify([options.owner, options.source]).slice(0, -1)},`;
  }

  /** Makes the topic where it is not there. Rejects where it would not keep positions for ever. */
  async prepare(): Promise<void> {
    const { topic } = this.options;
    const admin = new TopicAdmin(this.cluster);
    if ((await admin.describeTopic(topic)) === null) {
      await admin.createTopic({ name: topic, partitions, configs }).catch((error: unknown) => {
        // Another source was faster.
        if (!(error instanceof TopicsError) || error.kafkaCode !== kafkaError.TOPIC_ALREADY_EXISTS) throw error;
      });
      return;
    }
    const policy = (await admin.describeConfigs(topic)).find((config) => config.name === 'cleanup.policy')?.value;
    if (policy !== undefined && policy !== null && policy !== 'compact') {
      throw new MillraceError(
        positionErrors.notCompacted,
        `Topic ${topic} has cleanup.policy=${policy}, so positions in it would be lost. Set it to compact, or name another topic.`,
      );
    }
  }

  /**
   * The positions as of the last committed transaction. Reads to the end that the topic has now, for which transactions of other sources
   * may have to end first: at most two minutes.
   */
  async read(): Promise<Map<string, string>> {
    const { topic } = this.options;
    const { clock } = this.cluster;
    const deadline = clock.monotonic() + readMsMax;
    const { partitions: all } = await this.cluster.topic(topic);
    const questions = all.map(({ partition }) => ({ topic, partition, at: 'latest' as const }));
    const ends = await this.cluster.attempt(readMsMax, () => listOffsets(this.cluster, questions));
    const found = new Map<string, string>();
    const reader = new TopicReader(this.cluster, { partitions: questions, isolation: 'read_committed' });
    await reader.start();
    try {
      while (ends.some((end) => (reader.position(end) ?? -1) < end.offset)) {
        if (clock.monotonic() > deadline) {
          throw new MillraceError(
            positionErrors.unread,
            `Positions in ${topic} could not be read to their end within ${readMsMax / 1000} s: a transaction there does not end.`,
          );
        }
        for (const { records } of await reader.poll(pollMs)) {
          for (let index = 0; index < records.count; index += 1) {
            this.absorb(found, records.key(index)?.toString() ?? '', records.value(index));
          }
        }
      }
    } finally {
      await reader.stop();
    }
    return found;
  }

  /** What a write of these positions is; forgotten ones are left out. */
  columnsOf(moved: PositionChanges): WriteColumns | null {
    const kept = [...moved].filter((entry): entry is [string, string] => entry[1] !== null);
    if (kept.length === 0) return null;
    const values = kept.map(([, position]) => Buffer.from(position));
    const starts = new Int32Array(kept.length);
    const ends = new Int32Array(kept.length);
    let at = 0;
    for (const [index, value] of values.entries()) {
      starts[index] = at;
      at += value.length;
      ends[index] = at;
    }
    return {
      bytes: Buffer.concat(values),
      starts,
      ends,
      headers: new Map(),
      keys: kept.map(([key]) => this.keyOf(key)),
    };
  }

  keyOf(key: string): Buffer {
    return Buffer.from(`${this.prefix}${JSON.stringify(key)}]`);
  }

  private absorb(into: Map<string, string>, recordKey: string, value: Buffer | null): void {
    if (!recordKey.startsWith(this.prefix)) return;
    const [, , key]: unknown[] = JSON.parse(recordKey) as unknown[];
    if (typeof key !== 'string') return;
    if (value === null) into.delete(key);
    else into.set(key, value.toString());
  }
}
