import { defineOptions, requireOptions, type OptionProblem, type OptionSpecs } from '#config/options';
import type { TableNaming } from './table-name.js';

/** Options that all sinks of relational databases share, under the names that JDBC sinks have for them. */
export const sqlOptions = defineOptions({
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
    values: ['insert', 'multi', 'upsert', 'update'],
    importance: 'high',
    group: 'Writes',
    doc:
      '`insert` adds a row a record (`multi` is the same). `upsert` updates the row with the same primary key; fields that a ' +
      'record does not have stay as they are. `update` changes rows that are there, and adds none.',
  },
  'pk.mode': {
    type: 'string',
    default: 'none',
    values: ['none', 'kafka', 'record_key', 'record_value'],
    importance: 'high',
    group: 'Writes',
    aliases: ['primary.key.mode'],
    doc:
      'Where the primary key comes from: nowhere, the topic, partition and offset of the record, the record key (a JSON object, ' +
      'or one value for one field), or fields of the value.',
  },
  'pk.fields': {
    type: 'list',
    default: [],
    importance: 'medium',
    group: 'Writes',
    aliases: ['primary.key.fields'],
    doc:
      'Names of the key columns. With `pk.mode=kafka` three, by default `__connect_topic`, `__connect_partition`, ' +
      '`__connect_offset`; with `record_key` by default all fields of the key.',
  },
  'delete.enabled': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Writes',
    doc: 'A record without value deletes the row of its key. Needs `pk.mode=record_key`, or `change.events` and a key.',
  },
  'change.events': {
    type: 'boolean',
    importance: 'medium',
    group: 'Writes',
    doc:
      'Values are change events of Debezium (`before`, `after`, `op`): the row after the change is written, `op=d` deletes where ' +
      '`delete.enabled` is set and is passed over elsewise. A value without `op` is taken as a row. True for the class of Debezium, else false.',
  },
  'truncate.enabled': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'Writes',
    doc: 'With `change.events`: a truncation (`op=t`) empties the table. Elsewise it is passed over.',
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
    aliases: ['collection.name.format'],
    doc: 'Name of the table; `${topic}` is the topic. A dot in the format parts schema and table; dots of a topic stay in the name.',
  },
  'table.name.normalize': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'Tables',
    doc: 'Write `_` in the name of the table for what is no letter, digit or `_` in the name of the topic.',
  },
  'topics.to.tables.mapping': {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Tables',
    check: mappingCheck,
    doc: 'Tables of topics by name, as `topic:table` or `topic:schema.table`. For other topics `table.name.format` counts.',
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
    importance: 'medium',
    group: 'Tables',
    doc:
      'Create a missing table from the first batch, each column after the values seen: text, whole numbers of 64 bits, floating point, ' +
      'decimals for numbers past 64 bits, truth values, and JSON for objects and arrays. By default false.',
  },
  'auto.evolve': {
    type: 'boolean',
    importance: 'medium',
    group: 'Tables',
    doc:
      'Add a column for a field that the table does not have; widen a column of whole numbers, or of text with a length, when a value does ' +
      'not fit. Nothing is ever dropped or made narrower. By default false.',
  },
  'schema.evolution': {
    type: 'string',
    values: ['none', 'basic'],
    importance: 'low',
    group: 'Tables',
    doc: "Debezium's word: `basic` is `auto.create=true` and `auto.evolve=true`, where those two are not set.",
  },
  'offsets.table': {
    type: 'string',
    default: 'millrace_sink_offsets',
    importance: 'low',
    group: 'Tables',
    doc: 'Table of the positions that are written in the same transaction as the rows. Created where it is missing.',
  },
});

export interface SqlSettings extends TableNaming {
  readonly queryTimeoutMs: number;
  readonly mode: 'insert' | 'upsert' | 'update';
  readonly keyMode: 'none' | 'kafka' | 'record_key' | 'record_value';
  readonly keyFields: readonly string[];
  /** Whether a key that is not an object may be JSON (a converter has read it), or is text. */
  readonly keyIsJson: boolean;
  readonly deleteEnabled: boolean;
  readonly changeEvents: boolean;
  readonly truncateEnabled: boolean;
  readonly rowsPerStatementMax: number;
  /** Null = all. */
  readonly fields: ReadonlySet<string> | null;
  readonly autoCreate: boolean;
  readonly autoEvolve: boolean;
  readonly offsetsTable: string;
}

