import type { OptionProblem } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { clientTlsProblems } from '../client-tls/client-tls.js';
import { keepsPositions, redisSinkOptions, redisSinkProblems, redisSinkSettings } from './options.js';
import { connectRedis } from './redis-client.js';
import { redisMessage } from './redis-errors.js';
import { RedisSink } from './redis-sink.js';

const verifyTimeoutMs = 5000;

export const redisSinkType: SinkType = {
  name: 'redis',
  classNames: [
    'com.redis.kafka.connect.RedisSinkConnector',
    'com.github.jcustenborder.kafka.connect.redis.RedisSinkConnector',
  ],
  version: '0.1.0',
  doc: 'Records in Redis: strings, hashes, streams, lists or sets, each record once, with the position beside them.',
  options: redisSinkOptions,
  check: (options) => [...redisSinkProblems(options), ...clientTlsProblems(options)],
  verify: verifyRedis,
  translate(className, options) {
    const translated: Record<string, string> = { ...options };
    // Its records become plain strings under the record's own key.
    if (/jcustenborder/i.test(className)) translated['redis.key'] ??= '${key}';
    if (options['redis.cluster.enabled'] === 'true' || options['redis.cluster'] === 'true') {
      translated['redis.client.mode'] ??= 'Cluster';
    }
    // Redis's connector: keyspace, separator, record key.
    const keyspace = options['redis.keyspace'];
    if (keyspace !== undefined) {
      const keyed = /^(set|hset|del|hash|string)$/i.test(options['redis.command'] ?? options['redis.type'] ?? 'SET');
      translated['redis.key'] ??= keyed ? `${keyspace}${options['redis.separator'] ?? ':'}\${key}` : keyspace;
    }
    const command = (options['redis.command'] ?? options['redis.type'] ?? '').toUpperCase();
    const types: Readonly<Record<string, string>> = { STREAM: 'XADD', HASH: 'HSET', STRING: 'SET', LIST: 'RPUSH' };
    if (types[command] !== undefined) translated['redis.command'] = types[command];
    return translated;
  },
  guarantee: (options) => (keepsPositions(options) ? 'exactly-once' : 'at-least-once'),
  async alterOffsets(name, options, positions) {
    if (!keepsPositions(options)) return;
    const sink = new RedisSink(redisSinkSettings(options));
    try {
      await sink.start({ name, task: 0, clock: systemClock, logger: silentLogger, ownerEpoch: 0, stateDirectory: '' });
      await sink.alter(positions);
    } finally {
      await sink.stop();
    }
  },
  create: (options) => new RedisSink(redisSinkSettings(options)),
};

/** Address, login, and whether the server is what the options take it for. */
async function verifyRedis(options: Readonly<Record<string, string>>): Promise<readonly OptionProblem[]> {
  const settings = redisSinkSettings(options);
  const address = options['redis.hosts'] === undefined ? 'redis.uri' : 'redis.hosts';
  const problem = (name: string, message: string): OptionProblem => ({ name, value: null, message });
  let client;
  try {
    client = await connectRedis({ ...settings, timeoutMs: verifyTimeoutMs }, () => undefined);
    const info = String(await client.call('INFO'));
    const isCluster = /^cluster_enabled:1/m.test(info);
    if (isCluster && settings.mode !== 'Cluster') {
      return [problem('redis.client.mode', 'The server is a node of a cluster: set redis.client.mode=Cluster')];
    }
    if (/^role:slave/m.test(info)) {
      return [problem(address, 'The server is a replica, which takes no writes: name the primary, or its sentinels')];
    }
    return [];
  } catch (error) {
    const message = redisMessage(error);
    const login = /WRONGPASS|NOAUTH|invalid password|without any password/i.test(message);
    return [problem(login ? 'redis.password' : /NOPERM/.test(message) ? 'redis.username' : address, message)];
  } finally {
    client?.disconnect();
  }
}
