import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import { overHttpOptions, overHttpProblems } from '../over-http/over-http-options.js';

/** Options of the `clickhouse` sink; names of ClickHouse's own connector are accepted. */
export const clickhouseOptions = defineOptions({
  'clickhouse.url': {
    type: 'string',
    importance: 'high',
    group: 'Connection',
    check: (url: string) =>
      /^https?:\/\/[^/]/i.test(url) && URL.canParse(url) ? null : 'must be like http://host:8123',
    doc: 'The HTTP interface: `http://host:8123` or `https://host:8443`. Or `hostname`, `port` and `ssl`.',
  },
  hostname: {
    type: 'string',
    importance: 'high',
    group: 'Connection',
    doc: 'Host of the HTTP interface, where `clickhouse.url` is not set.',
  },
  port: {
    type: 'int',
    default: 8443,
    min: 1,
    max: 65535,
    importance: 'high',
    group: 'Connection',
    doc: 'Port of the HTTP interface, where `clickhouse.url` is not set.',
  },
  ssl: {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Connection',
    doc: 'HTTPS, where `clickhouse.url` is not set.',
  },
  database: {
    type: 'string',
    default: 'default',
    importance: 'high',
    group: 'Connection',
    doc: 'Database of the tables.',
  },
  username: {
    type: 'string',
    default: 'default',
    importance: 'high',
    group: 'Connection',
    doc: 'User of the database.',
  },
  password: {
    type: 'password',
    importance: 'high',
    group: 'Connection',
    doc: 'Password of the user.',
  },
  'query.timeout.ms': {
    type: 'long',
    default: 60_000,
    min: 100,
    max: 3_600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Connection',
    doc: 'A statement that takes longer is given up and tried again.',
  },
  'table.name.format': {
    type: 'string',
    default: '${topic}',
    importance: 'medium',
    group: 'Tables',
    doc: 'Name of the table, which must exist; `${topic}` is the topic.',
  },
  topic2TableMap: {
    type: 'list',
    default: [],
    importance: 'medium',
    group: 'Tables',
    check: (pairs: readonly string[]) =>
      pairs.every((pair) => pairOf(pair) !== null) ? null : 'must be topic=table pairs separated by commas',
    doc: 'Tables of topics by name, as `topic=table`. For other topics `table.name.format` counts.',
  },
  'fields.ignore.unknown': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Tables',
    doc: 'Leave out fields that the table has no column for. Elsewise such a record is a bad one.',
  },
  clickhouseSettings: {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Writes',
    check: (pairs: readonly string[]) =>
      pairs.every((pair) => /^[a-z0-9_]+$/i.test(pairOf(pair)?.[0] ?? ''))
        ? null
        : 'must be name=value pairs separated by commas',
    doc: 'Settings of ClickHouse for each insert, as `name=value`.',
  },
  exactlyOnce: {
    type: 'boolean',
    default: true,
    importance: 'high',
    group: 'Writes',
    doc:
      'Keep the bounds of each block in `state.table`, and insert a block of which it is not known whether it arrived with the same bounds ' +
      'and the same `insert_deduplication_token`. Needs a table that deduplicates blocks. False: at least once.',
  },
  'state.table': {
    type: 'string',
    default: 'millrace_sink_blocks',
    importance: 'low',
    group: 'Writes',
    doc: 'Table of the bounds of blocks, in the same database. Created where it is missing, with engine ReplacingMergeTree.',
  },
  ...overHttpOptions,
});

export interface ClickHouseSettings {
  readonly url: URL;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly timeoutMs: number;
  readonly tableFormat: string;
  readonly tables: ReadonlyMap<string, string>;
  readonly insertSettings: readonly (readonly [string, string])[];
  readonly exactlyOnce: boolean;
  readonly stateTable: string;
  /** As given, for the connection. */
  readonly options: Readonly<Record<string, string>>;
}

export function clickhouseSettings(options: Readonly<Record<string, string>>): ClickHouseSettings {
  const values = requireOptions('Sink clickhouse', clickhouseOptions, options);
  const host = values.hostname ?? 'localhost';
  return {
    url: new URL(values['clickhouse.url'] ?? `${values.ssl ? 'https' : 'http'}://${host}:${values.port}`),
    database: values.database,
    username: values.username,
    password: values.password ?? '',
    timeoutMs: values['query.timeout.ms'],
    tableFormat: values['table.name.format'],
    tables: new Map(values.topic2TableMap.map((pair) => pairOf(pair) ?? ['', ''])),
    insertSettings: [
      ['input_format_skip_unknown_fields', values['fields.ignore.unknown'] ? '1' : '0'],
      ['date_time_input_format', 'best_effort'],
      ...values.clickhouseSettings.map((pair) => pairOf(pair) ?? (['', ''] as const)),
    ],
    exactlyOnce: values.exactlyOnce,
    stateTable: values['state.table'],
    options,
  };
}

export function clickhouseProblems(options: Readonly<Record<string, string>>): readonly OptionProblem[] {
  const problems = [...overHttpProblems(options)];
  if (options['clickhouse.url'] === undefined && options['hostname'] === undefined) {
    problems.push({
      name: 'clickhouse.url',
      value: null,
      message: 'Set clickhouse.url, or hostname with port and ssl',
    });
  }
  return problems;
}

export function tableFor(topic: string, { tables, tableFormat }: ClickHouseSettings): string {
  return tables.get(topic) ?? tableFormat.replaceAll('${topic}', () => topic);
}

function pairOf(text: string): [string, string] | null {
  const at = text.indexOf('=');
  return at < 1 || at === text.length - 1 ? null : [text.slice(0, at), text.slice(at + 1)];
}
