import { Socket } from 'node:net';
import type { Client, ClientOptions } from 'cassandra-driver';
import { clientTls } from '../client-tls/client-tls.js';
import type { CassandraSettings } from './options.js';

/** What the sink asks of the driver's client. */
export type CassandraClient = Pick<Client, 'connect' | 'execute' | 'batch' | 'metadata' | 'shutdown'>;
export type CassandraConnect = (settings: CassandraSettings, connectTimeoutMs: number) => Promise<CassandraClient>;

/** A client of the cluster, connected. The driver is loaded when it is first needed. */
export const connectCassandra: CassandraConnect = async (settings, connectTimeoutMs) => {
  const driver = await import('cassandra-driver');
  const options: ClientOptions = {
    contactPoints: [...settings.contactPoints],
    localDataCenter: settings.localDataCenter,
    pooling: { coreConnectionsPerHost: { [driver.types.distance.local]: settings.connectionsPerHost } },
    socketOptions: { connectTimeout: connectTimeoutMs, readTimeout: settings.requestTimeoutMs },
    queryOptions: { prepare: true, isIdempotent: true },
    // A parameter that is undefined leaves its column alone.
    encoding: { useUndefinedAsUnset: true },
    ...(settings.credentials === null ? {} : { credentials: { ...settings.credentials } }),
    ...(settings.tls ? { sslOptions: clientTls(settings.options) } : {}),
  };
  const client = new driver.default.Client(options);
  try {
    await client.connect();
  } catch (error) {
    closeControlConnection(client);
    await client.shutdown().catch(() => undefined);
    throw error;
  }
  return client;
};

/** Told of a wrong data center, the driver leaves the connection open that told it (cassandra-driver 4.10). */
function closeControlConnection(client: Client): void {
  const control: unknown = Reflect.get(client, 'controlConnection');
  const connection: unknown =
    typeof control === 'object' && control !== null ? Reflect.get(control, 'connection') : null;
  const socket: unknown =
    typeof connection === 'object' && connection !== null ? Reflect.get(connection, 'netClient') : null;
  if (socket instanceof Socket) socket.destroy();
}