export type Options = Readonly<Record<string, string>>;

export const debeziumClass = 'io.debezium.connector.jdbc.JdbcSinkConnector';

/** Well-known sinks of which the address says which database they write to. */
export const jdbcClassNames = [
  'io.aiven.connect.jdbc.JdbcSinkConnector',
  'io.aiven.kafka.connect.jdbc.JdbcSinkConnector',
  'io.confluent.connect.jdbc.JdbcSinkConnector',
  debeziumClass,
] as const;

const kafkaFields = ['__connect_topic', '__connect_partition', '__connect_offset'] as const;

export function sqlSettings(sink: string, options: Options): SqlSettings {
  const values = requireOptions(`Sink ${sink}`, sqlOptions, options);
  const isDebezium = /debezium/i.test(options['connector.class'] ?? '');
  const keyMode = values['pk.mode'];
  const mode = values['insert.mode'];
  const evolves = values['schema.evolution'] === 'basic';
  return {
    queryTimeoutMs: values['query.timeout.ms'],
    mode: mode === 'multi' ? 'insert' : mode,
    keyMode,
    keyFields: keyMode === 'kafka' && values['pk.fields'].length === 0 ? kafkaFields : values['pk.fields'],
    keyIsJson: !/^$|byte|string/i.test(options['key.converter'] ?? ''),
    deleteEnabled: values['delete.enabled'],
    changeEvents: values['change.events'] ?? isDebezium,
    truncateEnabled: values['truncate.enabled'],
    rowsPerStatementMax: values['batch.size'],
    tableFormat: values['table.name.format'],
    tables: new Map(values['topics.to.tables.mapping'].map((pair) => mappingOf(pair) ?? ['', ''])),
    // Debezium's default naming has no dots in names of tables.
    replaced: values['table.name.normalize'] ? /[^A-Za-z0-9_]/g : isDebezium ? /\./g : null,
    fields: values['fields.whitelist'].length === 0 ? null : new Set(values['fields.whitelist']),
    autoCreate: values['auto.create'] ?? evolves,
    autoEvolve: values['auto.evolve'] ?? evolves,
    offsetsTable: values['offsets.table'],
  };
}

/** What does not go together. */
export function sqlProblems(sink: string, options: Options): readonly OptionProblem[] {
  const settings = sqlSettings(sink, options);
  const problems: OptionProblem[] = [];
  const add = (name: keyof typeof sqlOptions, message: string): void => {
    const written = writtenAs(name, options);
    problems.push({ name: written, value: options[written] ?? null, message });
  };
  if (settings.mode !== 'insert' && settings.keyMode === 'none') {
    add(
      'pk.mode',
      `insert.mode=${settings.mode} needs a primary key: set pk.mode to kafka, record_key or record_value`,
    );
  }
  if (settings.mode === 'update' && settings.keyMode === 'kafka') {
    add(
      'pk.mode',
      'insert.mode=update finds no row by topic, partition and offset: set pk.mode to record_key or record_value',
    );
  }
  const deletesByValue = settings.changeEvents && settings.keyMode === 'record_value';
  if (settings.deleteEnabled && settings.keyMode !== 'record_key' && !deletesByValue) {
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

/** The name under which an option was given. */
export function writtenAs(name: keyof typeof sqlOptions, options: Options): string {
  const specs: OptionSpecs = sqlOptions;
  return [name, ...(specs[name]?.aliases ?? [])].find((alias) => options[alias] !== undefined) ?? name;
}

function mappingOf(pair: string): [string, string] | null {
  const [topic = '', table = '', ...rest] = pair.split(':');
  return topic === '' || table === '' || rest.length > 0 ? null : [topic, table];
}

function mappingCheck(pairs: readonly string[]): string | null {
  const wrong = pairs.find((pair) => mappingOf(pair) === null);
  return wrong === undefined ? null : `must be topic:table pairs separated by commas, and ${wrong} is none`;
}
