import { defineOptions, requireOptions, type OptionProblem } from '#config/options';

/** Options of the `postgres` sink, under the names that JDBC sinks have for them. */
export const postgresOptions = defineOptions({
  'connection.url': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: urlCheck,
    doc: 'The database: `postgresql://host:5432/name`, also written `jdbc:postgresql://host:5432/name?user=…`.',
  },
  'connection.user': {
    type: 'string',
    importance: 'high',
    group: 'Connection',
    aliases: ['connection.username'],
    doc: 'User, where the address has none.',
  },
  'connection.password': {
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
  'insert.mode': {
    type: 'string',
    default: 'insert',
    values: ['insert', 'multi', 'upsert'],
    importance: 'high',
    group: 'Writes',
    doc:
      '`insert` adds a row a record (`multi` is the same). `upsert` updates the row with the same primary key; fields that a ' +
      'record does not have stay as they are.',
  },
  'pk.mode': {
    type: 'string',
    default: 'none',
    values: ['none', 'kafka', 'record_key', 'record_value'],
    importance: 'high',
    group: 'Writes',
    doc:
      'Where the primary key comes from: nowhere, the topic, partition and offset of the record, the record key (a JSON object, ' +
      'or one value for one field), or fields of the value.',
  },
  'pk.fields': {
    type: 'list',
    default: [],
    importance: 'medium',
    group: 'Writes',
    doc:
      'Names of the key columns. With `pk.mode=kafka` three, by default `__connect_topic`, `__connect_partition`, ' +
      '`__connect_offset`; with `record_key` by default all fields of the key.',
  },
  'delete.enabled': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Writes',
    doc: 'A record without value deletes the row of its key. Needs `pk.mode=record_key`.',
  },
  'batch.size': {
    type: 'int',
    default: 5000,
    min: 1,
    max: 100_000,
    unit: 'rows',
    importance: 'medium',
    group: 'Writes',
    doc: 'Most rows in one statement; a transaction has as many as it needs.',
  },
  'table.name.format': {
    type: 'string',
    default: '${topic}',
    importance: 'medium',
    group: 'Tables',
    doc: 'Name of the table; `${topic}` is the topic. A dot in the format parts schema and table; dots of a topic stay in the name.',
  },
  'fields.whitelist': {
    type: 'list',
    default: [],
    importance: 'medium',
    group: 'Tables',
    aliases: ['fields.include'],
    doc: 'Fields of the value to write. Empty = all. Key columns are always written.',
  },
  'auto.create': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Tables',
    doc:
      'Create a missing table from the first batch: text, bigint, double precision, numeric for numbers past 64 bits, boolean, and ' +
      'jsonb for objects and arrays.',
  },
  'auto.evolve': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Tables',
    doc: 'Add a column for a field that the table does not have, and widen a whole-number column to numeric when fractions come.',
  },
  'offsets.table': {
    type: 'string',
    default: 'millrace_sink_offsets',
    importance: 'low',
    group: 'Tables',
    doc: 'Table of the positions that are written in the same transaction as the rows. Created where it is missing.',
  },
});

export interface PostgresSettings {
  readonly connectionString: string;
  readonly queryTimeoutMs: number;
  readonly upsert: boolean;
  readonly keyMode: 'none' | 'kafka' | 'record_key' | 'record_value';
  readonly keyFields: readonly string[];
  /** Whether a key that is not an object is JSON (`key.converter` says so) or text. */
  readonly keyIsJson: boolean;
  readonly deleteEnabled: boolean;
  readonly rowsPerStatementMax: number;
  readonly tableFormat: string;
  /** Null = all. */
  readonly fields: ReadonlySet<string> | null;
  readonly autoCreate: boolean;
  readonly autoEvolve: boolean;
  readonly offsetsTable: string;
}

type Options = Readonly<Record<string, string>>;

const kafkaFields = ['__connect_topic', '__connect_partition', '__connect_offset'] as const;

export function postgresSettings(options: Options): PostgresSettings {
  const values = requireOptions('Sink postgres', postgresOptions, options);
  const keyMode = values['pk.mode'];
  return {
    connectionString: connectionString(
      values['connection.url'],
      values['connection.user'],
      values['connection.password'],
    ),
    queryTimeoutMs: values['query.timeout.ms'],
    upsert: values['insert.mode'] === 'upsert',
    keyMode,
    keyFields: keyMode === 'kafka' && values['pk.fields'].length === 0 ? kafkaFields : values['pk.fields'],
    keyIsJson: /json/i.test(options['key.converter'] ?? ''),
    deleteEnabled: values['delete.enabled'],
    rowsPerStatementMax: values['batch.size'],
    tableFormat: values['table.name.format'],
    fields: values['fields.whitelist'].length === 0 ? null : new Set(values['fields.whitelist']),
    autoCreate: values['auto.create'],
    autoEvolve: values['auto.evolve'],
    offsetsTable: values['offsets.table'],
  };
}

/** What does not go together. */
export function postgresProblems(options: Options): readonly OptionProblem[] {
  const settings = postgresSettings(options);
  const problems: OptionProblem[] = [];
  const add = (name: string, message: string): void => {
    problems.push({ name, value: options[name] ?? null, message });
  };
  if (settings.upsert && settings.keyMode === 'none') {
    add('pk.mode', 'insert.mode=upsert needs a primary key: set pk.mode to kafka, record_key or record_value');
  }
  if (settings.deleteEnabled && settings.keyMode !== 'record_key') {
    add('delete.enabled', 'delete.enabled=true needs pk.mode=record_key');
  }
  if (settings.keyMode === 'record_value' && settings.keyFields.length === 0) {
    add('pk.fields', 'pk.mode=record_value needs pk.fields');
  }
  if (settings.keyMode === 'kafka' && settings.keyFields.length !== 3) {
    add('pk.fields', 'pk.mode=kafka needs three pk.fields, for topic, partition and offset, or none');
  }
  return problems;
}

function urlCheck(url: string): string | null {
  return parseUrl(url) === null
    ? 'must be like postgresql://host:5432/database or jdbc:postgresql://host:5432/database'
    : null;
}

function parseUrl(url: string): URL | null {
  const plain = url.replace(/^jdbc:/i, '');
  if (!/^postgres(ql)?:\/\//i.test(plain)) return null;
  return URL.canParse(plain) ? new URL(plain) : null;
}

/** JDBC has user and password as parameters, libpq before the host; options win over neither being there. */
function connectionString(url: string, user: string | null, password: string | null): string {
  const parsed = parseUrl(url);
  if (parsed === null) return url;
  const jdbcUser = parsed.searchParams.get('user');
  const jdbcPassword = parsed.searchParams.get('password');
  parsed.searchParams.delete('user');
  parsed.searchParams.delete('password');
  const ssl = parsed.searchParams.get('ssl');
  if (ssl === 'true' && !parsed.searchParams.has('sslmode')) parsed.searchParams.set('sslmode', 'require');
  if (ssl !== null) parsed.searchParams.delete('ssl');
  const name = user ?? jdbcUser;
  const secret = password ?? jdbcPassword;
  if (name !== null) parsed.username = encodeURIComponent(name);
  if (secret !== null) parsed.password = encodeURIComponent(secret);
  return parsed.href;
}
