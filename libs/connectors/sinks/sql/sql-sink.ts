import { FencedSinkError } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import { messageOf, MillraceError } from '#std/errors';
import { OwnedEpochs } from './owned-epochs.js';
import { readRows } from './rows.js';
import type { SqlErrorClass } from './sql-errors.js';
import type { SqlSettings } from './sql-options.js';
import { tableOf } from './table-name.js';
import { TableWriter, type SqlColumn, type TableDialect } from './table-writer.js';

/** A row of the offset table. */
export interface StoredPosition {
  /** -1 = nothing of this partition was ever written. */
  readonly nextOffset: number;
  readonly ownerEpoch: number;
}

/** What a database brings to `SqlSink`. `C` is a connection. */
export interface SqlDatabase<C, Column extends SqlColumn> {
  /** For people: `PostgreSQL`. */
  readonly product: string;
  readonly tables: TableDialect<C, Column>;
  readonly offsets: OffsetTable<C>;
  /** `lost` is called when the connection ends by itself while nobody waits for it. */
  connect(context: SinkContext, lost: (error: Error) => void): Promise<C>;
  /** Never throws. */
  disconnect(client: C): Promise<void>;
  begin(client: C): Promise<void>;
  commit(client: C): Promise<void>;
  rollback(client: C): Promise<void>;
  /** Whether the server itself answered with this error, so that the connection can be used on. */
  isAnswer(error: unknown): boolean;
  classOf(error: unknown): SqlErrorClass;
  /** The error for the runner. `schemaSeen` = the table was looked at anew just before, so that another look will not help. */
  sinkError(what: string, error: unknown, schemaSeen: boolean): Error;
}

/**
 * Positions of a sink's partitions in its own database, one row each, moved in the transaction that writes the rows. A row has
 * one owner: whoever opened the partition last, by an epoch that only rises. Within a group partitions move between tasks whose
 * lease epochs can not be compared, so an opening takes the next epoch of the row, and at least its own lease's.
 */
export interface OffsetTable<C> {
  /** For people. */
  readonly name: string;
  ensure(client: C): Promise<void>;
  /** Takes the partition over from whoever had it. */
  claim(client: C, sink: string, at: TopicPartition, ownerEpoch: number): Promise<StoredPosition>;
  /** Locks the row for the transaction under way; null where it is gone. */
  lock(client: C, sink: string, at: TopicPartition): Promise<StoredPosition | null>;
  advance(client: C, sink: string, next: StoredOffset): Promise<void>;
  /** Sets a position from outside, -1 = none. Whoever owns the partition has lost it. */
  alter(client: C, sink: string, at: TopicPartition, nextOffset: number): Promise<void>;
}

/**
 * Rows in a relational database. A put is one transaction: it locks the partition's row in the offset table, leaves out what that says
 * is there, writes, and moves the row. So a record counts once whatever dies in between, and a task whose partition has another
 * owner writes nothing. Connects when it has to, and again after every lost connection.
 */
export class SqlSink<C, Column extends SqlColumn> implements Sink {
  private context: SinkContext | null = null;
  private client: C | null = null;
  private readonly epochs = new OwnedEpochs();
  private readonly writers = new Map<string, TableWriter<C, Column>>();
  /** Next offsets that the database has, of partitions that are open. */
  private readonly positions = new Map<string, StoredOffset>();

  constructor(
    private readonly database: SqlDatabase<C, Column>,
    private readonly settings: SqlSettings,
  ) {}

  async start(context: SinkContext): Promise<void> {
    this.context = context;
    await this.work('The offset table is not there', (client) => this.database.offsets.ensure(client));
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    const { name, ownerEpoch } = this.started();
    const stored: StoredOffset[] = [];
    await this.work('Partitions were not opened', async (client) => {
      for (const { topic, partition } of partitions) {
        const position = await this.database.offsets.claim(client, name, { topic, partition }, ownerEpoch);
        this.epochs.set({ topic, partition }, position.ownerEpoch);
        if (position.nextOffset >= 0) stored.push({ topic, partition, offset: position.nextOffset });
      }
    });
    return stored;
  }

