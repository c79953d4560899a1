import { destinationTopic, type RecordHeader, type SinkBatch } from '#pipeline/sink-batch';
import { ContentTally, type StoreComparison, type StoreReading, type VerifiedRange } from '#pipeline/store-reading';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import type { KafkaSinkSettings } from './options.js';
import { topicName } from './target-topics.js';

const sourcePrefix = '__source.';
const pollMs = 250;

/** Compares target topics with the records by key, value and headers; where provenance headers are on, those of the verified ranges alone. */
export class KafkaReading implements StoreReading {
  private readonly cluster: Cluster;
  private readonly tally = new ContentTally();
  private readonly targets = new Set<string>();

  constructor(
    private readonly settings: KafkaSinkSettings,
    private readonly scope: readonly VerifiedRange[],
  ) {
    const { bootstrap, clientId, security, requestTimeoutMs } = settings;
    this.cluster = new Cluster({
      bootstrap,
      clientId: clientId ?? 'millrace-verify',
      security,
      clock: systemClock,
      logger: silentLogger,
      requestTimeoutMs,
    });
  }

  expect(batch: SinkBatch): Promise<void> {
    this.targets.add(topicName(this.settings.topics.template, destinationTopic(batch)));
    for (let index = 0; index < batch.count; index += 1) {
      const { topic, partition } = batch;
      const content = contentOf(batch.key(index), batch.value(index), batch.headers(index));
      this.tally.expect(content, { topic, partition, offset: batch.offset(index) });
    }
    return Promise.resolve();
  }

  async compare(signal: AbortSignal): Promise<StoreComparison> {
    for (const target of this.targets) await this.read(target, signal);
    const names = [...this.targets].join(', ');
    const note = `Topic ${names} is compared as a whole: what others write there is unexpected.`;
    return this.tally.compare(`topic ${names}`, this.settings.provenance ? [] : [note]);
  }

  close(): Promise<void> {
    return this.cluster.close();
  }

  private async read(topic: string, signal: AbortSignal): Promise<void> {
    const ends = await new TopicAdmin(this.cluster).offsets(topic, 'latest');
    const open = new Map(ends.filter(({ offset }) => offset > 0).map(({ partition, offset }) => [partition, offset]));
    const partitions = [...open.keys()].map((partition) => ({ topic, partition }));
    const reader = new TopicReader(this.cluster, { partitions, isolation: 'read_committed' });
    await reader.start();
    try {
      while (open.size > 0) {
        signal.throwIfAborted();
        for (const { partition, records } of await reader.poll(pollMs)) {
          const end = open.get(partition) ?? 0;
          for (let index = 0; index < records.count && records.offset(index) < end; index += 1) {
            const headers = records.headers(index);
            if (this.isWithin(headers)) this.tally.find(contentOf(records.key(index), records.value(index), headers));
          }
        }
        for (const [partition, end] of open) {
          if ((reader.position({ topic, partition }) ?? -1) >= end) open.delete(partition);
        }
      }
    } finally {
      await reader.stop();
    }
  }

  private isWithin(headers: readonly RecordHeader[]): boolean {
    if (!this.settings.provenance) return true;
    const text = (name: string): string | undefined =>
      headers.findLast(({ key }) => key === sourcePrefix + name)?.value?.toString('utf8');
    const [topic, partition, offset] = [text('topic'), Number(text('partition')), Number(text('offset'))];
    return this.scope.some(
      (range) => range.topic === topic && range.partition === partition && offset >= range.from && offset < range.to,
    );
  }
}

/** Lengths before bytes, so that no two records look alike. */
function contentOf(key: Buffer | null, value: Buffer | null, headers: readonly RecordHeader[]): Buffer {
  const own = headers.filter((header) => !header.key.startsWith(sourcePrefix));
  const parts = [key, value, ...own.flatMap((header) => [Buffer.from(header.key), header.value])];
  const lengths = parts.map((part) => part?.length ?? -1).join(' ');
  return Buffer.concat([Buffer.from(`${lengths}\n`), ...parts.flatMap((part) => part ?? [])]);
}
