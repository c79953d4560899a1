import { silentLogger, type Logger } from '#std/log';
import { seededRandom } from '#std/random';
import type { SimulatedDisk } from '#std/simulated-disk';
import type { Codec, ProducerStamp } from '#wire/kafka/record-batch';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { decodeRecords } from '#wire/kafka/record-columns';
import type { AppendResult, FetchOptions, FetchResult, LogEngine, TopicCatalog } from '../engine.js';
import { LocalEngine } from '../local-engine.js';
import type { ManualClock } from './manual-clock.js';

export const logDirectory = '/data';

export interface EngineFixture {
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
  readonly catalog: TopicCatalog;
  readonly config?: Readonly<Record<string, string>>;
  readonly onFatal?: (reason: string) => void;
  readonly logger?: Logger;
  readonly seed?: number;
}

export async function openEngine(fixture: EngineFixture): Promise<LocalEngine> {
  const engine = new LocalEngine({
    directory: logDirectory,
    disk: fixture.disk,
    clock: fixture.clock,
    random: seededRandom(fixture.seed ?? 1),
    logger: fixture.logger ?? silentLogger,
    catalog: fixture.catalog,
    onFatal: fixture.onFatal ?? (() => undefined),
    // Without the reserve file: it would be most of what a simulated disk holds.
    config: { 'log.disk.reserve.bytes': '0', ...fixture.config },
  });
  await engine.open();
  return engine;
}

export interface BatchSpec {
  readonly timestampMs?: number;
  readonly producer?: ProducerStamp;
  readonly codec?: Codec;
}

/** A record batch with these values, their timestamps one ms apart. */
export function batchOf(values: readonly string[], spec: BatchSpec = {}): Buffer {
  return keyedBatchOf(
    values.map((value) => ({ key: null, value })),
    spec,
  );
}

export interface KeyedValue {
  readonly key: string | null;
  readonly value: string | null;
}

/** As `batchOf`, with keys. */
export function keyedBatchOf(records: readonly KeyedValue[], spec: BatchSpec = {}): Buffer {
  const builder = new RecordBatchBuilder({ bytesMax: 2 ** 30, codec: spec.codec ?? 'none' });
  for (const [index, { key, value }] of records.entries()) {
    const timestampMs = (spec.timestampMs ?? 1_700_000_000_000) + index;
    const bytes = value === null ? null : Buffer.from(value);
    builder.append({ key: key === null ? null : Buffer.from(key), value: bytes, headers: [], timestampMs });
  }
  return builder.build(spec.producer ?? null);
}

export async function appendOne(
  engine: LocalEngine,
  topicId: string,
  partition: number,
  batch: Buffer,
  acks: -1 | 0 | 1 = -1,
): Promise<AppendResult> {
  const [result] = await engine.append([{ topicId, partition, batch }], { acks });
  if (result === undefined) throw new Error('an append has one result an entry');
  return result;
}

export async function fetchOne(
  engine: Pick<LogEngine, 'fetch'>,
  topicId: string,
  partition: number,
  offset: number,
  options: Partial<FetchOptions> = {},
): Promise<FetchResult> {
  const maxBytes = options.maxBytes ?? 1_000_000;
  const [result] = await engine.fetch([{ topicId, partition, offset, maxBytes }], {
    minBytes: options.minBytes ?? 1,
    maxBytes,
    maxWaitMs: options.maxWaitMs ?? 0,
    isolation: options.isolation ?? 'read_uncommitted',
    signal: options.signal,
  });
  if (result === undefined) throw new Error('a fetch has one result a slice');
  return result;
}

/** Offset → value of all that the batches hold, apart from `aborted`. */
export function valuesIn(batches: readonly Buffer[], aborted: FetchResult['aborted'] = null): Map<number, string> {
  const values = new Map<number, string>();
  for (const bytes of aborted === null ? batches : [Buffer.concat(batches)]) {
    const records = decodeRecords(bytes, { abortedTransactions: aborted });
    for (let index = 0; index < records.count; index += 1) {
      values.set(records.offset(index), records.value(index)?.toString() ?? '');
    }
  }
  return values;
}

/** What a reader of committed records sees from `offset` on: offset → value, aborted records and markers left out. */
export async function readCommitted(
  engine: Pick<LogEngine, 'fetch' | 'listOffsets'>,
  topicId: string,
  partition: number,
  options: { from?: number; maxBytes?: number } = {},
): Promise<Map<number, string>> {
  const found = await readRecords(engine, topicId, partition, { from: 0, ...options, isolation: 'read_committed' });
  return new Map(found.map(({ offset, value }) => [offset, value ?? '']));
}

export interface ReadRecord extends KeyedValue {
  readonly offset: number;
  readonly timestamp: number;
}

/** Every record from `from` on (default: the log start), by fetches of `maxBytes`. */
export async function readRecords(
  engine: Pick<LogEngine, 'fetch' | 'listOffsets'>,
  topicId: string,
  partition: number,
  options: { from?: number; maxBytes?: number; isolation?: FetchOptions['isolation'] } = {},
): Promise<ReadRecord[]> {
  const [start] = await engine.listOffsets([{ topicId, partition, timestamp: -2 }]);
  const found: ReadRecord[] = [];
  for (let offset = options.from ?? start?.offset ?? 0; ;) {
    const { maxBytes = 1_000_000, isolation = 'read_uncommitted' } = options;
    const result = await fetchOne(engine, topicId, partition, offset, { maxBytes, isolation });
    if (result.error !== 'none') throw new Error(`fetch at ${offset}: ${result.error}`);
    if (result.batches.length === 0) return found;
    const records = decodeRecords(Buffer.concat(result.batches), {
      fromOffset: offset,
      abortedTransactions: result.aborted,
    });
    for (let index = 0; index < records.count; index += 1) {
      found.push({
        offset: records.offset(index),
        timestamp: records.timestamp(index),
        key: records.key(index)?.toString() ?? null,
        value: records.value(index)?.toString() ?? null,
      });
    }
    offset = records.nextOffset;
  }
}

/** Everything visible from log start to high watermark, by fetches of `maxBytes`. */
export async function readPartition(
  engine: LocalEngine,
  topicId: string,
  partition: number,
  maxBytes = 1_000_000,
): Promise<Map<number, string>> {
  const values = new Map<number, string>();
  const [start] = await engine.listOffsets([{ topicId, partition, timestamp: -2 }]);
  let offset = start?.offset ?? 0;
  for (;;) {
    const result = await fetchOne(engine, topicId, partition, offset, { maxBytes });
    if (result.error !== 'none') throw new Error(`fetch at ${offset}: ${result.error}`);
    if (result.batches.length === 0) return values;
    for (const [at, value] of valuesIn(result.batches)) if (at >= offset) values.set(at, value);
    offset = Math.max(...values.keys()) + 1;
  }
}
