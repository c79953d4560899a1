/**
 * Encoded batches in a table of PostgreSQL, a row a batch. One session owns a channel, by an advisory lock, and does everything: so
 * whoever has lost the lock cannot write any more, and positions are given out in memory. Puts and trims that are under way at the same
 * time share one statement, which is one transaction and one sync.
 */
import type pg from 'pg';
import { GroupCommit } from '#log/group-commit';
import { MillraceError, messageOf, type ErrorKind } from '#std/errors';
import type { Logger } from '#std/log';
import type { BatchStore, StoredAt, StoreRead } from '../stored-events.js';

export const batchStoreErrors = {
  inUse: { code: 'connectors.channel.in-use', retriable: true },
  lost: { code: 'connectors.channel.connection-lost', retriable: true },
} satisfies Record<string, ErrorKind>;

export interface BatchStoreOptions {
  /** `postgres://…`, may hold a password. */
  readonly url: string;
  /** Tells channels in one database apart: `agent/channel`. */
  readonly key: string;
  readonly createsSchema: boolean;
  readonly logger: Logger;
  /** The connection broke; nothing can be done with this store any more but to open another one. */
  readonly onLost: (error: Error) => void;
}

type Change =
  | { readonly position: number; readonly events: number; readonly bytes: Buffer }
  | { readonly head: number };

/** Rows that one statement inserts at most, and their bytes, as far as there is more than one. */
const rowsPerStatementMax = 64;
const bytesPerStatementMax = 8 * 1024 * 1024;
const rowsPerReadMax = 64;
const connectMsMax = 10_000;
/**
 * Rows that were taken leave dead bytes behind, and PostgreSQL looks for those once a minute, which are gigabytes of a busy channel: so
 * the table is vacuumed each time that so many bytes were put.
 */
const vacuumBytes = 64 * 1024 * 1024;
/** First half of the advisory locks; the second is a hash of the channel's key. */
const lockSpace = 0x6d63686e;

const createTable = `CREATE TABLE IF NOT EXISTS millrace_channel_batches (
  channel text NOT NULL,
  position bigint NOT NULL,
  events integer NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (channel, position)
)`;
// Logs are compressed at their destination if anywhere; here it would cost more than it saves.
const keepUncompressed = 'ALTER TABLE millrace_channel_batches ALTER COLUMN body SET STORAGE EXTERNAL';

export interface HeldBatches {
  readonly events: number;
  /** Position of the last one; null without one. */
  readonly last: number | null;
}

export class PostgresBatchStore implements BatchStore {
  private readonly commits = new GroupCommit<Change>((changes) => this.commit(changes));
  private nextPosition = 1;
  private headPosition = 1;
  private durableEnd = 1;
  private failure: MillraceError | null = null;
  private putBytes = 0;
  private vacuuming: Promise<void> | null = null;

  private constructor(
    private readonly driver: typeof pg,
    private readonly client: pg.Client,
    private readonly options: BatchStoreOptions,
  ) {}

  /** Throws `connectors.channel.in-use` where another process has the channel. */
  static async open(options: BatchStoreOptions): Promise<{ store: PostgresBatchStore; held: HeldBatches }> {
    const { default: driver } = await import('pg');
    const client = newClient(driver, options);
    const store = new PostgresBatchStore(driver, client, options);
    client.on('error', (error) => store.lose(error));
    client.on('end', () => store.lose(new Error('the server has closed the connection')));
    try {
      await client.connect();
      return { store, held: await store.begin() };
    } catch (error) {
      store.failure ??= new MillraceError(batchStoreErrors.lost, messageOf(error), { cause: error });
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  get head(): number {
    return this.headPosition;
  }

  get end(): number {
    return this.durableEnd;
  }

  async append(bytes: Buffer, events: number): Promise<StoredAt> {
    const position = this.nextPosition;
    this.nextPosition += 1;
    await this.commits.submit({ position, events, bytes });
    return { position, next: position + 1 };
  }

  async read(position: number, bytesMax: number): Promise<StoreRead> {
    this.checkUsable();
    const { end } = this;
    const sizes = await this.client.query<{ position: string; size: number }>({
      name: 'sizes',
      text: 'SELECT position, octet_length(body) AS size FROM millrace_channel_batches WHERE channel = $1 AND position >= $2 AND position < $3 ORDER BY position LIMIT $4',
      values: [this.options.key, position, end, rowsPerReadMax],
    });
    let bytes = 0;
    let last: number | null = null;
    for (const row of sizes.rows) {
      if (last !== null && bytes + row.size > bytesMax) break;
      bytes += row.size;
      last = Number(row.position);
    }
    if (last === null) return { records: [], next: end, damage: null };
    const found = await this.client.query<{ position: string; body: Buffer }>({
      name: 'bodies',
      text: 'SELECT position, body FROM millrace_channel_batches WHERE channel = $1 AND position >= $2 AND position <= $3 ORDER BY position',
      values: [this.options.key, position, last],
    });
    const records = found.rows.map((row) => ({ position: Number(row.position), bytes: row.body }));
    return { records, next: last + 1, damage: null };
  }

  async trim(position: number): Promise<void> {
    if (position > this.headPosition) await this.commits.submit({ head: position });
  }

  async close(): Promise<void> {
    await this.commits.idle();
    await this.vacuuming;
    this.failure ??= new MillraceError(batchStoreErrors.lost, 'The channel is closed.');
    await this.client.end().catch(() => undefined);
  }

  private async begin(): Promise<HeldBatches> {
    const { client, options } = this;
    const lock = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS locked', [
      lockSpace,
      options.key,
    ]);
    if (lock.rows[0]?.locked !== true) {
      throw new MillraceError(
        batchStoreErrors.inUse,
        `The channel ${options.key} of this database is in use by another process. It is taken over when that one has ended.`,
      );
    }
    // Durable, whatever the server's default is.
    await client.query(
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')",
    );
    if (options.createsSchema) await this.createTable();
    const { rows } = await client.query<{ events: string; first: string | null; last: string | null }>(
      'SELECT coalesce(sum(events), 0) AS events, min(position) AS first, max(position) AS last FROM millrace_channel_batches WHERE channel = $1',
      [options.key],
    );
    const last = toNumber(rows[0]?.last);
    this.durableEnd = (last ?? 0) + 1;
    this.nextPosition = this.durableEnd;
    this.headPosition = toNumber(rows[0]?.first) ?? this.durableEnd;
    return { events: Number(rows[0]?.events ?? 0), last };
  }

