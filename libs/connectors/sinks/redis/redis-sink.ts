import {
  FatalSinkError,
  FencedSinkError,
  PoisonRecordError,
  RefusedRecordsError,
  RetriableSinkError,
  type RecordRefusal,
} from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import { messageOf } from '#std/errors';
import type { RedisSinkSettings } from './options.js';
import { alterScript, claimScript, positionKey, skipScript, writeAnswers, writeScript } from './position-keys.js';
import { callsOf, NoCommandError, type RedisArgument, type RedisCall } from './record-commands.js';
import { connectRedis, type RedisClient } from './redis-client.js';
import { classOfRedisError, classOfReply, redisErrorOf, redisMessage } from './redis-errors.js';

/** A partition that this task owns in Redis. */
interface OwnedPartition {
  readonly epoch: string;
  /** What Redis has; null before the first record. */
  next: number | null;
}

/** The calls of one record. */
interface RecordCalls {
  readonly index: number;
  readonly offset: number;
  readonly calls: readonly RedisCall[];
}

/** Bytes of one step; a script that takes longer holds all of Redis up. */
const stepBytesMax = 4 * 1024 * 1024;

/**
 * Records in Redis. Guarded, a script writes them and moves the partition's position in one step, after it has seen that the partition still
 * has this owner and this position: so a record counts once whatever dies, and where Redis itself went back (a failover, a log that was not
 * synced) the sink goes back with it. Otherwise records go out in pipelines, and after a crash some go out again.
 */
export class RedisSink implements Sink {
  private context: SinkContext | null = null;
  private client: RedisClient | null = null;
  private readonly owned = new Map<string, OwnedPartition>();
  private readonly positions = new Map<string, StoredOffset>();

  constructor(private readonly settings: RedisSinkSettings) {}

  async start(context: SinkContext): Promise<void> {
    this.context = context;
    await this.work('Redis was not reached', () => Promise.resolve());
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    if (!this.settings.guarded) return [];
    const { ownerEpoch } = this.started();
    const stored: StoredOffset[] = [];
    await this.work('Partitions were not opened', async (client) => {
      for (const { topic, partition } of partitions) {
        const key = this.keyOf({ topic, partition });
        const answer = await run(client, claimScript, key, [String(ownerEpoch)]);
        const [epoch = '', next = ''] = answer;
        this.owned.set(nameOf({ topic, partition }), { epoch, next: next === '' ? null : Number(next) });
        if (next !== '') stored.push({ topic, partition, offset: Number(next) });
      }
    });
    return stored;
  }

  async put(batch: SinkBatch): Promise<void> {
    const { topic, partition, count } = batch;
    const next = { topic, partition, offset: batch.offset(count - 1) + 1 };
    const what = `${count} records of ${topic}-${partition} were not written`;
    if (this.settings.guarded) await this.work(what, (client) => this.putGuarded(client, batch, next));
    else await this.work(what, (client) => this.putPlain(client, batch, next));
  }

