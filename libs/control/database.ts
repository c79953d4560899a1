/**
 * The one way to the database: a TypeORM data source with few connections and bounded queries, migrated when it is opened.
 * A migration is a numbered piece of SQL of a room. Many processes may open at once: an advisory lock lets one migrate.
 */
import { DataSource, type EntitySchema } from 'typeorm';
import { MillraceError, messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { controlErrors } from './errors.js';

export interface Migration {
  /** Rises by one; never changed once released. */
  readonly number: number;
  readonly sql: string;
}

export interface DatabaseOptions {
  readonly databaseUrl: string;
  /** Whose tables these are; migrations are counted by room. */
  readonly room: string;
  readonly entities: readonly EntitySchema<never>[];
  readonly migrations: readonly Migration[];
  readonly logger: Logger;
  /** Default 3. */
  readonly connectionsMax?: number;
}

const queryMsMax = 10_000;
const connectMsMax = 15_000;
/** Any number, the same in every process of the product. */
const migrationLock = 723_460_001;

/** Throws `control.database.away` (retriable) where the database does not answer. */
export async function openDatabase(options: DatabaseOptions): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url: options.databaseUrl,
    entities: [...options.entities],
    applicationName: `millrace-${options.room}`,
    connectTimeoutMS: connectMsMax,
    extra: {
      max: options.connectionsMax ?? 3,
      statement_timeout: queryMsMax,
      query_timeout: queryMsMax + 2_000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
    },
    installExtensions: false,
    // An idle connection that breaks says so here; the next query takes a new one or gives the error.
    poolErrorHandler: (error: unknown) => options.logger.warn(`Lost a database connection: ${messageOf(error)}`),
  });
  try {
    await source.initialize();
    await migrate(source, options.room, options.migrations);
  } catch (error) {
    if (source.isInitialized) await source.destroy();
    throw databaseError('opening the database', error);
  }
  return source;
}

/** Runs what this database does not have yet; all or nothing. */
async function migrate(source: DataSource, room: string, migrations: readonly Migration[]): Promise<void> {
  await source.transaction(async (manager) => {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
    await manager.query(`
      CREATE SCHEMA IF NOT EXISTS millrace;
      CREATE TABLE IF NOT EXISTS millrace.migration (
        room text NOT NULL,
        number integer NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (room, number)
      )`);
    const rows: { number: number }[] = await manager.query('SELECT number FROM millrace.migration WHERE room = $1', [
      room,
    ]);
    const applied = new Set(rows.map((row) => row.number));
    for (const migration of migrations.filter((candidate) => !applied.has(candidate.number))) {
      await manager.query(migration.sql);
      await manager.query('INSERT INTO millrace.migration (room, number) VALUES ($1, $2)', [room, migration.number]);
    }
  });
}

/** Runs `work`; a database that is away or overloaded comes out as `control.database.away`, other errors as they are. */
export async function withDatabase<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw databaseError(doing, error);
  }
}

/** SQLSTATE classes of a server that cannot answer now: connection, transaction rollback, resources, operator, system. */
const classesOfAway = new Set(['08', '40', '53', '57', '58']);

function databaseError(doing: string, error: unknown): unknown {
  if (error instanceof MillraceError) return error;
  const state = sqlStateOf(error);
  if (state !== null && !classesOfAway.has(state.slice(0, 2))) return error;
  return new MillraceError(
    controlErrors.databaseAway,
    `The database did not answer while ${doing}: ${messageOf(error)}. Try again when it is back.`,
    { cause: error },
  );
}

function sqlStateOf(error: unknown): string | null {
  if (error === null || typeof error !== 'object') return null;
  const cause = 'driverError' in error ? error.driverError : error;
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? cause.code : null;
  // System codes such as EPIPE have five letters as well, but no digit.
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : null;
}
