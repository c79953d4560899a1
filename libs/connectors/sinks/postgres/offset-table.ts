import type pg from 'pg';
import { FencedSinkError } from '#pipeline/errors';
import type { StoredOffset, TopicPartition } from '#pipeline/sink';
import { quotedTable, tableName, type TableName } from './table.js';

/** A position that is not there yet: nothing of this partition was ever written. */
const none = -1;

/**
 * Positions of a sink's partitions in its own database, one row each, moved in the transaction that writes the rows. A row has
 * one owner: whoever opened the partition last, by an epoch that only rises. Within a group partitions move between tasks whose
 * lease epochs can not be compared, so an opening takes the next epoch of the row, and at least its own lease's.
 */
export class OffsetTable {
  private readonly table: TableName;
  /** The epoch with which this task owns each partition. */
  private readonly epochs = new Map<string, number>();

  constructor(
    name: string,
    private readonly sink: string,
  ) {
    this.table = tableName(name, '');
  }

  async ensure(client: pg.Client): Promise<void> {
    const sql = quotedTable(this.table);
    const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [sql]);
    if (rows[0]?.there === true) return;
    await client.query('BEGIN');
    try {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`millrace ${sql}`]);
      await client.query(
        `CREATE TABLE IF NOT EXISTS ${sql} (
           sink text NOT NULL,
           topic text NOT NULL,
           partition integer NOT NULL,
           next_offset bigint NOT NULL,
           owner_epoch bigint NOT NULL,
           updated_at timestamptz NOT NULL DEFAULT now(),
           PRIMARY KEY (sink, topic, partition))`,
      );
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    }
  }

  /** Takes the partition over from whoever had it. Gives its position, null where there is none yet. */
  async claim(client: pg.Client, at: TopicPartition, ownerEpoch: number): Promise<number | null> {
    const sql = quotedTable(this.table);
    const { rows } = await client.query<{ next_offset: string; owner_epoch: string }>(
      `INSERT INTO ${sql} AS o (sink, topic, partition, next_offset, owner_epoch) VALUES ($1, $2, $3, ${none}, $4)
         ON CONFLICT (sink, topic, partition)
         DO UPDATE SET owner_epoch = greatest(o.owner_epoch + 1, excluded.owner_epoch), updated_at = now()
       RETURNING next_offset, owner_epoch`,
      [this.sink, at.topic, at.partition, ownerEpoch],
    );
    const nextOffset = Number(rows[0]?.next_offset ?? none);
    this.epochs.set(keyOf(at), Number(rows[0]?.owner_epoch ?? ownerEpoch));
    return nextOffset === none ? null : nextOffset;
  }

  /** Locks the partition for the transaction under way. Gives its position, -1 for none. Throws where it has another owner. */
  async lock(client: pg.Client, at: TopicPartition): Promise<number> {
    const sql = quotedTable(this.table);
    const { rows } = await client.query<{ next_offset: string; owner_epoch: string }>(
      `SELECT next_offset, owner_epoch FROM ${sql} WHERE sink = $1 AND topic = $2 AND partition = $3 FOR UPDATE`,
      [this.sink, at.topic, at.partition],
    );
    const row = rows[0];
    const epoch = this.epochs.get(keyOf(at));
    if (row === undefined || Number(row.owner_epoch) !== epoch) {
      const now = row === undefined ? 'its row is gone' : `its owner has epoch ${row.owner_epoch}`;
      throw new FencedSinkError(
        `Sink ${this.sink} no longer owns ${at.topic}-${at.partition} in ${sql}: ${now}, this task has ${epoch ?? 'none'}`,
      );
    }
    return Number(row.next_offset);
  }

  async advance(client: pg.Client, next: StoredOffset): Promise<void> {
    await client.query(
      `UPDATE ${quotedTable(this.table)} SET next_offset = $4, updated_at = now()
        WHERE sink = $1 AND topic = $2 AND partition = $3`,
      [this.sink, next.topic, next.partition, next.offset],
    );
  }

  /** Sets a position from outside, null = none. Whoever owns the partition has lost it. */
  async alter(client: pg.Client, at: TopicPartition, offset: number | null): Promise<void> {
    await client.query(
      `INSERT INTO ${quotedTable(this.table)} AS o (sink, topic, partition, next_offset, owner_epoch) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT (sink, topic, partition)
         DO UPDATE SET next_offset = excluded.next_offset, owner_epoch = o.owner_epoch + 1, updated_at = now()`,
      [this.sink, at.topic, at.partition, offset ?? none],
    );
  }

  forget(at: TopicPartition): void {
    this.epochs.delete(keyOf(at));
  }
}

function keyOf(at: TopicPartition): string {
  return `${at.topic}-${at.partition}`;
}
