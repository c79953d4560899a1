import pg from 'pg';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import { messageOf, MillraceError } from '#std/errors';
import { OffsetTable } from './offset-table.js';
import type { PostgresSettings } from './options.js';
import { readRows } from './rows.js';
import { classOfError, sinkErrorOf, sqlStateOf } from './sql-errors.js';
import { tableName } from './table.js';
import { TableWriter } from './table-writer.js';

const connectTimeoutMs = 10_000;

/**
 * Rows in PostgreSQL. A put is one transaction: it locks the partition's row in the offset table, leaves out what that says is
 * there, writes, and moves the row. So a record counts once whatever dies in between, and a task whose partition has another
 * owner writes nothing. Connects when it has to, and again after every lost connection.
 */
export class PostgresSink implements Sink {
  private context: SinkContext | null = null;
  private offsets: OffsetTable | null = null;
  private client: pg.Client | null = null;
  private readonly writers = new Map<string, TableWriter>();
  /** Next offsets that the database has, of partitions that are open. */
  private readonly positions = new Map<string, StoredOffset>();

  constructor(private readonly settings: PostgresSettings) {}

  async start(context: SinkContext): Promise<void> {
    this.context = context;
    this.offsets = new OffsetTable(this.settings.offsetsTable, context.name);
    const offsets = this.offsets;
    await this.work('The offset table is not there', (client) => offsets.ensure(client));
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    const { context, offsets } = this.started();
    const stored: StoredOffset[] = [];
    await this.work('Partitions were not opened', async (client) => {
      for (const { topic, partition } of partitions) {
        const offset = await offsets.claim(client, { topic, partition }, context.ownerEpoch);
        if (offset !== null) stored.push({ topic, partition, offset });
      }
    });
    return stored;
  }

  async put(batch: SinkBatch): Promise<void> {
    const { offsets } = this.started();
    const { topic, partition } = batch;
    const writer = this.writerOf(topic);
    // Read before the transaction: a record that is no row costs the database nothing.
    const change = readRows(batch, 0, this.settings);
    const next = { topic, partition, offset: batch.offset(batch.count - 1) + 1 };
    const remembered = writer.remembered;
    try {
      await this.connectedDo(async (client) => {
        // Rows and records match one to one where no key joined them.
        await writer.prepare(client, change, change.rows.length === batch.count);
        await inTransaction(client, async () => {
          const position = await offsets.lock(client, next);
          if (position >= next.offset) return;
          const from = firstAtOrAfter(batch, position);
          await writer.write(client, from === 0 ? change : readRows(batch, from, this.settings));
          await offsets.advance(client, next);
        });
      });
    } catch (error) {
      if (classOfError(error) === 'schema') writer.forget();
      throw sinkErrorOf(`${batch.count} records of ${topic}-${partition} were not written`, error, !remembered);
    }
    this.positions.set(`${topic}-${partition}`, next);
  }

  /** Everything that was put is committed in the database already. */
  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.positions.values()]);
  }

  async skip(next: StoredOffset): Promise<void> {
    const { offsets } = this.started();
    await this.work('The position was not moved past a dead letter', (client) =>
      inTransaction(client, async () => {
        const position = await offsets.lock(client, next);
        if (position < next.offset) await offsets.advance(client, next);
      }),
    );
    this.positions.set(`${next.topic}-${next.partition}`, next);
  }

  /** Positions set from outside; see `SinkType.alterOffsets`. Needs no open partition. */
  async alter(positions: readonly (TopicPartition & { readonly offset: number | null })[]): Promise<void> {
    const { offsets } = this.started();
    await this.work('Positions were not changed', (client) =>
      inTransaction(client, async () => {
        for (const position of positions) await offsets.alter(client, position, position.offset);
      }),
    );
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) {
      this.positions.delete(`${at.topic}-${at.partition}`);
      this.offsets?.forget(at);
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = null;
    if (client !== null) await client.end();
  }

  private started(): { context: SinkContext; offsets: OffsetTable } {
    assert(this.context !== null && this.offsets !== null, 'a sink is started before it is used');
    return { context: this.context, offsets: this.offsets };
  }

  private writerOf(topic: string): TableWriter {
    let writer = this.writers.get(topic);
    if (writer === undefined) {
      writer = new TableWriter(tableName(this.settings.tableFormat, topic), this.settings);
      this.writers.set(topic, writer);
    }
    return writer;
  }

  private async work(what: string, task: (client: pg.Client) => Promise<void>): Promise<void> {
    try {
      await this.connectedDo(task);
    } catch (error) {
      throw sinkErrorOf(what, error, true);
    }
  }

  /** Runs `task` on the connection; one that failed on the way is given up. */
  private async connectedDo(task: (client: pg.Client) => Promise<void>): Promise<void> {
    try {
      await task(await this.connected());
    } catch (error) {
      if (!leavesConnection(error)) this.disconnect();
      throw error;
    }
  }

  private async connected(): Promise<pg.Client> {
    if (this.client !== null) return this.client;
    const { context } = this.started();
    const client = new pg.Client({
      connectionString: this.settings.connectionString,
      application_name: `millrace-sink-${context.name}-${context.task}`,
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: this.settings.queryTimeoutMs,
      // The server ends a statement first; this one is for a server that is gone without a word.
      query_timeout: this.settings.queryTimeoutMs + 5000,
      keepAlive: true,
    });
    client.on('error', (error) => {
      context.logger.warn(`The connection to PostgreSQL was lost: ${messageOf(error)}`);
      if (this.client === client) this.client = null;
    });
    try {
      await client.connect();
    } catch (error) {
      await endQuietly(client);
      throw error;
    }
    this.client = client;
    return client;
  }

  private disconnect(): void {
    const client = this.client;
    this.client = null;
    if (client !== null) void endQuietly(client);
  }
}

async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
  } catch (error) {
    // Elsewise the connection is given up, and takes its transaction along.
    if (leavesConnection(error)) await client.query('ROLLBACK');
    throw error;
  }
  await client.query('COMMIT');
}

/** Whether the connection can be used after this error: the server answered, or the error is not of the database. */
function leavesConnection(error: unknown): boolean {
  return error instanceof MillraceError || sqlStateOf(error) !== null;
}

function firstAtOrAfter(batch: SinkBatch, offset: number): number {
  let index = 0;
  while (index < batch.count && batch.offset(index) < offset) index += 1;
  return index;
}

function endQuietly(client: pg.Client): Promise<void> {
  return client.end().catch(() => undefined);
}