  async put(batch: SinkBatch): Promise<void> {
    const { topic, partition } = batch;
    const writer = this.writerOf(destinationTopic(batch));
    // Read before the transaction: a record that is no row costs the database nothing.
    const change = readRows(batch, 0, this.settings);
    const next = { topic, partition, offset: batch.offset(batch.count - 1) + 1 };
    const remembered = writer.remembered;
    try {
      await this.connectedDo(async (client) => {
        if (change.truncate || change.deletes.length > 0 || change.groups.length > 0)
          await writer.prepare(client, change);
        await this.inTransaction(client, async () => {
          const position = await this.lock(client, next);
          if (position >= next.offset) return;
          const from = firstAtOrAfter(batch, position);
          await writer.write(client, from === 0 ? change : readRows(batch, from, this.settings));
          await this.database.offsets.advance(client, this.started().name, next);
        });
      });
    } catch (error) {
      if (this.database.classOf(error) === 'schema') writer.forget();
      throw this.database.sinkError(
        `${batch.count} records of ${topic}-${partition} were not written`,
        error,
        !remembered,
      );
    }
    this.positions.set(`${topic}-${partition}`, next);
  }

  /** Everything that was put is committed in the database already. */
  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.positions.values()]);
  }

  async skip(next: StoredOffset): Promise<void> {
    const { name } = this.started();
    await this.work('The position was not moved past a dead letter', (client) =>
      this.inTransaction(client, async () => {
        const position = await this.lock(client, next);
        if (position < next.offset) await this.database.offsets.advance(client, name, next);
      }),
    );
    this.positions.set(`${next.topic}-${next.partition}`, next);
  }

  /** Positions set from outside; see `SinkType.alterOffsets`. Needs no open partition. */
  async alter(positions: readonly (TopicPartition & { readonly offset: number | null })[]): Promise<void> {
    const { name } = this.started();
    await this.work('Positions were not changed', (client) =>
      this.inTransaction(client, async () => {
        for (const position of positions) {
          await this.database.offsets.alter(client, name, position, position.offset ?? -1);
        }
      }),
    );
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) {
      this.positions.delete(`${at.topic}-${at.partition}`);
      this.epochs.forget(at);
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = null;
    if (client !== null) await this.database.disconnect(client);
  }

  private started(): SinkContext {
    assert(this.context !== null, 'a sink is started before it is used');
    return this.context;
  }

  private writerOf(topic: string): TableWriter<C, Column> {
    let writer = this.writers.get(topic);
    if (writer === undefined) {
      writer = new TableWriter(this.database.tables, tableOf(topic, this.settings), this.settings);
      this.writers.set(topic, writer);
    }
    return writer;
  }

  /** The partition's position, locked for the transaction under way. Throws where it has another owner. */
  private async lock(client: C, at: TopicPartition): Promise<number> {
    const { name } = this.started();
    const { offsets } = this.database;
    const position = await offsets.lock(client, name, at);
    const epoch = this.epochs.get(at);
    if (position === null || position.ownerEpoch !== epoch) {
      const now = position === null ? 'its row is gone' : `its owner has epoch ${position.ownerEpoch}`;
      throw new FencedSinkError(
        `Sink ${name} no longer owns ${at.topic}-${at.partition} in ${offsets.name}: ${now}, this task has ${epoch ?? 'none'}`,
      );
    }
    return position.nextOffset;
  }

  private async work(what: string, task: (client: C) => Promise<void>): Promise<void> {
    try {
      await this.connectedDo(task);
    } catch (error) {
      throw this.database.sinkError(what, error, true);
    }
  }

  /** Runs `task` on the connection; one that failed on the way is given up. */
  private async connectedDo(task: (client: C) => Promise<void>): Promise<void> {
    try {
      await task(await this.connected());
    } catch (error) {
      if (!this.leavesConnection(error)) this.disconnect();
      throw error;
    }
  }

  private async connected(): Promise<C> {
    if (this.client !== null) return this.client;
    const context = this.started();
    let isLost = false;
    const client = await this.database.connect(context, (error) => {
      context.logger.warn(`The connection to ${this.database.product} was lost: ${messageOf(error)}`);
      isLost = true;
      if (this.client === client) this.client = null;
    });
    if (!isLost) this.client = client;
    return client;
  }

  private disconnect(): void {
    const client = this.client;
    this.client = null;
    if (client !== null) void this.database.disconnect(client);
  }

  private async inTransaction(client: C, work: () => Promise<void>): Promise<void> {
    await this.database.begin(client);
    try {
      await work();
    } catch (error) {
      // Elsewise the connection is given up, and takes its transaction along.
      if (this.leavesConnection(error)) await this.database.rollback(client);
      throw error;
    }
    await this.database.commit(client);
  }

  /** Whether the connection can be used after this error: the server answered, or the error is not of the database. */
  private leavesConnection(error: unknown): boolean {
    return error instanceof MillraceError || this.database.isAnswer(error);
  }
}

function firstAtOrAfter(batch: SinkBatch, offset: number): number {
  let index = 0;
  while (index < batch.count && batch.offset(index) < offset) index += 1;
  return index;
}
