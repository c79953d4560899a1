/** What becomes of real records on their way into a sink: read without a group, taken through converters and transforms, written nowhere. */
import { resolveReferences } from '#config/references';
import { loadConnectorPlugins } from '#connectors/connector-plugins';
import { connectorSettings } from '#pipeline/connector-options';
import { createPreparation } from '#pipeline/converter-options';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { RecordsBatch } from '#pipeline/sink-reader';
import { FieldProblems } from '#nest/field-problems';
import { messageOf } from '#std/errors';
import { TopicReader } from '#topics/topic-reader';
import { hideUrls } from '../../connect/secrets.js';
import type { AdminParts } from '../../admin-parts.js';

type Config = Readonly<Record<string, string>>;

export interface PreviewPlace {
  /** Default: the first that the sink reads. */
  readonly topic?: string;
  /** Default: all of them. */
  readonly partition?: number;
  /** Default: so that the newest are shown. */
  readonly offset?: number;
  readonly count: number;
}

export interface PreviewedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: string | null;
  readonly before: RecordView;
  readonly outcome: 'delivered' | 'dropped' | 'failed';
  /** As the sink gets it; null where it does not. */
  readonly after: (RecordView & { readonly destination: string }) | null;
  readonly error: string | null;
}

interface RecordView {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

const readMsMax = 5_000;
const pollMs = 250;
const textLengthMax = 16_384;

export class SinkPreviews {
  constructor(
    private readonly parts: Pick<
      AdminParts,
      'cluster' | 'topics' | 'classes' | 'bootstrap' | 'environment' | 'clock' | 'logger'
    > &
      Pick<AdminParts, 'dataDirectory'>,
  ) {}

  /** Throws 422 for a config that cannot be tried here, and for a place that is not there. */
  async preview(given: Config, place: PreviewPlace): Promise<PreviewedRecord[]> {
    const { clock, logger, bootstrap, dataDirectory: stateDirectory } = this.parts;
    const config = this.configOf(given);
    const { bootstrap: elsewhere } = connectorSettings(config);
    if (elsewhere !== null)
      throw refusal('/config', `The sink reads from ${elsewhere}, and only topics here can be looked at`);
    const batches = await this.read(await this.placesOf(config, place), place.count);
    const preparation = createPreparation(config, await loadConnectorPlugins(config), { clock, logger, bootstrap });
    try {
      await preparation.start({ clock, logger, stateDirectory, count: () => undefined });
      const shown: PreviewedRecord[] = [];
      for (const batch of batches) {
        if (preparation.isEmpty) shown.push(...delivered(batch, batch));
        else {
          const { pieces } = await preparation.prepare(batch);
          const found = pieces.flatMap((piece) =>
            piece.kind === 'records' ? delivered(batch, piece.batch) : [failed(piece.batch, piece.failure.error)],
          );
          shown.push(...found, ...dropped(batch, new Set(found.map(({ offset }) => offset))));
        }
      }
      return shown.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset).slice(0, place.count);
    } finally {
      await preparation.stop();
    }
  }

  private configOf(given: Config): Config {
    try {
      const resolved = resolveReferences(given, this.parts.environment);
      const found = this.parts.classes.find(resolved['connector.class'] ?? '', resolved);
      return found?.own?.(resolved) ?? resolved;
    } catch (error) {
      throw refusal('/config', messageOf(error));
    }
  }

