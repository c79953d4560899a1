import type { MongoClient, MongoClientOptions } from 'mongodb';
import { clientTls } from '../client-tls/client-tls.js';
import type { BsonLibrary } from './bson-values.js';
import type { MongodbSettings } from './options.js';

export interface MongodbConnection {
  readonly client: MongoClient;
  readonly bson: BsonLibrary;
}

/** A client that has found its servers. The driver is loaded when it is first needed. */
export async function connectMongodb(settings: MongodbSettings, timeoutMs: number): Promise<MongodbConnection> {
  const driver = await import('mongodb');
  const options: MongoClientOptions = {
    appName: 'millrace-sink',
    serverSelectionTimeoutMS: timeoutMs,
    connectTimeoutMS: timeoutMs,
    socketTimeoutMS: 60_000,
    retryWrites: true,
    ...(/[?&]w=/i.test(settings.uri) ? {} : { writeConcern: { w: 'majority' as const } }),
    ...(settings.tls ? { tls: true, ...tlsOf(settings) } : {}),
  };
  const client = new driver.MongoClient(settings.uri, options);
  try {
    await client.connect();
  } catch (error) {
    await client.close().catch(() => undefined);
    throw error;
  }
  return { client, bson: driver.BSON };
}

function tlsOf(settings: MongodbSettings): MongoClientOptions {
  const { ca, cert, key, passphrase, checkServerIdentity, rejectUnauthorized } = clientTls(settings.options);
  return Object.fromEntries(
    Object.entries({ ca, cert, key, passphrase, checkServerIdentity, rejectUnauthorized }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
