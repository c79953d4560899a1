import type { DatabaseAddress } from './database-url.js';

/** A value as JSON can hold it. */
export type Cell = string | number | boolean | null | object;
export type Row = Readonly<Record<string, Cell>>;

/** The little that polling needs of a database. Times are UTC and text, numbers that JavaScript cannot hold are text. */
export interface SqlDatabase {
  readonly kind: DatabaseAddress['kind'];
  /** `values` stand where the text has `?`. */
  query(text: string, values: readonly (string | number)[]): Promise<Row[]>;
  close(): Promise<void>;
}

export interface Login {
  readonly user: string | undefined;
  readonly password: string | undefined;
}

const connectMsMax = 15_000;
/** A look at a large table without an index takes its time. */
const queryMsMax = 600_000;

/** Connects. The drivers are loaded here, so that a process without such a source does not pay for them. */
export function openDatabase(address: DatabaseAddress, login: Login): Promise<SqlDatabase> {
  return address.kind === 'postgres' ? openPostgres(address, login) : openMysql(address, login);
}

/** Object identifiers of PostgreSQL's types whose text is a JSON number of full precision. */
const smallNumbers = new Set([21, 23, 26, 700, 701]);
const booleanType = 16;
const bigintType = 20;
const byteaType = 17;
const jsonTypes = new Set([114, 3802]);
const timeTypes = new Set([1114, 1184]);

async function openPostgres(address: DatabaseAddress, login: Login): Promise<SqlDatabase> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    database: address.database,
    user: login.user,
    password: login.password,
    connectionTimeoutMillis: connectMsMax,
    statement_timeout: queryMsMax,
    options: '-c timezone=UTC -c datestyle=ISO',
    application_name: 'millrace-jdbc-poll',
    types: { getTypeParser: (type: number) => (text: string) => postgresCell(type, text) },
  });
  // What breaks while idle is seen by the next query.
  client.on('error', () => undefined);
  await client.connect();
  return {
    kind: 'postgres',
    async query(text, values) {
      let count = 0;
      const numbered = text.replaceAll('?', () => `$${(count += 1)}`);
      const result = await client.query<Row>(numbered, [...values]);
      return result.rows;
    },
    close: () => client.end(),
  };
}

function postgresCell(type: number, text: string): Cell {
  if (smallNumbers.has(type)) return Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === bigintType) return Number.isSafeInteger(Number(text)) ? Number(text) : text;
  if (type === booleanType) return text === 't';
  if (type === byteaType) return Buffer.from(text.slice(2), 'hex').toString('base64');
  if (jsonTypes.has(type)) return JSON.parse(text) as Cell;
  if (timeTypes.has(type)) return text.replace(' ', 'T').replace(/\+00$/, 'Z');
  return text;
}

async function openMysql(address: DatabaseAddress, login: Login): Promise<SqlDatabase> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({
    host: address.host,
    port: address.port,
    database: address.database,
    ...(login.user === undefined ? {} : { user: login.user }),
    ...(login.password === undefined ? {} : { password: login.password }),
    connectTimeout: connectMsMax,
    dateStrings: true,
    supportBigNumbers: true,
    charset: 'utf8mb4',
  });
  connection.on('error', () => undefined);
  await connection.query("SET time_zone = '+00:00'");
  return {
    kind: 'mysql',
    async query(text, values) {
      const [rows] = await connection.query({ sql: text, timeout: queryMsMax }, [...values]);
      return (rows as Readonly<Record<string, unknown>>[]).map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, mysqlCell(value)])),
      );
    },
    close: () => connection.end(),
  };
}

function mysqlCell(value: unknown): Cell {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(value)) return value.replace(' ', 'T');
  return value as Cell;
}
