import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import type { Guarantee } from '#pipeline/sink';
import { messageOf } from '#std/errors';
import { overHttpOptions, overHttpProblems } from '../over-http/over-http-options.js';
import { indexNameProblem, timeText } from './index-name.js';

const noEffect = 'Accepted for the sake of configurations that have it; has no effect here.';

const placesCheck = (text: string): string | null => {
  const wrong = /\$\{(?!topic\}|timestamp\})[^}]*\}/.exec(text)?.[0];
  if (wrong !== undefined) return `${wrong} means nothing here: there are \${topic} and \${timestamp}`;
  const problem = indexNameProblem(text.replaceAll(/\$\{[^}]*\}/g, 'x'));
  return problem === null ? null : `the name ${problem}`;
};

const json = (text: string): string | null => {
  try {
    return typeof JSON.parse(text) === 'object' ? null : 'must be a JSON object';
  } catch (error) {
    return messageOf(error);
  }
};

/** Options of the `opensearch` sink, by the names of Confluent's and Aiven's sinks for Elasticsearch and OpenSearch. */
export const openSearchOptions = defineOptions({
  'connection.url': {
    type: 'list',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: (urls: readonly string[]) =>
      urls.length > 0 && urls.every((url) => /^https?:\/\//i.test(url) && URL.canParse(url))
        ? null
        : 'must be addresses such as https://search-1.example.com:9200, separated by commas',
    doc: 'Nodes: `http://host:9200,http://other:9200`. The next one is taken when one does not answer.',
  },
  'connection.username': {
    type: 'string',
    importance: 'medium',
    group: 'Connection',
    aliases: ['connection.user'],
    doc: 'User (Basic).',
  },
  'connection.password': { type: 'password', importance: 'medium', group: 'Connection', doc: 'Password of the user.' },
  'connection.api.key': {
    type: 'password',
    importance: 'low',
    group: 'Connection',
    doc: 'An API key of Elasticsearch, as its `encoded` has it, instead of a user.',
  },
  'connection.compression': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'Connection',
    doc: 'Send bodies compressed by gzip.',
  },
  'connection.timeout.ms': {
    type: 'int',
    default: 5000,
    min: 10,
    max: 600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Connection',
    doc: 'For a connection, TLS included.',
  },
  'read.timeout.ms': {
    type: 'int',
    default: 30_000,
    min: 10,
    max: 3_600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Connection',
    doc: 'For a whole answer.',
  },
  'index.name.format': {
    type: 'string',
    default: '${topic}',
    importance: 'high',
    group: 'Indexes',
    check: placesCheck,
    doc: 'Index of a record: `${topic}` is the topic, `${timestamp}` the time of the record by `timestamp.format`. Made lower case.',
  },
  'timestamp.format': {
    type: 'string',
    default: 'yyyy.MM.dd',
    importance: 'low',
    group: 'Indexes',
    check: (text: string) => {
      const shown = timeText(text, 0);
      return /[A-Za-z]/.test(shown) ? 'may hold yyyy, MM, dd and HH, and signs between them' : null;
    },
    doc: 'Of `${timestamp}`, in UTC: `yyyy`, `MM`, `dd`, `HH`.',
  },
  'auto.create.indices': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Indexes',
    aliases: ['auto.create.indices.at.start'],
    doc: 'Make an index that is not there. `false`: one that is missing stops the task.',
  },
  'index.create.body': {
    type: 'string',
    importance: 'low',
    group: 'Indexes',
    check: json,
    doc: 'Settings and mappings (JSON) of an index that the sink makes. Absent: as the server’s templates say.',
  },
  'ingest.pipeline': {
    type: 'string',
    importance: 'low',
    group: 'Indexes',
    doc: 'Pipeline of the server that documents go through.',
  },
  'data.stream.type': {
    type: 'string',
    default: 'none',
    values: ['none', 'logs', 'metrics'],
    importance: 'low',
    group: 'Data streams',
    doc: 'Writes into the data stream `<type>-<dataset>-<namespace>`, which a template of the server has to make. `none`: into indexes.',
  },
  'data.stream.dataset': {
    type: 'string',
    importance: 'low',
    group: 'Data streams',
    doc: 'Second part of the name. Absent: the topic.',
  },
  'data.stream.namespace': {
    type: 'string',
    default: '${topic}',
    importance: 'low',
    group: 'Data streams',
    doc: 'Last part of the name; `${topic}` is the topic.',
  },
  'data.stream.name': {
    type: 'string',
    importance: 'low',
    group: 'Data streams',
    check: placesCheck,
    doc: 'The whole name of a data stream to write into, with `${topic}`, where it has no such parts.',
  },
  'data.stream.timestamp.field': {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Data streams',
    doc: 'Fields of the value to take `@timestamp` from: the first that is there. Else the time of the record, where the value has no `@timestamp`.',
  },
  'key.ignore': {
    type: 'boolean',
    default: false,
    importance: 'high',
    group: 'Documents',
    doc: '`false`: the key is the id, and the document of a key is its last record. `true`: the id is topic, partition and offset, a document a record.',
  },
  'topic.key.ignore': {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Documents',
    doc: 'Topics for which `key.ignore` is true.',
  },
  'use.autogenerated.ids': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'Documents',
    doc: 'With `key.ignore`: ids of the server’s own. Somewhat faster, and a record may be there twice.',
  },
  'write.method': {
    type: 'string',
    default: 'insert',
    values: ['insert', 'upsert'],
    importance: 'medium',
    group: 'Documents',
    aliases: ['index.write.method'],
    doc: '`insert` replaces the document of a key. `upsert` puts the fields of the record into it and leaves its others.',
  },
  'external.version.header': {
    type: 'string',
    importance: 'low',
    group: 'Documents',
    doc: 'Header with the version of a document, a whole number as text. Absent: the offset. The server keeps the highest that it has seen.',
  },
  'behavior.on.null.values': {
    type: 'string',
    default: 'fail',
    values: ['ignore', 'delete', 'fail'],
    importance: 'low',
    group: 'Documents',
    doc: 'A record without value: `fail` makes it a bad record, `ignore` passes it over, `delete` takes the document of its key away.',
  },
  'behavior.on.malformed.documents': {
    type: 'string',
    default: 'fail',
    values: ['ignore', 'warn', 'fail'],
    importance: 'medium',
    group: 'Documents',
    doc: 'A document that the server refuses (a field of another type …): `fail` makes it a bad record, for the dead letters; `warn` and `ignore` leave it out, `warn` with a line in the log.',
  },
  'batch.size': {
    type: 'int',
    default: 2000,
    min: 1,
    max: 1_000_000,
    unit: 'records',
    importance: 'medium',
    group: 'Writes',
    doc: 'Most documents in a request.',
  },
  'bulk.size.bytes': {
    type: 'int',
    default: 5 * 1024 * 1024,
    min: 1,
    max: 256 * 1024 * 1024,
    unit: 'bytes',
    importance: 'low',
    group: 'Writes',
    doc: 'Most bytes of values in a request. One that the server finds too large is halved.',
  },
  'max.in.flight.requests': {
    type: 'int',
    default: 5,
    min: 1,
    max: 100,
    importance: 'medium',
    group: 'Writes',
    doc: 'Requests of one partition under way at once. Versions keep the last record of a key the last; `upsert` keeps keys in order.',
  },
  'max.retries': {
    type: 'int',
    default: 5,
    min: 0,
    max: 100,
    importance: 'low',
    group: 'Writes',
    doc: 'How often documents that the server was too busy for are sent again at once. After that the task tries on, with longer pauses.',
  },
  'retry.backoff.ms': {
    type: 'int',
    default: 100,
    min: 1,
    max: 60_000,
    unit: 'ms',
    importance: 'low',
    group: 'Writes',
    doc: 'First pause between two of these; it doubles.',
  },
  'schema.ignore': {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: 'Documents',
    doc: `${noEffect} Mappings are the server’s.`,
  },
  'type.name': {
    type: 'string',
    importance: 'low',
    group: 'Documents',
    doc: `${noEffect} Indexes have no types since Elasticsearch 7.`,
  },
  ...overHttpOptions,
});