  /** Two channels may start at the same time. */
  private async createTable(): Promise<void> {
    const { client } = this;
    const { rows } = await client.query<{ found: string | null }>(
      "SELECT to_regclass('millrace_channel_batches')::text AS found",
    );
    if (rows[0]?.found !== null) return;
    await client.query(
      `BEGIN; SELECT pg_advisory_xact_lock(${lockSpace}); ${createTable}; ${keepUncompressed}; COMMIT`,
    );
  }

  private async commit(changes: readonly Change[]): Promise<void> {
    for (let rest = changes; rest.length > 0;) rest = await this.commitPart(rest);
  }

  /** As many changes as one statement takes, at least one; gives the rest. */
  private async commitPart(changes: readonly Change[]): Promise<readonly Change[]> {
    this.checkUsable();
    let head = this.headPosition;
    let end = this.durableEnd;
    let bytes = 0;
    let taken = 0;
    const rows: (number | Buffer)[] = [];
    for (const change of changes) {
      if ('head' in change) {
        head = Math.max(head, change.head);
      } else {
        if (
          rows.length === 3 * rowsPerStatementMax ||
          (bytes > 0 && bytes + change.bytes.length > bytesPerStatementMax)
        )
          break;
        rows.push(change.position, change.events, change.bytes);
        bytes += change.bytes.length;
        end = change.position + 1;
      }
      taken += 1;
    }
    await this.write(rows, head > this.headPosition ? head : null);
    this.headPosition = head;
    this.durableEnd = end;
    this.putBytes += bytes;
    if (this.putBytes >= vacuumBytes) this.vacuumSoon();
    return changes.slice(taken);
  }

  private async write(rows: readonly (number | Buffer)[], head: number | null): Promise<void> {
    const count = rows.length / 3;
    if (count === 0 && head === null) return;
    const values: (string | number | Buffer)[] = [this.options.key, ...rows];
    const tuples = Array.from({ length: count }, (_, row) => `($1, $${row * 3 + 2}, $${row * 3 + 3}, $${row * 3 + 4})`);
    const insert = `INSERT INTO millrace_channel_batches (channel, position, events, body) VALUES ${tuples.join(', ')}`;
    if (head !== null) values.push(head);
    const trim = `DELETE FROM millrace_channel_batches WHERE channel = $1 AND position < $${values.length}`;
    const text = head === null ? insert : count === 0 ? trim : `WITH trimmed AS (${trim}) ${insert}`;
    await this.client.query({ name: `write ${count}${head === null ? '' : ' trim'}`, text, values });
  }

  /** On a connection of its own, beside puts and takes. A failure only leaves more to the server. */
  private vacuumSoon(): void {
    if (this.vacuuming !== null) return;
    this.putBytes = 0;
    this.vacuuming = this.vacuum().finally(() => {
      this.vacuuming = null;
    });
  }

  private async vacuum(): Promise<void> {
    const client = newClient(this.driver, this.options);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('VACUUM (TRUNCATE false) millrace_channel_batches');
    } catch (error) {
      this.options.logger.warn(`The table of a channel could not be vacuumed: ${messageOf(error)}`);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private checkUsable(): void {
    if (this.failure !== null) throw this.failure;
  }

  private lose(error: Error): void {
    if (this.failure !== null) return;
    this.failure = new MillraceError(
      batchStoreErrors.lost,
      `The connection to the database of channel ${this.options.key} is lost: ${error.message}`,
      { cause: error },
    );
    this.options.onLost(this.failure);
  }
}

function newClient(driver: typeof pg, { url, key }: BatchStoreOptions): pg.Client {
  return new driver.Client({
    connectionString: url,
    application_name: `millrace channel ${key}`,
    connectionTimeoutMillis: connectMsMax,
    keepAlive: true,
  });
}

function toNumber(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}
