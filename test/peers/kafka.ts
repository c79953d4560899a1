import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answers, Child } from './child.js';
import { classPath } from './jars.js';

const version = '4.3.1';
const run = promisify(execFile);

/** Class path of Kafka's server and of its command-line tools. */
export function kafkaClassPath(): Promise<string> {
  return classPath('kafka', [
    `org.apache.kafka:kafka-tools:${version}`,
    `org.apache.kafka:kafka_2.13:${version}`,
    'org.apache.logging.log4j:log4j-slf4j-impl:2.25.1',
    'org.apache.logging.log4j:log4j-core:2.25.1',
  ]);
}

export interface KafkaOptions {
  readonly port: number;
  readonly directory: string;
  /** Further broker properties, `key=value`. */
  readonly properties?: readonly string[];
  /** Levels of features to begin with, `transaction.version=0`; the others have those of the release. */
  readonly features?: readonly string[];
}

/** A real Apache Kafka on loopback: one node, KRaft, with Kafka's own JVM flags, threads and timings. */
export async function startKafka(options: KafkaOptions): Promise<{ child: Child; bootstrap: string }> {
  const jars = await kafkaClassPath();
  mkdirSync(options.directory, { recursive: true });
  const propertiesPath = join(options.directory, 'server.properties');
  writeFileSync(propertiesPath, serverProperties(options).join('\n'));
  const logConfig = join(options.directory, 'log4j2.properties');
  writeFileSync(logConfig, quietLog);
  const flags = [`-Dlog4j2.configurationFile=${logConfig}`, '-cp', jars];
  if (!existsSync(join(options.directory, 'logs', 'meta.properties'))) {
    const id = (await run('java', [...flags, 'kafka.tools.StorageTool', 'random-uuid'])).stdout
      .trim()
      .split('\n')
      .at(-1);
    const features = (options.features ?? []).flatMap((feature) => ['--feature', feature]);
    await run('java', [
      ...flags,
      ...['kafka.tools.StorageTool', 'format', '-t', id ?? '', '-c', propertiesPath, ...features],
    ]);
  }
  const child = new Child({
    command: 'java',
    args: [...kafkaJvm, ...flags, 'kafka.Kafka', propertiesPath],
    logPath: join(options.directory, 'kafka.out'),
  });
  await child.until('Kafka', () => answers(options.port));
  return { child, bootstrap: `127.0.0.1:${options.port}` };
}

// The flags of Kafka's own start script.
const kafkaJvm = [
  '-server',
  '-Xms1g',
  '-Xmx1g',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
];

function serverProperties({ port, directory, properties }: KafkaOptions): string[] {
  const controller = port + 1;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${join(directory, 'logs')}`,
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    ...(properties ?? []),
  ];
}

const quietLog = `status=error
appender.c.type=Console
appender.c.name=C
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=[%d] %p %m (%c{1})%n
rootLogger.level=WARN
rootLogger.appenderRef.c.ref=C
`;

/** Runs one of Kafka's command-line tools (`org.apache.kafka.tools.TopicCommand` …) and gives what it printed. */
export async function kafkaTool(
  main: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number; jvm?: readonly string[] } = {},
): Promise<string> {
  const jars = await kafkaClassPath();
  const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=ERROR'];
  const tool = run('java', [...flags, ...(options.jvm ?? []), '-cp', jars, main, ...args], {
    timeout: options.timeoutMs ?? 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  tool.child.stdin?.end(options.input ?? '');
  const { stdout, stderr } = await tool;
  return `${stdout}${stderr}`;
}
