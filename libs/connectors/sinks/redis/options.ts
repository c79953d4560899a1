import { defineOptions, parseOptions, requireOptions, type OptionProblem, type OptionValues } from '#config/options';
import { messageOf } from '#std/errors';
import { clientTlsOptions } from '../client-tls/client-tls-options.js';
import { KeyTemplate } from './key-template.js';

export const redisCommands = ['SET', 'HSET', 'XADD', 'RPUSH', 'LPUSH', 'SADD', 'DEL'] as const;
export type RedisCommand = (typeof redisCommands)[number];

/** Options of the `redis` sink, under the names of Redis's own connector for Kafka where it has them. */
export const redisSinkOptions = defineOptions({
  'redis.uri': {
    type: 'password',
    importance: 'high',
    group: 'Connection',
    check: uriProblem,
    doc: 'The server: `redis://host:6379/0`, `rediss://user:password@host` over TLS. It or `redis.hosts` must be set.',
  },
  'redis.hosts': {
    type: 'list',
    default: [],
    importance: 'high',
    group: 'Connection',
    doc: 'Instead of the address: `host:port` of the server, of some nodes of the cluster, or of the sentinels.',
  },
  'redis.client.mode': {
    type: 'string',
    default: 'Standalone',
    values: ['Standalone', 'Cluster', 'Sentinel'],
    importance: 'high',
    group: 'Connection',
    doc: '`Cluster` finds the node of each key; `Sentinel` asks the sentinels for the primary named by `redis.sentinel.master`.',
  },
  'redis.sentinel.master': {
    type: 'string',
    default: 'mymaster',
    importance: 'low',
    group: 'Connection',
    doc: 'Name of the primary that the sentinels watch.',
  },
  'redis.username': { type: 'string', importance: 'medium', group: 'Connection', doc: 'User of an access list (ACL).' },
  'redis.password': {
    type: 'password',
    importance: 'high',
    group: 'Connection',
    doc: 'Password of the user, or of the server.',
  },
  'redis.database': {
    type: 'int',
    default: 0,
    min: 0,
    importance: 'medium',
    group: 'Connection',
    doc: 'Number of the database, where the address has none. A cluster has only 0.',
  },
  'redis.timeout': {
    type: 'int',
    default: 60,
    min: 1,
    max: 3600,
    unit: 's',
    importance: 'low',
    group: 'Connection',
    doc: 'A command without an answer for so long is given up, and the batch tried again.',
  },
  'redis.tls': {
    type: 'boolean',
    default: false,
    importance: 'high',
    group: 'TLS',
    aliases: ['redis.ssl.enabled'],
    doc: 'Speak TLS, with the settings below. An address with `rediss:` does it too.',
  },
  ...clientTlsOptions(),
  'redis.command': {
    type: 'string',
    default: 'SET',
    values: redisCommands,
    importance: 'high',
    group: 'Writes',
    aliases: ['redis.type'],
    doc:
      '`SET`: the value as it is under a key each. `HSET`: the fields of a JSON object as those of a hash each. `XADD`: an entry of a stream. ' +
      '`RPUSH`, `LPUSH`: an element of a list. `SADD`: a member of a set. `DEL`: deletes the key.',
  },
  'redis.key': {
    type: 'string',
    importance: 'high',
    group: 'Writes',
    check: templateProblem,
    doc:
      'The key in Redis, with `${topic}`, `${partition}`, `${offset}`, `${key}` (the record’s) and `${value.FIELD}`. Absent: `${topic}` for streams, ' +
      'lists and sets, `${topic}:${key}` for the others.',
  },
  'redis.value': {
    type: 'string',
    default: 'fields',
    values: ['fields', 'bytes'],
    importance: 'medium',
    group: 'Writes',
    doc: 'What an entry of a stream has: `fields` of the JSON object (objects in it as JSON text), or `bytes`: the fields `key` and `value` as they are.',
  },
  'redis.ttl': {
    type: 'int',
    default: 0,
    min: 0,
    unit: 's',
    importance: 'medium',
    group: 'Writes',
    doc: 'How long the keys of `SET` and `HSET` live after they are written. 0 = for ever.',
  },
  'redis.stream.maxlen': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'entries',
    importance: 'medium',
    group: 'Writes',
    doc: 'Streams are cut to about so many entries. 0 = never.',
  },
  'redis.multiexec': {
    type: 'boolean',
    default: true,
    importance: 'medium',
    group: 'Delivery',
    doc:
      'Keep the position of each topic-partition in Redis and move it in one step with what is written: each record counts once. `false` gives that ' +
      'up: records after a crash are written again.',
  },
  'redis.position.prefix': {
    type: 'string',
    default: 'millrace:sink',
    importance: 'low',
    group: 'Delivery',
    doc: 'Beginning of the keys of these positions.',
  },
  'redis.batch.records': {
    type: 'int',
    default: 1000,
    min: 1,
    max: 10_000,
    unit: 'records',
    importance: 'low',
    group: 'Delivery',
    doc: 'Most records in one step. Redis does nothing else while it takes them.',
  },
  'redis.wait.replicas': {
    type: 'int',
    default: 0,
    min: 0,
    max: 100,
    unit: 'replicas',
    importance: 'medium',
    group: 'Delivery',
    doc: 'How many replicas must have a batch before its records count as delivered (`WAIT`).',
  },
  'redis.wait.timeout': {
    type: 'long',
    default: 1000,
    min: 1,
    max: 60_000,
    unit: 'ms',
    importance: 'low',
    group: 'Delivery',
    doc: 'How long that may take, before the batch is tried again.',
  },
});

