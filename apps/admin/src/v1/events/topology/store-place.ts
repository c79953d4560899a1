/** Where a sink writes to, for people: host and path, never a login. */
import { resolveReferences } from '#config/references';
import type { Connector } from '#control/connector';
import { hideUrls } from '../../../connect/secrets.js';

/** Where the store is, and what in it: the first that is written of each. */
const placeKeys = [
  'connection.url',
  'connection.uri',
  'clickhouse.url',
  'hostname',
  'redis.uri',
  'redis.hosts',
  'store.url',
  's3.bucket.name',
  'hdfs.url',
  'hdfs.path',
  'http.url',
  'file.path',
  'path',
  'url',
  'endpoint',
  'contactPoints',
  'hbase.zookeeper.quorum',
  'zookeeperQuorum',
  'bootstrap.servers',
  'kafka.bootstrap.servers',
  'sink.directory',
  'hostNames',
  'host',
];
const thingKeys = [
  'table.name.format',
  'table',
  'collection',
  'index.name.format',
  'indexName',
  'database',
  'keyspace',
  'redis.key',
  'exchange',
  'queue',
  'kafka.topic',
  'topic',
];
const charactersMax = 120;

const databaseKeys = new Set([
  'connection.url',
  'connection.uri',
  'clickhouse.url',
  'redis.uri',
  'hdfs.url',
  'store.url',
]);
const known = new WeakMap<Connector, string>();

/** References to databases are followed, so that people see which one it is; others may hold what is not for people, and stay. */
export function storeOf(connector: Connector, environment: Readonly<Record<string, string | undefined>>): string {
  const found = known.get(connector) ?? storePlace((name) => optionOf(connector, name, environment));
  known.set(connector, found);
  return found;
}

function optionOf(
  { config }: Connector,
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  const written = config[name];
  if (written === undefined) return null;
  if (!databaseKeys.has(name)) return written;
  try {
    return resolveReferences({ [name]: written }, environment)[name] ?? null;
  } catch {
    return written;
  }
}

export function storePlace(option: (name: string) => string | null): string {
  const place = firstOf(placeKeys, option);
  const thing = firstOf(thingKeys, option);
  const shown = place === null ? null : withoutLogin(place);
  const text = [thing, shown].filter((part) => part !== null).join(' in ');
  return text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;
}

function firstOf(keys: readonly string[], option: (name: string) => string | null): string | null {
  for (const key of keys) {
    const value = option(key)?.trim() ?? '';
    if (value !== '') return value;
  }
  return null;
}

function withoutLogin(text: string): string {
  return hideUrls(text)
    .replaceAll(/([a-z][\w+.-]*:\/\/)[^\s/@]*@/gi, '$1')
    .replace(/[?;].*$/s, '');
}
