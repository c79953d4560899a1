import type { TopicPartition } from '#pipeline/sink';
import { literal, quoted, type ClickHouseClient } from './clickhouse-client.js';

/** The block of a partition that was begun last, and who began it. */
export interface BlockState {
  readonly ownerEpoch: number;
  /** First offset of the block, -1 = nothing was ever written. */
  readonly first: number;
  /** The offset behind it; the same as `first` where nothing is under way. */
  readonly next: number;
}

/** Versions of one owner; an epoch's are above all of the epoch before. */
const versionsPerEpoch = 1_000_000_000;

/**
 * Bounds of blocks, written before the block itself. A row replaces the one before by a version that rises with the owner's epoch, so that what
 * an owner writes late that has lost the partition does not count.
 */
export class BlockTable {
  private readonly name: string;
  private readonly versions = new Map<string, number>();

  constructor(
    private readonly client: ClickHouseClient,
    table: string,
    private readonly sink: string,
  ) {
    this.name = quoted(table);
  }

  async ensure(): Promise<void> {
    await this.client.run(
      `CREATE TABLE IF NOT EXISTS ${this.name} (sink String, topic String, partition Int32, version Int64, owner_epoch Int64,
         first_offset Int64, next_offset Int64, updated_at DateTime64(3) DEFAULT now64(3))
       ENGINE = ReplacingMergeTree(version) ORDER BY (sink, topic, partition)`,
    );
  }

  async read(at: TopicPartition): Promise<BlockState | null> {
    const rows = await this.client.rows(
      `SELECT toInt64(owner_epoch), toInt64(first_offset), toInt64(next_offset) FROM ${this.name}
        WHERE sink = ${literal(this.sink)} AND topic = ${literal(at.topic)} AND partition = ${at.partition}
        ORDER BY version DESC LIMIT 1 FORMAT JSONCompactEachRow`,
    );
    const [row] = rows;
    if (row === undefined) return null;
    // Numbers of 64 bits may come as text.
    const [ownerEpoch = 0, first = -1, next = -1] = row.map(Number);
    return { ownerEpoch, first, next };
  }

  async write(at: TopicPartition, { ownerEpoch, first, next }: BlockState): Promise<void> {
    const key = `${at.topic}-${at.partition}`;
    const base = ownerEpoch * versionsPerEpoch;
    const version = Math.max(base, this.versions.get(key) ?? 0) + 1;
    this.versions.set(key, version);
    await this.client.run(
      `INSERT INTO ${this.name} (sink, topic, partition, version, owner_epoch, first_offset, next_offset) ` +
        `SETTINGS async_insert = 0, insert_deduplicate = 0 VALUES (${literal(this.sink)}, ${literal(at.topic)}, ${at.partition}, ` +
        `${version}, ${ownerEpoch}, ${first}, ${next})`,
    );
  }
}