type Options = Readonly<Record<string, string>>;
export type OpenSearchValues = ReturnType<typeof readValues>;

export interface OpenSearchSettings {
  readonly values: OpenSearchValues;
  /** As given: for the client. */
  readonly options: Options;
  /** Of nodes, without a slash at the end. */
  readonly urls: readonly string[];
  /** With `${topic}`; null where indexes are written. */
  readonly dataStream: string | null;
  /** A key is JSON text, of which a string is unquoted. */
  readonly keyIsJson: boolean;
}

const readValues = (options: Options) => requireOptions('Sink opensearch', openSearchOptions, options);

export function openSearchSettings(options: Options): OpenSearchSettings {
  const values = readValues(options);
  const type = values['data.stream.type'];
  const parts = [type, values['data.stream.dataset'] ?? '${topic}', values['data.stream.namespace']];
  return {
    values,
    options,
    urls: values['connection.url'].map((url) => url.replace(/\/+$/, '')),
    dataStream: values['data.stream.name'] ?? (type === 'none' ? null : parts.join('-')),
    keyIsJson: /json/i.test(options['key.converter'] ?? ''),
  };
}

/**
 * Versions from offsets make repeated and late writes harmless, as do ids from offsets. Updates of parts have no versions, documents with ids
 * of the server's no other mark, and in a data stream an id is known within one index behind it.
 */
export function openSearchGuarantee(options: Options): Guarantee {
  const { values, dataStream } = openSearchSettings(options);
  const isUnmarked = values['key.ignore'] && values['use.autogenerated.ids'];
  return isUnmarked || dataStream !== null || values['write.method'] === 'upsert'
    ? 'at-least-once'
    : 'effectively-once';
}

/** What does not go together. */
export function openSearchProblems(options: Options): readonly OptionProblem[] {
  const { values, dataStream, urls } = openSearchSettings(options);
  const problems = [...overHttpProblems(options)];
  const add = (name: string, message: string): void => {
    problems.push({ name, value: options[name] ?? null, message });
  };
  if (values['connection.username'] !== null && values['connection.password'] === null) {
    problems.push({
      name: 'connection.password',
      value: null,
      message: 'connection.username needs connection.password',
    });
  }
  if (urls.some((url) => new URL(url).username !== '')) {
    add('connection.url', 'must not have user or password: see connection.username');
  }
  if (values['write.method'] === 'upsert' && values['key.ignore']) {
    add('write.method', 'upsert needs the key as the id: set key.ignore=false');
  }
  if (values['use.autogenerated.ids'] && !values['key.ignore']) {
    add('use.autogenerated.ids', 'ids of the server’s own need key.ignore=true');
  }
  if (values['behavior.on.null.values'] === 'delete' && values['key.ignore']) {
    add('behavior.on.null.values', 'delete needs the key as the id: set key.ignore=false');
  }
  if (dataStream === null) return problems;
  if (values['write.method'] === 'upsert') add('write.method', 'a data stream takes new documents only: insert');
  if (values['behavior.on.null.values'] === 'delete') {
    add('behavior.on.null.values', 'nothing is taken away from a data stream: ignore or fail');
  }
  if (values['external.version.header'] !== null) add('external.version.header', 'a data stream has no versions');
  return problems;
}
