import type { OptionProblem } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { silentLogger } from '#std/log';
import { clientTlsProblems } from '../client-tls/client-tls.js';
import { connectMongodb } from './mongodb-client.js';
import { MongodbSink } from './mongodb-sink.js';
import { mongodbOptions, mongodbProblems, mongodbSettings, repeatsAreHarmless } from './options.js';

const verifyTimeoutMs = 5000;

/** Names of MongoDB's connector for the TLS files, by Kafka's. */
const tlsNames: Readonly<Record<string, string>> = {
  'connection.ssl.truststore': 'ssl.truststore.location',
  'connection.ssl.truststorePassword': 'ssl.truststore.password',
  'connection.ssl.keystore': 'ssl.keystore.location',
  'connection.ssl.keystorePassword': 'ssl.keystore.password',
};

export const mongodbSinkType: SinkType = {
  name: 'mongodb',
  classNames: ['com.mongodb.kafka.connect.MongoSinkConnector'],
  version: '0.1.0',
  doc: 'Documents in MongoDB from JSON objects: replaced, updated, inserted or deleted by _id, each record once by transactions.',
  options: mongodbOptions,
  check: (options) => [...mongodbProblems(options), ...clientTlsProblems(options)],
  verify: verifyMongodb,
  translate: (_className, options) =>
    Object.fromEntries(Object.entries(options).map(([name, value]) => [tlsNames[name] ?? name, value])),
  guarantee(options) {
    const settings = mongodbSettings(options);
    if (settings.transactions) return 'exactly-once';
    return repeatsAreHarmless(settings) ? 'effectively-once' : 'at-least-once';
  },
  async alterOffsets(name, options, positions) {
    const sink = new MongodbSink(mongodbSettings(options));
    try {
      await sink.start({ name, task: 0, clock: systemClock, logger: silentLogger, ownerEpoch: 0, stateDirectory: '' });
      await sink.alter(positions);
    } finally {
      await sink.stop();
    }
  },
  create: (options) => new MongodbSink(mongodbSettings(options)),
};

/** Address, login, and whether the servers have transactions where the options want them. */
async function verifyMongodb(options: Readonly<Record<string, string>>): Promise<readonly OptionProblem[]> {
  const settings = mongodbSettings(options);
  let connection;
  try {
    connection = await connectMongodb(settings, verifyTimeoutMs);
    const hello = await connection.client.db(settings.database).command({ hello: 1 });
    const single = hello['setName'] === undefined && hello['msg'] !== 'isdbgrid';
    if (settings.transactions && single) {
      const message =
        'The server is a single one, and transactions need a replica set: make it one, or set transactions=false';
      return [{ name: 'transactions', value: options['transactions'] ?? null, message }];
    }
    return [];
  } catch (error) {
    return [{ name: 'connection.uri', value: null, message: messageOf(error) }];
  } finally {
    await connection?.client.close().catch(() => undefined);
  }
}
