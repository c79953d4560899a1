import pg from 'pg';
import type { SinkContext } from '#pipeline/sink';
import type { SqlDatabase } from '../sql/sql-sink.js';
import type { Column } from './columns.js';
import { PostgresOffsets } from './offsets.js';
import type { PostgresSettings } from './options.js';
import { classOfError, postgresSinkError, sqlStateOf } from './sql-errors.js';
import { PostgresTables } from './tables.js';

const connectTimeoutMs = 10_000;

/** PostgreSQL for `SqlSink`. */
export function postgresDatabase(settings: PostgresSettings): SqlDatabase<pg.Client, Column> {
  return {
    product: 'PostgreSQL',
    tables: new PostgresTables(settings),
    offsets: new PostgresOffsets(settings.offsetsTable),
    connect: ({ name, task }: SinkContext, lost) => connectPostgres(settings, `millrace-sink-${name}-${task}`, lost),
    disconnect: endQuietly,
    begin: async (client) => {
      await client.query('BEGIN');
    },
    commit: async (client) => {
      await client.query('COMMIT');
    },
    rollback: async (client) => {
      await client.query('ROLLBACK');
    },
    isAnswer: (error) => sqlStateOf(error) !== null,
    classOf: classOfError,
    sinkError: postgresSinkError,
  };
}

export async function connectPostgres(
  settings: PostgresSettings,
  program: string,
  lost: (error: Error) => void,
): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: settings.connectionString,
    application_name: program,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: settings.queryTimeoutMs,
    // The server ends a statement first; this one is for a server that is gone without a word.
    query_timeout: settings.queryTimeoutMs + 5000,
    keepAlive: true,
  });
  client.on('error', lost);
  try {
    await client.connect();
  } catch (error) {
    await endQuietly(client);
    throw error;
  }
  return client;
}

export function endQuietly(client: pg.Client): Promise<void> {
  return client.end().catch(() => undefined);
}
