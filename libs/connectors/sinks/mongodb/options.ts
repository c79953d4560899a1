import { defineOptions, parseOptions, requireOptions, type OptionProblem } from '#config/options';
import { clientTlsOptions } from '../client-tls/client-tls-options.js';

const idStrategies = [
  ...(['BsonOidStrategy', 'UuidStrategy', 'KafkaMetaDataStrategy', 'FullKeyStrategy'] as const),
  ...(['PartialKeyStrategy', 'PartialValueStrategy', 'ProvidedInKeyStrategy', 'ProvidedInValueStrategy'] as const),
] as const;
const writeStrategies = [
  ...(['DefaultWriteModelStrategy', 'ReplaceOneDefaultStrategy', 'InsertOneDefaultStrategy'] as const),
  ...(['UpdateOneDefaultStrategy', 'DeleteOneDefaultStrategy'] as const),
] as const;
export type IdStrategy = (typeof idStrategies)[number];

/** Options of the `mongodb` sink, under the names of MongoDB's own connector for Kafka where it has them. */
export const mongodbOptions = defineOptions({
  'connection.uri': {
    type: 'password',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: (uri: string) =>
      /^mongodb(\+srv)?:\/\/[^/]+/.test(uri)
        ? null
        : 'must be like mongodb://user:password@host-1,host-2/?replicaSet=name',
    doc: 'The servers, in MongoDB’s own form: `mongodb://user:password@host-1,host-2/?replicaSet=name`.',
  },
  ...clientTlsOptions(),
  database: {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Collections',
    doc: 'Database of the collections.',
  },
  collection: {
    type: 'string',
    importance: 'high',
    group: 'Collections',
    doc: 'Collection. Absent: the topic’s name.',
  },
  'topic.override': {
    type: 'map',
    importance: 'medium',
    group: 'Collections',
    doc: 'Others for single topics: `topic.override.<topic>.collection`, `topic.override.<topic>.database`.',
  },
  'document.id.strategy': {
    type: 'string',
    default: 'KafkaMetaDataStrategy',
    importance: 'high',
    group: 'Documents',
    check: (name: string) => (idStrategyOf(name) === null ? `must be one of ${idStrategies.join(', ')}` : null),
    doc:
      'What becomes `_id`: `KafkaMetaDataStrategy` topic, partition and offset; `FullKeyStrategy` the record key; `PartialKeyStrategy` and ' +
      '`PartialValueStrategy` some of its fields; `ProvidedInKeyStrategy` and `ProvidedInValueStrategy` the field `_id` there; `BsonOidStrategy` and ' +
      '`UuidStrategy` a new one. With or without the Java package.',
  },
  'document.id.strategy.partial.key.projection.list': {
    type: 'list',
    default: [],
    importance: 'medium',
    group: 'Documents',
    doc: 'Fields of the key that make `_id`, for `PartialKeyStrategy`.',
  },
  'document.id.strategy.partial.value.projection.list': {
    type: 'list',
    default: [],
    importance: 'medium',
    group: 'Documents',
    doc: 'Fields of the value that make `_id`, for `PartialValueStrategy`.',
  },
  'writemodel.strategy': {
    type: 'string',
    default: 'DefaultWriteModelStrategy',
    importance: 'high',
    group: 'Documents',
    check: (name: string) =>
      strategyIn(writeStrategies, name) === null ? `must be one of ${writeStrategies.join(', ')}` : null,
    doc:
      '`ReplaceOneDefaultStrategy` (`Default…` is the same) replaces the document of that `_id` or adds it; `UpdateOneDefaultStrategy` sets its fields and ' +
      'leaves others; `InsertOneDefaultStrategy` only adds; `DeleteOneDefaultStrategy` deletes. With or without the Java package.',
  },
  'delete.on.null.values': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Documents',
    doc: 'A record without value deletes the document of its key. Needs an `_id` from the key.',
  },
  'max.batch.size': {
    type: 'int',
    default: 0,
    min: 0,
    unit: 'records',
    importance: 'medium',
    group: 'Delivery',
    doc: 'Most records in one request or transaction. 0 = as many as the runner has gathered.',
  },
  transactions: {
    type: 'boolean',
    default: true,
    importance: 'high',
    group: 'Delivery',
    doc:
      'Write documents and the position of their topic-partition in one transaction: each record counts once. Needs a replica set or a sharded cluster. ' +
      '`false`: as safe as `_id` and write model make a repetition.',
  },
  'positions.collection': {
    type: 'string',
    default: 'millrace_sink_positions',
    importance: 'low',
    group: 'Delivery',
    doc: 'Collection of these positions, in `database`.',
  },
});