  /** Everything that was put is in Redis. */
  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.positions.values()]);
  }

  async skip(next: StoredOffset): Promise<void> {
    if (this.settings.guarded) {
      const owner = this.ownerOf(next);
      await this.work('The position was not moved past a dead letter', async (client) => {
        const answer = await run(client, skipScript, this.keyOf(next), [owner.epoch, String(next.offset)]);
        this.mustOwn(answer, next);
      });
      owner.next = Math.max(owner.next ?? 0, next.offset);
    }
    this.positions.set(nameOf(next), next);
  }

  /** Positions set from outside; see `SinkType.alterOffsets`. Needs no open partition. */
  async alter(positions: readonly (TopicPartition & { readonly offset: number | null })[]): Promise<void> {
    await this.work('Positions were not changed', async (client) => {
      for (const position of positions) {
        await run(client, alterScript, this.keyOf(position), [String(position.offset ?? '')]);
      }
    });
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) {
      this.positions.delete(nameOf(at));
      this.owned.delete(nameOf(at));
    }
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.client?.disconnect();
    this.client = null;
    return Promise.resolve();
  }

  private async putGuarded(client: RedisClient, batch: SinkBatch, next: StoredOffset): Promise<void> {
    const owner = this.ownerOf(batch);
    let records: RecordCalls[] = [];
    let bytes = 0;
    const step = async (after: number): Promise<void> => {
      if (records.length > 0) await this.writeStep(client, batch, owner, records, after);
      [records, bytes] = [[], 0];
    };
    for (let index = 0; index < batch.count; index += 1) {
      const offset = batch.offset(index);
      // There already: written before a record that was refused, or by an answer that got lost.
      if (owner.next !== null && offset < owner.next) continue;
      if (records.length >= this.settings.recordsPerStepMax || bytes >= stepBytesMax) await step(offset);
      try {
        records.push({ index, offset, calls: callsOf(batch, index, this.settings) });
      } catch (error) {
        if (!(error instanceof NoCommandError)) throw error;
        // What comes before it is written: the runner puts that again, and it is passed over.
        await step(offset);
        throw new PoisonRecordError(refusalText(batch, index, error.message), index);
      }
      bytes += (batch.value(index)?.length ?? 0) + (batch.key(index)?.length ?? 0);
    }
    await step(next.offset);
    await this.waitForReplicas(client);
    this.positions.set(nameOf(next), next);
  }

  private async writeStep(
    client: RedisClient,
    batch: SinkBatch,
    owner: OwnedPartition,
    records: readonly RecordCalls[],
    after: number,
  ): Promise<void> {
    const words: RedisArgument[] = [owner.epoch, String(owner.next ?? ''), String(after)];
    for (const { offset, calls } of records) {
      for (const call of calls) {
        words.push(String(offset), String(call.length));
        for (const word of call) words.push(word);
      }
    }
    const answer = await run(client, writeScript, this.keyOf(batch), words);
    this.mustOwn(answer, batch);
    if (answer[0] !== writeAnswers.refused) {
      owner.next = after;
      return;
    }
    const [, refusedAt = '', why = ''] = answer;
    owner.next = Number(refusedAt);
    const record = records.find(({ offset }) => offset === owner.next);
    assert(record !== undefined, 'a refused record is one of its step');
    const message = refusalText(batch, record.index, why);
    switch (classOfReply(why)) {
      case 'fatal':
        throw new FatalSinkError(message);
      case 'retriable':
        throw new RetriableSinkError(message);
      case 'refused':
      case 'unknown':
        throw new PoisonRecordError(message, record.index);
    }
  }

  /** Where the position is not as this task left it, Redis went back, or somebody else wrote: the runner opens the partition anew. */
  private mustOwn(answer: readonly string[], { topic, partition }: TopicPartition): void {
    const [outcome, now = ''] = answer;
    if (outcome !== writeAnswers.fenced && outcome !== writeAnswers.moved) return;
    const owner = this.ownerOf({ topic, partition });
    const why =
      outcome === writeAnswers.fenced
        ? `its owner there has epoch ${now || 'none'}, this task has ${owner.epoch}`
        : `its position there is ${now || 'none'}, this task left it at ${owner.next ?? 'none'}: Redis has lost the last writes`;
    throw new FencedSinkError(`Sink ${this.started().name} does not own ${topic}-${partition} in Redis: ${why}`);
  }

  private async putPlain(client: RedisClient, batch: SinkBatch, next: StoredOffset): Promise<void> {
    const refusals = new Map<number, string>();
    for (let from = 0; from < batch.count; from += this.settings.recordsPerStepMax) {
      const to = Math.min(batch.count, from + this.settings.recordsPerStepMax);
      await this.pipeline(client, batch, { from, to }, refusals);
    }
    await this.waitForReplicas(client);
    this.positions.set(nameOf(next), next);
    if (refusals.size === 0) return;
    const list: RecordRefusal[] = [...refusals].map(([index, why]) => ({
      index,
      message: refusalText(batch, index, why),
    }));
    throw new RefusedRecordsError(list);
  }

  private async pipeline(
    client: RedisClient,
    batch: SinkBatch,
    range: { readonly from: number; readonly to: number },
    refusals: Map<number, string>,
  ): Promise<void> {
    const answers: Promise<void>[] = [];
    const failures: unknown[] = [];
    const call = async (index: number, [command = '', ...words]: RedisCall): Promise<void> => {
      try {
        await client.call(String(command), ...words);
      } catch (error) {
        if (classOfRedisError(error) === 'refused') refusals.set(index, redisMessage(error));
        else failures.push(error);
      }
    };
    for (let index = range.from; index < range.to; index += 1) {
      try {
        for (const words of callsOf(batch, index, this.settings)) answers.push(call(index, words));
      } catch (error) {
        if (!(error instanceof NoCommandError)) throw error;
        refusals.set(index, error.message);
      }
    }
    await Promise.all(answers);
    if (failures.length > 0) throw failures[0];
  }

  private async waitForReplicas(client: RedisClient): Promise<void> {
    const { replicas, replicasTimeoutMs, mode } = this.settings;
    if (replicas === 0 || mode === 'Cluster') return;
    const answered = Number(await client.call('WAIT', String(replicas), String(replicasTimeoutMs)));
    if (answered < replicas) {
      throw new RetriableSinkError(`${answered} of ${replicas} replicas had the records after ${replicasTimeoutMs} ms`);
    }
  }

  private keyOf(at: TopicPartition): string {
    const { key, positionPrefix, mode } = this.settings;
    const tag = mode === 'Cluster' ? key.fixedTag(at.topic, at.partition) : null;
    return positionKey(positionPrefix, this.started().name, at, tag);
  }

  private ownerOf(at: TopicPartition): OwnedPartition {
    const owner = this.owned.get(nameOf(at));
    assert(owner !== undefined, 'a partition is opened before records are put');
    return owner;
  }

  private started(): SinkContext {
    assert(this.context !== null, 'a sink is started before it is used');
    return this.context;
  }

  /** Runs `task` on the connection; one that failed on the way is given up. */
  private async work(what: string, task: (client: RedisClient) => Promise<void>): Promise<void> {
    try {
      await task(await this.connected());
    } catch (error) {
      if (classOfRedisError(error) !== 'refused') this.drop();
      throw redisErrorOf(what, error);
    }
  }

  private async connected(): Promise<RedisClient> {
    if (this.client !== null) return this.client;
    const { logger } = this.started();
    const client = await connectRedis(this.settings, (error) => {
      if (this.client !== client) return;
      this.client = null;
      logger.warn(`The connection to Redis was lost: ${messageOf(error)}`);
    });
    this.client = client;
    return client;
  }

  private drop(): void {
    const client = this.client;
    this.client = null;
    client?.disconnect();
  }
}

async function run(
  client: RedisClient,
  script: string,
  key: string,
  words: readonly RedisArgument[],
): Promise<readonly string[]> {
  const answer: unknown = await client.call('EVAL', [script, '1', key, ...words]);
  assert(Array.isArray(answer), 'the scripts of the sink answer with arrays');
  return answer.map(String);
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

function refusalText(batch: SinkBatch, index: number, why: string): string {
  return `Record ${batch.topic}-${batch.partition} offset ${batch.offset(index)} was not written to Redis: ${why}`;
}
