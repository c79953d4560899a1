import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Child } from './child.js';
import { classPath, javaOpens } from './jars.js';

const version = '4.3.1';

export interface KafkaConnectOptions {
  readonly bootstrap: string;
  /** Of its REST. */
  readonly port: number;
  readonly directory: string;
  /** One config a connector, `name` among its keys. */
  readonly connectors: readonly Readonly<Record<string, string>>[];
  /** As `-Xmx` has it. Default 1g. */
  readonly heap?: string;
  /** With Kafka's own file source, file sink and transforms, instead of Debezium's JDBC sink. Default false. */
  readonly withFiles?: boolean;
}

/** Class path of Kafka Connect with Debezium's JDBC sink and the drivers of PostgreSQL and MariaDB. */
export function kafkaConnectClassPath(): Promise<string> {
  return classPath('kafka-connect', [
    `org.apache.kafka:connect-runtime:${version}`,
    `org.apache.kafka:connect-json:${version}`,
    'io.debezium:debezium-connector-jdbc:3.3.1.Final',
    'org.postgresql:postgresql:42.7.8',
    'org.apache.logging.log4j:log4j-slf4j-impl:2.25.1',
    'org.apache.logging.log4j:log4j-core:2.25.1',
  ]);
}

function fileClassPath(): Promise<string> {
  return classPath('kafka-connect-files', [
    `org.apache.kafka:connect-runtime:${version}`,
    `org.apache.kafka:connect-json:${version}`,
    `org.apache.kafka:connect-file:${version}`,
    `org.apache.kafka:connect-transforms:${version}`,
    'org.apache.logging.log4j:log4j-slf4j-impl:2.25.1',
    'org.apache.logging.log4j:log4j-core:2.25.1',
  ]);
}

/** A real Kafka Connect, standalone: one process with these connectors. Resolves when its REST answers. */
export async function startKafkaConnect(options: KafkaConnectOptions): Promise<Child> {
  const { bootstrap, port, directory, connectors, heap = '1g', withFiles = false } = options;
  const jars = await (withFiles ? fileClassPath() : kafkaConnectClassPath());
  const plugins = join(directory, 'plugins');
  mkdirSync(plugins, { recursive: true });
  const worker = writeProperties(join(directory, 'worker.properties'), {
    'bootstrap.servers': bootstrap,
    listeners: `http://127.0.0.1:${port}`,
    'rest.advertised.host.name': '127.0.0.1',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'offset.storage.file.filename': join(directory, 'offsets'),
    'offset.flush.interval.ms': '1000',
    'plugin.path': plugins,
    // The quickest start: everything is on the class path.
    'plugin.discovery': 'hybrid_warn',
  });
  const files = connectors.map((config, index) =>
    writeProperties(join(directory, `connector-${index}.properties`), config),
  );
  const logConfig = join(directory, 'log4j2.properties');
  writeFileSync(logConfig, quietLog);
  const child = new Child({
    command: 'java',
    args: [
      ...[`-Xmx${heap}`, '-XX:+UseG1GC', ...javaOpens, `-Dlog4j2.configurationFile=${logConfig}`],
      ...['-Djava.net.preferIPv4Stack=true', '-cp', jars],
      ...['org.apache.kafka.connect.cli.ConnectStandalone', worker, ...files],
    ],
    logPath: join(directory, 'connect.out'),
  });
  await child.until('Kafka Connect', () => answers(port));
  return child;
}

function writeProperties(path: string, properties: Readonly<Record<string, string>>): string {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const quietLog = `status=error
appender.c.type=Console
appender.c.name=C
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=[%d] %p %m (%c{1})%n
rootLogger.level=WARN
rootLogger.appenderRef.c.ref=C
`;
