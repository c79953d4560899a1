import type { OptionProblem } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { clientTlsProblems } from '../client-tls/client-tls.js';
import { connectCassandra } from './cassandra-client.js';
import { cassandraMessage, classOfCassandraError } from './cassandra-errors.js';
import { CassandraSink } from './cassandra-sink.js';
import { cassandraOptions, cassandraProblems, cassandraSettings, repeatsAreHarmless } from './options.js';
import { planOf, tableOf } from './table-plan.js';

const verifyTimeoutMs = 5000;

/** DataStax's names of the TLS files, by Kafka's. */
const tlsNames: Readonly<Record<string, string>> = {
  'ssl.truststore.path': 'ssl.truststore.location',
  'ssl.keystore.path': 'ssl.keystore.location',
  'ssl.cipherSuites': 'ssl.cipher.suites',
};

export const cassandraSinkType: SinkType = {
  name: 'cassandra',
  classNames: ['com.datastax.oss.kafka.sink.CassandraSinkConnector', 'com.datastax.kafkaconnector.DseSinkConnector'],
  version: '0.1.0',
  doc: 'Rows in Cassandra (ScyllaDB, DataStax) by key, each with a write timestamp that follows from its record: written twice or late, it is the same row.',
  options: cassandraOptions,
  check: (options) => [...cassandraProblems(options), ...clientTlsProblems(options)],
  verify: verifyCassandra,
  translate(_className, options) {
    const named = Object.entries(options).flatMap(([name, value]) => {
      if (name === 'ssl.hostnameValidation') {
        return [['ssl.endpoint.identification.algorithm', value === 'false' ? '' : 'https'] as const];
      }
      if (name === 'ssl.provider' && value === 'OpenSSL') return [[name, 'JDK'] as const];
      return [[tlsNames[name] ?? name, value] as const];
    });
    return Object.fromEntries(named);
  },
  guarantee: (options) => (repeatsAreHarmless(options) ? 'effectively-once' : 'at-least-once'),
  create: (options) => new CassandraSink(cassandraSettings(options)),
};

/** Login and tables, as far as the options name them: a table that is called after its topic is looked at when its first record comes. */
async function verifyCassandra(options: Readonly<Record<string, string>>): Promise<readonly OptionProblem[]> {
  const settings = cassandraSettings(options);
  const problem = (name: string, message: string): OptionProblem => ({
    name,
    value: name === 'auth.password' ? null : (options[name] ?? null),
    message,
  });
  let client;
  try {
    client = await connectCassandra({ ...settings, requestTimeoutMs: verifyTimeoutMs }, verifyTimeoutMs);
  } catch (error) {
    const message = cassandraMessage(error);
    if (/local data center|localDataCenter/i.test(message)) return [problem('loadBalancing.localDc', message)];
    const login = classOfCassandraError(error) === 'fatal' && /auth|password|username|credential/i.test(message);
    return [problem(login ? 'auth.password' : 'contactPoints', message)];
  }
  try {
    const problems: OptionProblem[] = [];
    const topics = (options['topics'] ?? '').split(',').map((topic) => topic.trim());
    for (const rule of settings.rules) {
      const named = topics.filter((topic) => topic !== '' && !settings.rules.some((other) => other.topic === topic));
      for (const topic of rule.topic === null ? named : [rule.topic]) {
        const name = tableOf(rule, topic);
        const result = planOf(rule, name, await client.metadata.getTable(rule.keyspace, name));
        if ('problem' in result) problems.push(problem(rule.option, result.problem));
      }
    }
    return problems;
  } catch (error) {
    return [problem('contactPoints', cassandraMessage(error))];
  } finally {
    await client.shutdown().catch(() => undefined);
  }
}
