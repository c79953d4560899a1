import { userInfo } from 'node:os';
import { FatalSinkError, PoisonRecordError, RefusedRecordsError, type RecordRefusal } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import { HBaseClient } from '#wire/hbase/hbase-client';
import { mutationBytes, type Mutation } from '#wire/hbase/mutation';
import { HBaseStore, type HBaseTables } from './hbase-store.js';
import type { HBaseSettings } from './options.js';
import { RecordRows } from './record-rows.js';

/** Of mutations in one round of calls. A larger one goes alone. */
const callBytesMax = 4 * 1024 * 1024;

interface TopicTable {
  readonly store: HBaseStore;
  readonly rows: RecordRows;
  /** Whether the table was looked at. */
  isChecked: boolean;
}

/**
 * Rows of records in HBase. A record that is written again is the same version of the same cells, so nothing but the group's offsets has to be
 * remembered: those follow what HBase has acknowledged, which is in its write-ahead log then.
 */
export class HBaseSink implements Sink {
  readonly parallelPartitions = true;
  private readonly tables = new Map<string, TopicTable>();
  private readonly written = new Map<string, StoredOffset>();
  private context: SinkContext | null = null;
  private client: HBaseTables | null = null;

  constructor(
    private readonly settings: HBaseSettings,
    private readonly connectTo: (settings: HBaseSettings) => HBaseTables = connect,
  ) {}

  start(context: SinkContext): Promise<void> {
    this.context = context;
    this.client = this.connectTo(this.settings);
    return Promise.resolve();
  }

  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const table = this.tableOf(destinationTopic(batch));
    if (!table.isChecked) {
      await requireTable(table, this.settings);
      table.isChecked = true;
    }
    const { mutations, records, refusals } = table.rows.read(batch);
    const all = [...refusals];
    for (let from = 0; from < mutations.length;) {
      const to = partEnd(mutations, from);
      all.push(...(await this.write(table.store, mutations.slice(from, to), records.slice(from, to))));
      from = to;
    }
    await this.countRecords(table.store, mutations.length);
    const { topic, partition } = batch;
    const offset = batch.offset(batch.count - 1) + 1;
    if (all.length > 0) throw new RefusedRecordsError(all.toSorted((left, right) => left.index - right.index));
    this.written.set(keyOf(batch), { topic, partition, offset });
  }

  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.written.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.written.delete(keyOf(partition));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.client?.close();
    this.client = null;
    this.tables.clear();
    return Promise.resolve();
  }

  /** Gives what HBase refuses, by place in the batch. */
  private async write(
    store: HBaseStore,
    mutations: readonly Mutation[],
    records: readonly number[],
  ): Promise<readonly RecordRefusal[]> {
    try {
      const refusals = await store.mutateEach(mutations);
      return refusals.map(({ index, message }) => ({ index: records[index] ?? 0, message }));
    } catch (error) {
      if (!(error instanceof PoisonRecordError)) throw error;
      const only = mutations.length === 1 ? (records[0] ?? null) : null;
      throw new PoisonRecordError(error.message, only, { cause: error });
    }
  }

  /** Flume's counter of the Simple serializer. */
  private async countRecords(store: HBaseStore, count: number): Promise<void> {
    const { incrementColumn, incrementRow } = this.settings.simple;
    if (incrementColumn === null || count === 0) return;
    const value = Buffer.alloc(8);
    value.writeBigInt64BE(BigInt(count));
    const family = Buffer.from(this.settings.familyFormat ?? '');
    const cells = [{ family, qualifier: Buffer.from(incrementColumn), value }];
    await store.mutateEach([{ kind: 'increment', row: Buffer.from(incrementRow), cells, durable: true }]);
  }

  private tableOf(topic: string): TopicTable {
    let table = this.tables.get(topic);
    if (table === undefined) {
      assert(this.client !== null && this.context !== null, 'a sink is started before it is used');
      table = topicTable(this.settings, topic, this.client, this.context);
      this.tables.set(topic, table);
    }
    return table;
  }
}

export function connect(settings: HBaseSettings, timeoutMs = settings.timeoutMs): HBaseClient {
  return new HBaseClient({
    zooKeepers: settings.zooKeepers,
    znodeParent: settings.znodeParent,
    user: settings.user ?? userInfo().username,
    connectTimeoutMs: Math.min(timeoutMs, connectMsMax),
    callTimeoutMs: timeoutMs,
  });
}

const connectMsMax = 10_000;

export function topicTable(
  settings: HBaseSettings,
  topic: string,
  client: HBaseTables,
  { clock }: Pick<SinkContext, 'clock'>,
): TopicTable {
  const name = settings.tableFormat.replaceAll('${topic}', topic);
  return { store: new HBaseStore(client, name), rows: new RecordRows(settings, topic, clock), isChecked: false };
}

/** Throws a FatalSinkError where the table, a family, or what a family does with versions will not do. */
export async function requireTable({ store, rows }: TopicTable, settings: HBaseSettings): Promise<void> {
  const families = await store.requireFamilies(rows.familyNames);
  const mortal = families.find(({ ttlSeconds }) => ttlSeconds !== null);
  if (settings.timestamp !== 'offset' || mortal === undefined) return;
  throw new FatalSinkError(
    `The column family ${mortal.name} keeps cells for ${mortal.ttlSeconds} s by their timestamps, and cell.timestamp=offset gives them none that ` +
      'are times: they would be gone at once. Set cell.timestamp=record.',
  );
}

function partEnd(mutations: readonly Mutation[], from: number): number {
  let bytes = 0;
  let to = from;
  for (; to < mutations.length; to += 1) {
    const mutation = mutations[to];
    if (mutation !== undefined) bytes += mutationBytes(mutation);
    if (bytes > callBytesMax && to > from) break;
  }
  return to;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition}@${topic}`;
}
