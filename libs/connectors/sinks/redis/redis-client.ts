import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { clientTls } from '../client-tls/client-tls.js';
import type { RedisSinkSettings } from './options.js';

export type RedisClient = Redis | Cluster;

const connectTimeoutMs = 5000;

/** A connection of its own, ready for commands; or one to each node of a cluster. The library is loaded when it is first needed. */
export async function connectRedis(settings: RedisSinkSettings, onLost: (error: Error) => void): Promise<RedisClient> {
  const ioredis = await import('ioredis');
  const [first] = settings.endpoints;
  const common: RedisOptions = {
    connectTimeout: connectTimeoutMs,
    commandTimeout: settings.timeoutMs,
    // Coming back is the sink's business: it has to ask for its position again.
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    lazyConnect: true,
    ...(settings.tls ? { tls: clientTls(settings.options) } : {}),
    ...(settings.password === null ? {} : { password: settings.password }),
    ...(settings.username === null ? {} : { username: settings.username }),
  };
  const client =
    settings.mode === 'Cluster'
      ? new ioredis.Cluster(
          settings.endpoints.map(({ host, port }) => ({ host, port })),
          {
            lazyConnect: true,
            clusterRetryStrategy: () => null,
            slotsRefreshTimeout: connectTimeoutMs,
            redisOptions: common,
          },
        )
      : new ioredis.Redis({
          ...common,
          db: settings.database,
          ...(settings.mode === 'Sentinel'
            ? {
                sentinels: settings.endpoints.map(({ host, port }) => ({ host, port })),
                name: settings.sentinelMaster,
                sentinelRetryStrategy: () => null,
              }
            : { host: first?.host ?? '', port: first?.port ?? 0 }),
        });
  let failure: Error | null = null;
  client.on('error', (error: Error) => (failure = error));
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    // "Connection is closed" says less than what closed it.
    throw failure ?? error;
  }
  client.once('close', () => onLost(failure ?? new Error('Connection is closed.')));
  return client;
}
