import type { OptionProblem } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicsError, topicsErrors } from '#topics/errors';
import { TopicAdmin } from '#topics/topic-admin';
import { KafkaSink } from './kafka-sink.js';
import { isExactlyOnce, kafkaSinkOptions, kafkaSinkProblems, kafkaSinkSettings } from './options.js';
import { KafkaReading } from './read-back.js';
import { topicName } from './target-topics.js';

const verifyMs = 6000;

export const kafkaSinkType: SinkType = {
  name: 'kafka',
  // A Flume sink's own options have the same names here.
  classNames: [
    'org.apache.flume.sink.kafka.KafkaSink',
    'org.apache.camel.kafkaconnector.kafkasink.CamelKafkasinkSinkConnector',
  ],
  version: '0.1.0',
  doc: 'Records in topics of another Kafka cluster, or of the same one under another name: as they are, each once.',
  options: kafkaSinkOptions,
  check: kafkaSinkProblems,
  verify,
  translate(_className, options) {
    const translated = { ...options };
    for (const [camel, name] of Object.entries(camelNames)) {
      const value = options[`camel.kamelet.kafka-sink.${camel}`];
      if (value !== undefined) translated[name] ??= value;
    }
    const user = options['camel.kamelet.kafka-sink.user'];
    const password = options['camel.kamelet.kafka-sink.password'];
    if (user !== undefined && password !== undefined) {
      const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
      translated['sasl.jaas.config'] ??=
        `org.apache.kafka.common.security.plain.PlainLoginModule required username=${quoted(user)} password=${quoted(password)};`;
      translated['security.protocol'] ??= 'SASL_SSL';
      translated['sasl.mechanism'] ??= 'PLAIN';
    }
    return translated;
  },
  guarantee: (options) => (isExactlyOnce(options) ? 'exactly-once' : 'at-least-once'),
  async alterOffsets(name, options, positions) {
    if (!isExactlyOnce(options)) return;
    const sink = new KafkaSink(kafkaSinkSettings(options));
    try {
      await sink.start({ name, task: 0, clock: systemClock, logger: silentLogger, ownerEpoch: 0, stateDirectory: '' });
      await sink.alter(positions);
    } finally {
      await sink.stop();
    }
  },
  readBack: (options, scope) => new KafkaReading(kafkaSinkSettings(options), scope),
  create: (options) => new KafkaSink(kafkaSinkSettings(options)),
};

/** Names of Camel's kamelet `kafka-sink`. */
const camelNames = {
  topic: 'topic',
  bootstrapServers: 'bootstrap.servers',
  securityProtocol: 'security.protocol',
  saslMechanism: 'sasl.mechanism',
} as const;

/** Whether the cluster answers, takes the login, and has the topics where none may be created. */
async function verify(options: Readonly<Record<string, string>>): Promise<readonly OptionProblem[]> {
  const settings = kafkaSinkSettings(options);
  const cluster = new Cluster({
    bootstrap: settings.bootstrap,
    clientId: 'millrace-verify',
    security: settings.security,
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: verifyMs,
    connectTimeoutMs: verifyMs,
  });
  const patience = systemClock.after(verifyMs, () => void cluster.close());
  const problem = (name: string, message: string): OptionProblem => ({ name, value: options[name] ?? null, message });
  try {
    await cluster.refresh([]);
    if (settings.topics.creation !== null) return [];
    const admin = new TopicAdmin(cluster);
    const names = (options['topics'] ?? '').split(',').map((name) => name.trim());
    const missing: string[] = [];
    for (const name of names.filter((one) => one !== '').map((one) => topicName(settings.topics.template, one))) {
      if ((await admin.describeTopic(name)) === null) missing.push(name);
    }
    if (missing.length === 0) return [];
    return [problem('topic', `the target cluster has no topic ${missing.join(', ')}, and topic.creation.enable=false`)];
  } catch (error) {
    const isLogin = error instanceof TopicsError && error.kind === topicsErrors.loginFailed;
    const isTls = error instanceof TopicsError && error.kind === topicsErrors.tlsFailed;
    const name = isLogin ? 'sasl.jaas.config' : isTls ? 'security.protocol' : 'bootstrap.servers';
    return [{ name, value: isLogin ? null : (options[name] ?? null), message: messageOf(error) }];
  } finally {
    patience.cancel();
    await cluster.close();
  }
}
