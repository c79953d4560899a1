import type { StoredOffset, TopicPartition } from '#pipeline/sink';
import type { OffsetTable, StoredPosition } from '../sql/sql-sink.js';
import { tableName, type TableName } from '../sql/table-name.js';
import type { MysqlConnection } from './mysql-connection.js';
import { quotedTable, underTableLock } from './tables.js';

interface PositionRow {
  readonly nextOffset: string | number;
  readonly ownerEpoch: string | number;
}

const atKey = 'sink = ? AND topic = ? AND `partition` = ?';

/** The offset table in MySQL or MariaDB. */
export class MysqlOffsets implements OffsetTable<MysqlConnection> {
  readonly name: string;
  private readonly table: TableName;

  constructor(name: string) {
    this.table = tableName(name, '');
    this.name = quotedTable(this.table);
  }

  async ensure(client: MysqlConnection): Promise<void> {
    const present = await client.query(
      'SELECT 1 AS present FROM information_schema.TABLES WHERE TABLE_SCHEMA = COALESCE(?, DATABASE()) AND TABLE_NAME = ?',
      [this.table.schema, this.table.name],
    );
    if (present.length > 0) return;
    await underTableLock(client, this.name, async () => {
      await client.query(
        `CREATE TABLE IF NOT EXISTS ${this.name} (
           sink varchar(255) NOT NULL,
           topic varchar(255) NOT NULL,
           \`partition\` int NOT NULL,
           next_offset bigint NOT NULL,
           owner_epoch bigint NOT NULL,
           updated_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
           PRIMARY KEY (sink, topic, \`partition\`)
         ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE ${client.exactCollation}`,
      );
    });
  }

  async claim(client: MysqlConnection, sink: string, at: TopicPartition, ownerEpoch: number): Promise<StoredPosition> {
    await client.query('START TRANSACTION');
    try {
      await client.query(
        `INSERT INTO ${this.name} (sink, topic, \`partition\`, next_offset, owner_epoch) VALUES (?, ?, ?, -1, ?)
           ON DUPLICATE KEY UPDATE owner_epoch = GREATEST(owner_epoch + 1, VALUES(owner_epoch))`,
        [sink, at.topic, at.partition, ownerEpoch],
      );
      const position = await this.lock(client, sink, at);
      await client.query('COMMIT');
      return position ?? { nextOffset: -1, ownerEpoch };
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  async lock(client: MysqlConnection, sink: string, at: TopicPartition): Promise<StoredPosition | null> {
    const rows = await client.query<PositionRow>(
      `SELECT next_offset AS nextOffset, owner_epoch AS ownerEpoch FROM ${this.name} WHERE ${atKey} FOR UPDATE`,
      [sink, at.topic, at.partition],
    );
    const row = rows[0];
    return row === undefined ? null : { nextOffset: Number(row.nextOffset), ownerEpoch: Number(row.ownerEpoch) };
  }

  async advance(client: MysqlConnection, sink: string, { topic, partition, offset }: StoredOffset): Promise<void> {
    await client.query(`UPDATE ${this.name} SET next_offset = ? WHERE ${atKey}`, [offset, sink, topic, partition]);
  }

  async alter(client: MysqlConnection, sink: string, at: TopicPartition, nextOffset: number): Promise<void> {
    await client.query(
      `INSERT INTO ${this.name} (sink, topic, \`partition\`, next_offset, owner_epoch) VALUES (?, ?, ?, ?, 0)
         ON DUPLICATE KEY UPDATE next_offset = VALUES(next_offset), owner_epoch = owner_epoch + 1`,
      [sink, at.topic, at.partition, nextOffset],
    );
  }
}