export interface MongodbSettings {
  readonly uri: string;
  readonly options: Readonly<Record<string, string>>;
  readonly tls: boolean;
  readonly database: string;
  /** Null = the topic's name. */
  readonly collection: string | null;
  readonly overrides: Readonly<Record<string, string>>;
  readonly idStrategy: IdStrategy;
  readonly idFields: readonly string[];
  readonly write: 'replace' | 'insert' | 'update' | 'delete';
  readonly deletesOnNull: boolean;
  readonly keyIsJson: boolean;
  /** Infinity = no bound. */
  readonly recordsPerRequestMax: number;
  readonly transactions: boolean;
  readonly positionsCollection: string;
}

type Options = Readonly<Record<string, string>>;

export function mongodbSettings(options: Options): MongodbSettings {
  const values = requireOptions('Sink mongodb', mongodbOptions, options);
  const idStrategy = idStrategyOf(values['document.id.strategy']) ?? 'KafkaMetaDataStrategy';
  const part = idStrategy === 'PartialKeyStrategy' ? 'key' : 'value';
  return {
    uri: values['connection.uri'],
    options,
    tls: Object.keys(options).some((name) => /^ssl\.(truststore|keystore)\.(location|cert|key)/.test(name)),
    database: values.database,
    collection: values.collection,
    overrides: values['topic.override'],
    idStrategy,
    idFields: values[`document.id.strategy.partial.${part}.projection.list`],
    write: writeOf(values['writemodel.strategy']),
    deletesOnNull: values['delete.on.null.values'],
    keyIsJson: /json/i.test(options['key.converter'] ?? ''),
    recordsPerRequestMax: values['max.batch.size'] === 0 ? Infinity : values['max.batch.size'],
    transactions: values.transactions,
    positionsCollection: values['positions.collection'],
  };
}

/** What does not go together. */
export function mongodbProblems(options: Options): readonly OptionProblem[] {
  const { values } = parseOptions(mongodbOptions, options);
  const problems: OptionProblem[] = [];
  const add = (name: string, message: string): void => {
    problems.push({ name, value: options[name] ?? null, message });
  };
  const strategy = idStrategyOf(values['document.id.strategy']);
  const fromKey =
    strategy === 'FullKeyStrategy' || strategy === 'PartialKeyStrategy' || strategy === 'ProvidedInKeyStrategy';
  if (values['delete.on.null.values'] && !fromKey) {
    add(
      'delete.on.null.values',
      'delete.on.null.values=true needs an _id from the key: document.id.strategy FullKeyStrategy, PartialKeyStrategy or ProvidedInKeyStrategy',
    );
  }
  for (const [part, name] of [
    ['key', 'PartialKeyStrategy'],
    ['value', 'PartialValueStrategy'],
  ] as const) {
    const list = `document.id.strategy.partial.${part}.projection.list` as const;
    if (strategy === name && values[list].length === 0) add(list, `${list} is missing: ${name} needs it`);
  }
  for (const name of Object.keys(values['topic.override'])) {
    if (!/.\.(collection|database)$/.test(name)) {
      add(`topic.override.${name}`, 'only collection and database of a topic can be set');
    }
  }
  return problems;
}

/** Whether a record that is written again, in order, leaves the same documents. */
export function repeatsAreHarmless({ idStrategy }: Pick<MongodbSettings, 'idStrategy'>): boolean {
  return idStrategy !== 'BsonOidStrategy' && idStrategy !== 'UuidStrategy';
}

function idStrategyOf(name: string): IdStrategy | null {
  return strategyIn(idStrategies, name);
}

function strategyIn<T extends string>(known: readonly T[], name: string): T | null {
  const simple = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return known.find((candidate) => candidate.toLowerCase() === simple) ?? null;
}

function writeOf(name: string): MongodbSettings['write'] {
  switch (strategyIn(writeStrategies, name)) {
    case 'InsertOneDefaultStrategy':
      return 'insert';
    case 'UpdateOneDefaultStrategy':
      return 'update';
    case 'DeleteOneDefaultStrategy':
      return 'delete';
    default:
      return 'replace';
  }
}
