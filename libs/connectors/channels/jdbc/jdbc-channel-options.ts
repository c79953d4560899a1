/** Flume's options of the JDBC channel, and what of them means something on PostgreSQL. */
import { readFile } from 'node:fs/promises';
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { decodeProperties, parseProperties } from '#pipeline/flume-properties';

const ignored = (reason: string) => `Read for the sake of Flume's files; ${reason}`;

export const jdbcChannelOptions = defineOptions({
  'db.type': {
    type: 'string',
    default: 'POSTGRESQL',
    doc: '`POSTGRESQL`, the only one that there is. Flume has DERBY by default.',
  },
  'driver.class': { type: 'string', doc: '`org.postgresql.Driver`; no driver is loaded.' },
  'driver.url': {
    type: 'string',
    doc: '`jdbc:postgresql://host:port/database`, or `postgres://…`. Absent: the database of this installation (DATABASE_URL); where there is none, a PostgreSQL of the channel’s own in its state directory.',
  },
  'db.username': { type: 'string', doc: 'Name to log in with. Default: the one of the URL.' },
  'db.password': { type: 'password', doc: 'Password to log in with. Default: the one of the URL.' },
  'connection.properties.file': {
    type: 'string',
    doc: 'Properties file of the driver: `user`, `password`, `ssl`, `sslmode` and `ApplicationName` are followed.',
  },
  'create.schema': { type: 'boolean', default: true, doc: 'Makes the table where it is not there.' },
  'create.index': { type: 'boolean', default: true, doc: ignored('the table needs its primary key only.') },
  'create.foreignkey': { type: 'boolean', default: true, doc: ignored('there is one table.') },
  'transaction.isolation': {
    type: 'string',
    default: 'READ_COMMITTED',
    values: ['READ_UNCOMMITTED', 'READ_COMMITTED', 'REPEATABLE_READ', 'SERIALIZABLE'],
    doc: ignored('a channel has one owner at a time, and each of its transactions is one statement.'),
  },
  'maximum.connections': {
    type: 'int',
    default: 10,
    min: 1,
    doc: ignored('one connection is enough: puts and takes that are under way at the same time share transactions.'),
  },
  'maximum.capacity': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'events',
    doc: 'Events held at most; a put waits for room, and is refused after `keep-alive`. 0 is no limit.',
  },
  'keep-alive': {
    type: 'int',
    default: 3,
    min: 0,
    unit: 's',
    doc: 'How long a put waits for room before it is refused. Flume refuses at once.',
  },
  sysprop: { type: 'map', doc: ignored('there is no Java.') },
});

export interface JdbcChannelSettings {
  /** Null: the database of the installation. */
  readonly connection: ConnectionSettings | null;
  readonly createsSchema: boolean;
  /** Events; null is no limit. */
  readonly capacity: number | null;
  readonly keepAliveMs: number;
}

export interface ConnectionSettings {
  /** `postgres://…` or `jdbc:postgresql://…`. */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly propertiesFile: string | null;
}

export function readJdbcChannelOptions(what: string, options: Readonly<Record<string, string>>): JdbcChannelSettings {
  const values = requireOptions(what, jdbcChannelOptions, options);
  const url = values['driver.url'];
  const connection =
    url === null
      ? null
      : {
          url,
          user: values['db.username'],
          password: values['db.password'],
          propertiesFile: values['connection.properties.file'],
        };
  return {
    connection,
    createsSchema: values['create.schema'],
    capacity: values['maximum.capacity'] === 0 ? null : values['maximum.capacity'],
    keepAliveMs: values['keep-alive'] * 1000,
  };
}

/** Names of Flume's `DatabaseType`; only the first is served here. */
const databaseTypes = ['POSTGRESQL', 'DERBY', 'MYSQL', 'ORACLE', 'OTHER'];
const urlPattern = /^(jdbc:postgresql|postgres|postgresql):\/\//i;

export function checkJdbcChannel(options: Readonly<Record<string, string>>): ComponentRemark[] {
  const values = requireOptions('jdbc channel', jdbcChannelOptions, options);
  const remarks: ComponentRemark[] = [];
  const error = (option: keyof typeof jdbcChannelOptions, message: string): void => {
    remarks.push({ severity: 'error', option, message });
  };
  const type = values['db.type'].toUpperCase();
  const url = values['driver.url'];
  if (type !== 'POSTGRESQL') {
    error(
      'db.type',
      databaseTypes.includes(type)
        ? `db.type ${type} is not supported: the channel keeps its events in PostgreSQL. Leave db.type and driver.url out to use the database of this installation, or name a PostgreSQL.`
        : `there is no db.type "${values['db.type']}", only POSTGRESQL.`,
    );
  } else if (url !== null && !urlPattern.test(url)) {
    error(
      'driver.url',
      `driver.url ${url.split('?')[0]} is no address of a PostgreSQL: jdbc:postgresql://host:port/database.`,
    );
  }
  const driver = values['driver.class'];
  if (type === 'POSTGRESQL' && driver !== null && driver !== 'org.postgresql.Driver') {
    error('driver.class', `driver.class ${driver} is not supported: no driver of Java is loaded; leave it out.`);
  }
  if (url === null && (values['db.username'] !== null || values['db.password'] !== null)) {
    remarks.push({
      severity: 'warning',
      option: 'db.username',
      message:
        'db.username and db.password have no effect without driver.url: the database of this installation is used.',
    });
  }
  return remarks;
}

/** What of the driver's properties has a meaning for the connection, by the name that it has in a URL here. */
const followed: Readonly<Record<string, string>> = {
  ssl: 'ssl',
  sslmode: 'sslmode',
  ApplicationName: 'application_name',
};

/** The URL with everything in it. Throws what reading the properties file throws. */
export async function connectionUrl(settings: ConnectionSettings): Promise<string> {
  const properties = await readProperties(settings.propertiesFile);
  const url = new URL(settings.url.replace(/^jdbc:/i, ''));
  for (const [name, parameter] of Object.entries(followed)) {
    const value = url.searchParams.get(name) ?? properties.get(name) ?? null;
    url.searchParams.delete(name);
    if (value !== null) url.searchParams.set(parameter, value);
  }
  const user = settings.user ?? url.searchParams.get('user') ?? properties.get('user') ?? null;
  const password = settings.password ?? url.searchParams.get('password') ?? properties.get('password') ?? null;
  url.searchParams.delete('user');
  url.searchParams.delete('password');
  if (user !== null) url.username = encodeURIComponent(user);
  if (password !== null) url.password = encodeURIComponent(password);
  return url.href;
}

async function readProperties(path: string | null): Promise<ReadonlyMap<string, string>> {
  if (path === null) return new Map();
  const { entries } = parseProperties(decodeProperties(await readFile(path)), path);
  return new Map(entries.map(({ key, value }) => [key, value]));
}