export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
}

export interface RedisSinkSettings {
  readonly endpoints: readonly RedisEndpoint[];
  readonly mode: 'Standalone' | 'Cluster' | 'Sentinel';
  readonly sentinelMaster: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  readonly timeoutMs: number;
  readonly tls: boolean;
  /** As they came, for the TLS block. */
  readonly options: Readonly<Record<string, string>>;
  readonly command: RedisCommand;
  readonly key: KeyTemplate;
  readonly entriesHaveFields: boolean;
  readonly ttlSeconds: number;
  readonly streamLengthMax: number;
  /** The position is written in one step with the records. */
  readonly guarded: boolean;
  readonly positionPrefix: string;
  readonly recordsPerStepMax: number;
  readonly replicas: number;
  readonly replicasTimeoutMs: number;
}

type Options = Readonly<Record<string, string>>;
type Values = OptionValues<typeof redisSinkOptions>;

const defaultPort = 6379;

export function redisSinkSettings(options: Options): RedisSinkSettings {
  const values = requireOptions('Sink redis', redisSinkOptions, options);
  const uri = values['redis.uri'] === null ? null : new URL(values['redis.uri']);
  const key = templateOf(values);
  return {
    endpoints: values['redis.hosts'].length > 0 ? values['redis.hosts'].map(endpointOf) : [endpointOf(uri?.host ?? '')],
    mode: values['redis.client.mode'],
    sentinelMaster: values['redis.sentinel.master'],
    username: values['redis.username'] ?? (decodeURIComponent(uri?.username ?? '') || null),
    password: values['redis.password'] ?? (decodeURIComponent(uri?.password ?? '') || null),
    database: options['redis.database'] === undefined ? Number(uri?.pathname.slice(1) ?? '') : values['redis.database'],
    timeoutMs: values['redis.timeout'] * 1000,
    tls: values['redis.tls'] || uri?.protocol === 'rediss:',
    options,
    command: values['redis.command'],
    key,
    entriesHaveFields: values['redis.value'] === 'fields',
    ttlSeconds: values['redis.ttl'],
    streamLengthMax: values['redis.stream.maxlen'],
    guarded: isGuarded(values, key),
    positionPrefix: values['redis.position.prefix'],
    recordsPerStepMax: values['redis.batch.records'],
    replicas: values['redis.wait.replicas'],
    replicasTimeoutMs: values['redis.wait.timeout'],
  };
}

/** What does not go together. */
export function redisSinkProblems(options: Options): readonly OptionProblem[] {
  const { values } = parseOptions(redisSinkOptions, options);
  const problems: OptionProblem[] = [];
  const add = (name: string, message: string): void => {
    problems.push({ name, value: name === 'redis.uri' ? null : (options[name] ?? null), message });
  };
  if (values['redis.uri'] === null && values['redis.hosts'].length === 0) {
    add('redis.uri', 'redis.uri is missing, and so is redis.hosts: set one of them');
  }
  if (values['redis.hosts'].some((host) => endpointOf(host).host === '')) {
    add('redis.hosts', 'redis.hosts must be like host:6379, host-2:6379');
  }
  if (values['redis.client.mode'] === 'Cluster' && values['redis.database'] !== 0) {
    add('redis.database', 'redis.database must be 0: a cluster has no other');
  }
  const key = options['redis.key'];
  const named = key === undefined || templateProblem(key) !== null || KeyTemplate.parse(key).namesRecords;
  if (!named && keyed.has(values['redis.command'])) {
    add(
      'redis.key',
      `redis.key must hold \${key}, \${offset} or \${value.FIELD}: each ${values['redis.command']} would overwrite the one before`,
    );
  }
  return problems;
}

/** Exactly-once where positions are kept: see the option `redis.multiexec`. */
export function keepsPositions(options: Options): boolean {
  const { values } = parseOptions(redisSinkOptions, options);
  return isGuarded(values, templateOf(values));
}

const keyed: ReadonlySet<RedisCommand> = new Set(['SET', 'HSET', 'DEL']);

function templateOf(values: Values): KeyTemplate {
  return KeyTemplate.parse(
    values['redis.key'] ?? (keyed.has(values['redis.command']) ? '${topic}:${key}' : '${topic}'),
  );
}

/** In a cluster one step can touch the keys of one slot only. */
function isGuarded(values: Values, key: KeyTemplate): boolean {
  if (!values['redis.multiexec']) return false;
  return values['redis.client.mode'] !== 'Cluster' || key.fixedTag('t', 0) !== null;
}

function endpointOf(text: string): RedisEndpoint {
  const match = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(text.trim());
  return { host: (match?.[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(match?.[2] ?? defaultPort) };
}

function uriProblem(uri: string): string | null {
  const wanted = 'must be like redis://host:6379/0 or rediss://host:6379';
  if (!/^rediss?:\/\//.test(uri) || !URL.canParse(uri)) return wanted;
  const { hostname, pathname } = new URL(uri);
  return hostname !== '' && /^(\/\d*)?$/.test(pathname) ? null : wanted;
}

function templateProblem(text: string): string | null {
  try {
    KeyTemplate.parse(text);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
