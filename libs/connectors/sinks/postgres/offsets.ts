import type pg from 'pg';
import type { StoredOffset, TopicPartition } from '#pipeline/sink';
import type { OffsetTable, StoredPosition } from '../sql/sql-sink.js';
import { tableName } from '../sql/table-name.js';
import { quotedTable, underTableLock } from './tables.js';

interface PositionRow {
  readonly next_offset: string;
  readonly owner_epoch: string;
}

/** The offset table in PostgreSQL. */
export class PostgresOffsets implements OffsetTable<pg.Client> {
  readonly name: string;

  constructor(name: string) {
    this.name = quotedTable(tableName(name, ''));
  }

  async ensure(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [this.name]);
    if (rows[0]?.there === true) return;
    await underTableLock(client, this.name, async () => {
      await client.query(
        `CREATE TABLE IF NOT EXISTS ${this.name} (
           sink text NOT NULL,
           topic text NOT NULL,
           partition integer NOT NULL,
           next_offset bigint NOT NULL,
           owner_epoch bigint NOT NULL,
           updated_at timestamptz NOT NULL DEFAULT now(),
           PRIMARY KEY (sink, topic, partition))`,
      );
    });
  }

  async claim(client: pg.Client, sink: string, at: TopicPartition, ownerEpoch: number): Promise<StoredPosition> {
    const { rows } = await client.query<PositionRow>(
      `INSERT INTO ${this.name} AS o (sink, topic, partition, next_offset, owner_epoch) VALUES ($1, $2, $3, -1, $4)
         ON CONFLICT (sink, topic, partition)
         DO UPDATE SET owner_epoch = greatest(o.owner_epoch + 1, excluded.owner_epoch), updated_at = now()
       RETURNING next_offset, owner_epoch`,
      [sink, at.topic, at.partition, ownerEpoch],
    );
    return positionOf(rows[0]) ?? { nextOffset: -1, ownerEpoch };
  }

  async lock(client: pg.Client, sink: string, at: TopicPartition): Promise<StoredPosition | null> {
    const { rows } = await client.query<PositionRow>(
      `SELECT next_offset, owner_epoch FROM ${this.name} WHERE sink = $1 AND topic = $2 AND partition = $3 FOR UPDATE`,
      [sink, at.topic, at.partition],
    );
    return positionOf(rows[0]);
  }

  async advance(client: pg.Client, sink: string, next: StoredOffset): Promise<void> {
    await client.query(
      `UPDATE ${this.name} SET next_offset = $4, updated_at = now() WHERE sink = $1 AND topic = $2 AND partition = $3`,
      [sink, next.topic, next.partition, next.offset],
    );
  }

  async alter(client: pg.Client, sink: string, at: TopicPartition, nextOffset: number): Promise<void> {
    await client.query(
      `INSERT INTO ${this.name} AS o (sink, topic, partition, next_offset, owner_epoch) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT (sink, topic, partition)
         DO UPDATE SET next_offset = excluded.next_offset, owner_epoch = o.owner_epoch + 1, updated_at = now()`,
      [sink, at.topic, at.partition, nextOffset],
    );
  }
}

function positionOf(row: PositionRow | undefined): StoredPosition | null {
  return row === undefined ? null : { nextOffset: Number(row.next_offset), ownerEpoch: Number(row.owner_epoch) };
}
