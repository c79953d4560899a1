import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentContext, ComponentInput, ComponentType } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { HBaseClient } from '#wire/hbase/hbase-client';
import type { Mutation } from '#wire/hbase/mutation';
import { HBaseStore } from '../../sinks/hbase/hbase-store.js';
import { RegexRows, SimpleRows, type RowSerializer } from './event-rows.js';
import {
  checkHBase,
  hbaseOptions,
  hbasePlace,
  hbaseValues,
  regexOptions,
  serializerOf,
  simpleOptions,
  type HBaseValues,
} from './hbase-options.js';

/** How long one write tries by itself, ms. It has the same row keys each time, which the channel's next try would not. */
const retryMsMax = 20_000;
const retryStepMs = 250;
const one = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]);

/**
 * Rows of events in HBase: puts first, then increments, as Flume. A try after a failure writes the same rows again, and its increments carry the
 * numbers of the first try, so that a server that had done them does not count twice.
 */
class HBaseSink implements ChannelSink {
  readonly batchSize: number;
  private context: ComponentContext | null = null;
  private store: HBaseStore | null = null;
  private readonly nonceGroup = nonce();
  private stopping = new AbortController();

  constructor(
    private readonly values: HBaseValues,
    private readonly rows: RowSerializer,
    private readonly connect: () => HBaseStore,
  ) {
    this.batchSize = values.batchSize;
  }

  async start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.stopping = new AbortController();
    this.store?.close();
    this.store = this.connect();
    await this.store.requireFamily(this.values.columnFamily);
    context.count('ConnectionCreatedCount', 1);
  }

  stop(): Promise<void> {
    this.stopping.abort();
    this.store?.close();
    this.store = null;
    return Promise.resolve();
  }

  async write(batch: EventBatch): Promise<void> {
    const { context, store } = this;
    if (context === null || store === null) throw new Error('The hbase sink is not started.');
    const { puts, increments, putEvents, passedOver } = this.serialize(batch);
    if (passedOver > 0) context.count('EventsNotMatched', passedOver);
    const deadline = context.clock.monotonic() + retryMsMax;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.put(store, puts, putEvents);
        await store.mutate(increments, this.nonceGroup);
        return;
      } catch (error) {
        const delayMs = retryStepMs * 2 ** Math.min(tries - 1, 4);
        const isLate = context.clock.monotonic() + delayMs > deadline || this.stopping.signal.aborted;
        if (!(error instanceof RetriableSinkError) || isLate) throw error;
        context.count('ConnectionFailedCount', 1);
        await context.clock.sleep(delayMs, this.stopping.signal);
      }
    }
  }

  /** A put that HBase refuses is told by its event. */
  private async put(store: HBaseStore, puts: readonly Mutation[], events: readonly number[]): Promise<void> {
    try {
      await store.mutate(puts, this.nonceGroup);
    } catch (error) {
      if (!(error instanceof PoisonRecordError)) throw error;
      const index = error.index === null ? null : (events[error.index] ?? null);
      throw new PoisonRecordError(error.message, index, { cause: error });
    }
  }

  private serialize(batch: EventBatch): SerializedRows {
    const { enableWal: durable, columnFamily, coalesceIncrements } = this.values;
    const family = Buffer.from(columnFamily);
    const puts: Mutation[] = [];
    const putEvents: number[] = [];
    const counted = new Map<string, { row: Buffer; qualifier: Buffer; count: number }>();
    let passedOver = 0;
    for (let index = 0; index < batch.count; index += 1) {
      const row = this.rows.rowOf(batch, index);
      if (row === null) passedOver += 1;
      else if (row.put !== null) {
        putEvents.push(index);
        puts.push({
          kind: 'put',
          row: row.put.row,
          cells: row.put.cells.map((cell) => ({ family, ...cell })),
          durable,
        });
      }
      if (row?.increment === undefined || row.increment === null) continue;
      const { row: key, qualifier } = row.increment;
      const id = coalesceIncrements ? `${key.toString('hex')}/${qualifier.toString('hex')}` : String(index);
      const known = counted.get(id);
      if (known === undefined) counted.set(id, { row: key, qualifier, count: 1 });
      else known.count += 1;
    }
    const increments = [...counted.values()].map(({ row, qualifier, count }): Mutation => {
      const value = count === 1 ? one : eightBytes(count);
      return { kind: 'increment', row, cells: [{ family, qualifier, value }], durable, nonce: nonce() };
    });
    return { puts, increments, putEvents, passedOver };
  }
}

interface SerializedRows {
  readonly puts: readonly Mutation[];
  readonly increments: readonly Mutation[];
  /** Which event each put is of. */
  readonly putEvents: readonly number[];
  /** Events that gave nothing. */
  readonly passedOver: number;
}

function eightBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

/** 0 means none to HBase. */
function nonce(): bigint {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | 1n;
}

function createSink(input: ComponentInput): HBaseSink {
  const values = hbaseValues(input.name, input.options);
  const { clock } = input.services;
  const rows: RowSerializer =
    serializerOf(values) === 'regex'
      ? new RegexRows(regexOptions(values), clock)
      : new SimpleRows(simpleOptions(values), clock);
  const connect = (): HBaseStore =>
    new HBaseStore(
      new HBaseClient({
        ...hbasePlace(values, process.env),
        user: values.user ?? process.env['HADOOP_USER_NAME'] ?? userInfo().username,
        callTimeoutMs: values.timeout,
      }),
      values.table,
    );
  return new HBaseSink(values, rows, connect);
}

function hbaseType(name: string, classNames: readonly string[]): ComponentType<ChannelSink> {
  return {
    name,
    classNames,
    doc:
      "Writes events to an HBase table with Flume's Simple and Regex serializers, over HBase's own protocol (2.x): neither Hadoop libraries " +
      'nor a gateway are needed. hbase, hbase2 and asynchbase are the same here.',
    options: hbaseOptions,
    batchSizeOption: 'batchSize',
    check: (options) => checkHBase(hbaseValues(name, options)),
    create: createSink,
    createTask(input) {
      const deadLetterTopic = hbaseValues(input.name, input.options)['errors.deadletterqueue.topic.name'];
      return deadLetterTopic === null ? null : { sink: channelSinkAsTask(createSink(input)), deadLetterTopic };
    },
  };
}

export const hbase2Sink = hbaseType('hbase2', ['org.apache.flume.sink.hbase2.HBase2Sink']);
export const hbaseSink = hbaseType('hbase', ['org.apache.flume.sink.hbase.HBaseSink']);
export const asyncHbaseSink = hbaseType('asynchbase', ['org.apache.flume.sink.hbase.AsyncHBaseSink']);
