import { FatalSinkError, RefusedRecordsError, type RecordRefusal } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import { connectCassandra, type CassandraClient } from './cassandra-client.js';
import { cassandraErrorOf, cassandraMessage, classOfCassandraError } from './cassandra-errors.js';
import type { CassandraSettings } from './options.js';
import { NoRowError, RowReader, type RowWrite } from './row-reader.js';
import { planOf, tableOf, type TablePlan, type TableShape } from './table-plan.js';
import { requestsOf, type WriteRequest } from './write-requests.js';

const connectTimeoutMs = 10_000;

/**
 * Rows in Cassandra. Each row carries a write timestamp that follows from its record, so that writes may arrive in any order and more than
 * once, also from a worker that was thought dead, and the row is the same: of two values of a column the one of the later record stays.
 * Rows of one partition of the table go together; requests go to a node that has the row, many at a time.
 */
export class CassandraSink implements Sink {
  private context: SinkContext | null = null;
  private client: CassandraClient | null = null;
  private readonly plans = new Map<string, readonly TablePlan[]>();
  /** Next offsets below which the cluster has everything. */
  private readonly positions = new Map<string, StoredOffset>();

  constructor(
    private readonly settings: CassandraSettings,
    private readonly connect: typeof connectCassandra = connectCassandra,
  ) {}

  async start(context: SinkContext): Promise<void> {
    this.context = context;
    await this.connected();
  }

  /** The cluster keeps no positions: the group's count. */
  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const client = await this.connected();
    const topic = destinationTopic(batch);
    const known = this.plans.get(topic);
    const plans = known ?? (await this.lookUp(client, topic));
    const refusals = new Map<number, string>();
    const requests = requestsOf(this.readRows(batch, plans, refusals), this.settings);
    try {
      await this.send(client, requests, refusals);
    } catch (error) {
      if (classOfCassandraError(error) === 'schema') this.plans.delete(topic);
      const what = `${batch.count} records of ${batch.topic}-${batch.partition} were not written to ${plans.map(({ table }) => table).join(', ')}`;
      throw cassandraErrorOf(what, error, known === undefined);
    }
    const { partition, count } = batch;
    const next = { topic: batch.topic, partition, offset: batch.offset(count - 1) + 1 };
    this.positions.set(`${next.topic}-${partition}`, next);
    if (refusals.size > 0) throw refused(batch, refusals);
  }

  /** Everything that was put is acknowledged at the consistency level asked for. */
  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.positions.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { topic, partition } of partitions) this.positions.delete(`${topic}-${partition}`);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = null;
    this.plans.clear();
    await client?.shutdown();
  }

  /** After the first connection the driver comes back to the nodes by itself. */
  private async connected(): Promise<CassandraClient> {
    assert(this.context !== null, 'a sink is started before it is used');
    if (this.client !== null) return this.client;
    try {
      this.client = await this.connect(this.settings, connectTimeoutMs);
    } catch (error) {
      throw cassandraErrorOf(`Cassandra at ${this.settings.contactPoints.join(', ')} was not reached`, error, true);
    }
    return this.client;
  }

  private async lookUp(client: CassandraClient, topic: string): Promise<readonly TablePlan[]> {
    const named = this.settings.rules.filter((rule) => rule.topic === topic);
    const rules = named.length > 0 ? named : this.settings.rules.filter((rule) => rule.topic === null);
    if (rules.length === 0) {
      throw new FatalSinkError(
        `Topic ${topic} has no table: set keyspace, or topic.${topic}.<keyspace>.<table>.mapping`,
      );
    }
    const plans: TablePlan[] = [];
    for (const rule of rules) {
      const name = tableOf(rule, topic);
      const result = planOf(rule, name, await this.shapeOf(client, rule.keyspace, name));
      if ('problem' in result) throw new FatalSinkError(`Topic ${topic} can not be written: ${result.problem}`);
      plans.push(result.plan);
    }
    this.plans.set(topic, plans);
    return plans;
  }

  private async shapeOf(client: CassandraClient, keyspace: string, table: string): Promise<TableShape | null> {
    try {
      return await client.metadata.getTable(keyspace, table);
    } catch (error) {
      throw cassandraErrorOf(`Table ${keyspace}.${table} was not looked up`, error, true);
    }
  }

  private readRows(
    batch: SinkBatch,
    plans: readonly TablePlan[],
    refusals: Map<number, string>,
  ): { plan: TablePlan; rows: RowWrite[] }[] {
    const reader = new RowReader(batch, this.settings);
    const writes = plans.map((plan) => ({ plan, rows: [] as RowWrite[] }));
    for (let index = 0; index < batch.count; index += 1) {
      try {
        // All rows of a record or none.
        const rows = plans.map((plan) => reader.read(index, plan));
        rows.forEach((row, at) => writes[at]?.rows.push(row));
      } catch (error) {
        if (!(error instanceof NoRowError)) throw error;
        refusals.set(index, error.message);
      }
    }
    return writes;
  }

  /** Sends all requests, a bounded number at a time. What the cluster refuses in a batch is sent again row by row. */
  private async send(client: CassandraClient, requests: WriteRequest[], refusals: Map<number, string>): Promise<void> {
    let next = 0;
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      while (next < requests.length && failures.length === 0) {
        const request = requests[next];
        next += 1;
        if (request === undefined) return;
        try {
          await execute(client, request);
        } catch (error) {
          if (classOfCassandraError(error) !== 'refused') failures.push(error);
          else if (request.rows.length > 1) requests.push(...request.rows.map((row) => ({ ...request, rows: [row] })));
          else for (const { index } of request.rows) refusals.set(index, cassandraMessage(error));
        }
      }
    };
    const workers = Math.min(this.settings.requestsMax, requests.length);
    await Promise.all(Array.from({ length: workers }, work));
    if (failures.length > 0) throw failures[0];
  }
}

async function execute(client: CassandraClient, { plan, rows }: WriteRequest): Promise<void> {
  const [first] = rows;
  assert(first !== undefined, 'a request has a row');
  const { consistency, query } = plan.rule;
  const options = { prepare: true, consistency, isIdempotent: true };
  if (rows.length > 1) {
    const queries = rows.map((row) => ({ query: row.query, params: row.parameters }));
    await client.batch(queries, { ...options, logged: false });
  } else if (query !== null) {
    await client.execute(first.query, first.parameters, { ...options, timestamp: first.timestampUs });
  } else await client.execute(first.query, first.parameters, options);
}

function refused(batch: SinkBatch, refusals: ReadonlyMap<number, string>): RefusedRecordsError {
  const list: RecordRefusal[] = [...refusals]
    .sort(([a], [b]) => a - b)
    .map(([index, why]) => ({
      index,
      message: `Record ${batch.topic}-${batch.partition} offset ${batch.offset(index)} was not written: ${why}`,
    }));
  return new RefusedRecordsError(list);
}
