import { readFile } from 'node:fs/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { SslOptions } from 'mysql2';
import type { MysqlSettings } from './options.js';

const connectTimeoutMs = 10_000;
/** No statement is longer, whatever the server takes: the text lies in memory as often as it is on its way. */
const statementBytesMax = 8 * 1024 * 1024;
/** Of a statement around its values. */
const statementHeadBytes = 64 * 1024;

/** A connection with what its server is like. */
export interface MysqlConnection {
  readonly raw: Connection;
  readonly isMariaDb: boolean;
  /** The server ends the connection over a longer statement. */
  readonly packetBytesMax: number;
  /** Bytes that the values of one statement may have. */
  readonly valueBytesMax: number;
  /** A collation that tells all texts apart, trailing blanks among them where the server can. */
  readonly exactCollation: string;
  query<Row>(sql: string, values?: readonly (string | number | null)[]): Promise<Row[]>;
}

export async function connectMysql(
  settings: MysqlSettings,
  program: string,
  lost: (error: Error) => void,
): Promise<MysqlConnection> {
  const { createConnection } = await import('mysql2/promise');
  const ssl = await sslOf(settings);
  const raw = await createConnection({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    ...(settings.user === null ? {} : { user: settings.user }),
    ...(settings.password === null ? {} : { password: settings.password }),
    ...(ssl === null ? {} : { ssl }),
    connectTimeout: connectTimeoutMs,
    connectAttributes: { program_name: program },
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    enableKeepAlive: true,
  });
  raw.on('error', lost);
  const query = async <Row>(sql: string, values: readonly (string | number | null)[] = []): Promise<Row[]> => {
    const [rows] = await raw.query<RowDataPacket[]>({ sql, timeout: settings.queryTimeoutMs }, [...values]);
    return Array.isArray(rows) ? (rows as Row[]) : [];
  };
  try {
    const names = ['version', 'max_allowed_packet', 'binlog_format'];
    const rows = await query<{ name: string; value: string }>(
      `SHOW VARIABLES WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`,
    );
    const variable = new Map(rows.map((row) => Object.values(row) as [string, string]));
    const version = variable.get('version') ?? '';
    const isMariaDb = /mariadb/i.test(version);
    await query(sessionSql(settings, isMariaDb, variable.get('binlog_format') ?? ''));
    const packetBytesMax = Number(variable.get('max_allowed_packet') ?? 1024 * 1024);
    return {
      raw,
      isMariaDb,
      packetBytesMax,
      valueBytesMax: Math.max(1024, Math.min(packetBytesMax, statementBytesMax) - statementHeadBytes),
      exactCollation: isMariaDb
        ? 'utf8mb4_nopad_bin'
        : Number.parseInt(version, 10) >= 8
          ? 'utf8mb4_0900_bin'
          : 'utf8mb4_bin',
      query,
    };
  } catch (error) {
    raw.destroy();
    throw error;
  }
}

/**
 * Strict, so that what does not fit is refused and never cut; UTC for TIMESTAMP; a backslash that escapes; 0 as a value of its own. READ
 * COMMITTED takes no gap locks, over which tasks of one sink would run into deadlocks; a binary log of statements does not go with it.
 */
function sessionSql(settings: MysqlSettings, isMariaDb: boolean, binlogFormat: string): string {
  const seconds = Math.max(1, Math.round(settings.queryTimeoutMs / 1000));
  const isolation = isMariaDb ? 'tx_isolation' : 'transaction_isolation';
  return [
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'",
    "time_zone = '+00:00'",
    `innodb_lock_wait_timeout = ${Math.min(seconds, 50)}`,
    ...(isMariaDb ? [`max_statement_time = ${seconds}`] : []),
    ...(binlogFormat.toUpperCase() === 'STATEMENT' ? [] : [`${isolation} = 'READ-COMMITTED'`]),
  ].join(', ');
}

async function sslOf({ tls, authorityFile }: MysqlSettings): Promise<SslOptions | null> {
  if (tls === 'off') return null;
  const ca = authorityFile === null ? {} : { ca: await readFile(authorityFile, 'utf8') };
  return { ...ca, rejectUnauthorized: tls !== 'unchecked', verifyIdentity: tls === 'full' };
}