  private async placesOf(
    config: Config,
    place: PreviewPlace,
  ): Promise<{ topic: string; partition: number; offset: number }[]> {
    const { topics: named, pattern } = connectorSettings(config);
    const { topics } = this.parts;
    const listed =
      pattern === null
        ? named
        : (await topics.listTopics()).map(({ name }) => name).filter((name) => pattern.test(name));
    const topic = place.topic ?? listed[0];
    if (topic === undefined || (await topics.describeTopic(topic)) === null) {
      throw refusal('/topic', `There is no topic ${topic ?? 'that the sink reads'}`);
    }
    const [starts, ends] = await Promise.all([topics.offsets(topic, 'earliest'), topics.offsets(topic, 'latest')]);
    const places = ends.flatMap(({ partition, offset: end }) => {
      if (place.partition !== undefined && place.partition !== partition) return [];
      const start = starts.find((candidate) => candidate.partition === partition)?.offset ?? 0;
      const offset = place.offset ?? Math.max(start, end - place.count);
      return offset < end ? [{ topic, partition, offset: Math.max(start, offset) }] : [];
    });
    return places;
  }

  /** Up to `count` records; what is not there in time is left out. */
  private async read(
    partitions: readonly { topic: string; partition: number; offset: number }[],
    count: number,
  ): Promise<SinkBatch[]> {
    if (partitions.length === 0) return [];
    const { clock, cluster } = this.parts;
    const reader = new TopicReader(cluster, { partitions, partitionBytesMax: 1024 * 1024, bytesMax: 8 * 1024 * 1024 });
    const batches: SinkBatch[] = [];
    let read = 0;
    try {
      await reader.start();
      const deadline = clock.monotonic() + readMsMax;
      while (read < count && clock.monotonic() < deadline) {
        const polled = await reader.poll(pollMs);
        if (polled.length === 0 && read > 0) break;
        for (const { topic, partition, records } of polled) {
          const batch = new RecordsBatch(topic, partition, records);
          const part = batch.count > count - read ? batch.slice(0, count - read) : batch;
          if (part.count > 0) batches.push(part);
          read += part.count;
        }
      }
    } finally {
      await reader.stop();
    }
    return batches;
  }
}

function delivered(from: SinkBatch, batch: SinkBatch): PreviewedRecord[] {
  return indexes(batch).map((index) => {
    const at = indexes(from).find((candidate) => from.offset(candidate) === batch.offset(index)) ?? 0;
    const after = { ...viewOf(batch, index), destination: destinationTopic(batch) };
    return { ...placeOf(batch, index), before: viewOf(from, at), outcome: 'delivered', after, error: null };
  });
}

function dropped(batch: SinkBatch, found: ReadonlySet<number>): PreviewedRecord[] {
  return indexes(batch)
    .filter((index) => !found.has(batch.offset(index)))
    .map((index) => ({
      ...placeOf(batch, index),
      before: viewOf(batch, index),
      outcome: 'dropped',
      after: null,
      error: null,
    }));
}

function failed(batch: SinkBatch, error: unknown): PreviewedRecord {
  const text = hideUrls(messageOf(error));
  return { ...placeOf(batch, 0), before: viewOf(batch, 0), outcome: 'failed', after: null, error: text };
}

function placeOf(
  batch: SinkBatch,
  index: number,
): Pick<PreviewedRecord, 'topic' | 'partition' | 'offset' | 'timestamp'> {
  const ms = batch.timestamp(index);
  const timestamp = ms > 0 && ms < 8.64e15 ? new Date(ms).toISOString() : null;
  return { topic: batch.topic, partition: batch.partition, offset: batch.offset(index), timestamp };
}

function viewOf(batch: SinkBatch, index: number): RecordView {
  return {
    key: textOf(batch.key(index)),
    value: textOf(batch.value(index)),
    headers: batch.headers(index).map(({ key, value }) => ({ key, value: textOf(value) })),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** As text; what is none as `base64:…`. Long ones are cut. */
function textOf(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  const part = bytes.subarray(0, textLengthMax);
  try {
    return utf8.decode(part);
  } catch {
    return `base64:${part.toString('base64')}`;
  }
}

function indexes(batch: SinkBatch): number[] {
  return Array.from({ length: batch.count }, (_, index) => index);
}

function refusal(pointer: string, message: string): FieldProblems {
  return new FieldProblems(message, [{ pointer, code: 'preview', message }]);
}
