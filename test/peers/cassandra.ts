import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Child } from './child.js';
import { classPath, javaOpens } from './jars.js';

const version = '5.0.9';

export interface CassandraOptions {
  /** The first of three ports in a row: CQL, storage, JMX. */
  readonly port: number;
  readonly directory: string;
  /** Users log in with a password; the first is `cassandra`, `cassandra`. */
  readonly passwords?: boolean;
}

/** A real Cassandra of one node on loopback, from its published jars. Data center `datacenter1`. */
export class Cassandra {
  private server: Child | null = null;

  private constructor(
    private readonly options: CassandraOptions,
    private readonly jars: string,
  ) {}

  static async start(options: CassandraOptions): Promise<Cassandra> {
    const jars = await classPath('cassandra', [`org.apache.cassandra:cassandra-all:${version}`]);
    const cassandra = new Cassandra(options, jars);
    cassandra.configure();
    await cassandra.run();
    return cassandra;
  }

  /** Starts the node, also after `kill`; resolves when it takes statements. */
  async run(): Promise<void> {
    const { directory, port, passwords } = this.options;
    const agent = this.jars.split(':').find((jar) => /\/jamm-[0-9.]*\.jar$/.test(jar));
    const child = new Child({
      command: 'java',
      args: [
        ...['-Xms512m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:MaxDirectMemorySize=256m', '-Xss384k'],
        ...(agent === undefined ? [] : [`-javaagent:${agent}`]),
        ...javaOpens,
        ...opened(),
        ...['-Djava.security.manager=allow', '-Djdk.attach.allowAttachSelf=true', '-Djava.net.preferIPv4Stack=true'],
        ...['-Dio.netty.tryReflectionSetAccessible=true', '-Djava.rmi.server.hostname=127.0.0.1'],
        `-Dcassandra.jmx.local.port=${port + 2}`,
        ...['-Dcassandra.skip_wait_for_gossip_to_settle=0', '-Dcassandra.ring_delay_ms=1000'],
        ...['-Dcassandra.superuser_setup_delay_ms=0', '-Dcassandra-foreground=yes'],
        `-Dcassandra.storagedir=${directory}`,
        ...['-cp', `${join(directory, 'conf')}:${this.jars}`, 'org.apache.cassandra.service.CassandraDaemon'],
      ],
      logPath: join(directory, 'cassandra.out'),
    });
    this.server = child;
    await child.until('Cassandra', () => answers(port), 180_000);
    if (passwords === true) {
      await child.until('the first role', () => child.output().includes('Created default superuser'), 60_000);
    }
  }

  async kill(): Promise<void> {
    await this.server?.kill();
  }

  output(): string {
    return this.server?.output() ?? '';
  }

  private configure(): void {
    const { directory, port, passwords } = this.options;
    const conf = join(directory, 'conf');
    mkdirSync(conf, { recursive: true });
    const [login, rights] = passwords === true ? ['Password', 'Cassandra'] : ['AllowAll', 'AllowAll'];
    const lines = [
      'cluster_name: peers',
      'num_tokens: 4',
      'allocate_tokens_for_local_replication_factor: 1',
      'partitioner: org.apache.cassandra.dht.Murmur3Partitioner',
      'seed_provider:',
      '  - class_name: org.apache.cassandra.locator.SimpleSeedProvider',
      '    parameters:',
      `      - seeds: "127.0.0.1:${port + 1}"`,
      'listen_address: 127.0.0.1',
      `storage_port: ${port + 1}`,
      'start_native_transport: true',
      'rpc_address: 127.0.0.1',
      `native_transport_port: ${port}`,
      'endpoint_snitch: SimpleSnitch',
      `authenticator: ${login}Authenticator`,
      `authorizer: ${rights}Authorizer`,
      'role_manager: CassandraRoleManager',
      `data_file_directories: [ ${join(directory, 'data')} ]`,
      ...['commitlog', 'saved_caches', 'hints', 'cdc_raw'].map((name) => `${name}_directory: ${join(directory, name)}`),
      'commitlog_sync: periodic',
      'commitlog_sync_period: 1000ms',
      'commitlog_segment_size: 8MiB',
      'commitlog_total_space: 128MiB',
      'memtable_heap_space: 96MiB',
      'memtable_offheap_space: 64MiB',
      ...['file_cache', 'networking_cache'].map((name) => `${name}_size: 24MiB`),
      ...['key_cache', 'counter_cache'].map((name) => `${name}_size: 4MiB`),
      ...['reads', 'writes', 'counter_writes'].map((name) => `concurrent_${name}: 8`),
      'concurrent_compactors: 1',
      'auto_snapshot: false',
    ];
    writeFileSync(join(conf, 'cassandra.yaml'), `${lines.join('\n')}\n`);
    writeFileSync(
      join(conf, 'logback.xml'),
      '<configuration><appender name="OUT" class="ch.qos.logback.core.ConsoleAppender"><encoder>' +
        '<pattern>%d %-5level %logger{20} - %msg%n</pattern></encoder></appender>' +
        '<root level="INFO"><appender-ref ref="OUT"/></root></configuration>',
    );
  }
}

/** What Cassandra needs of Java 17 beyond the common list. */
function opened(): string[] {
  const exports = [
    ...['java.base/jdk.internal.perf', 'java.base/sun.nio.ch', 'java.base/java.lang.ref', 'java.sql/java.sql'],
    ...['java.rmi/sun.rmi.registry', 'java.rmi/sun.rmi.server', 'java.rmi/sun.rmi.transport'],
    ...['java.rmi/sun.rmi.transport.tcp', 'java.management.rmi/com.sun.jmx.remote.internal.rmi'],
    ...['jdk.unsupported/sun.misc', 'jdk.attach/sun.tools.attach'],
  ];
  const opens = [
    ...['java.base/java.lang.module', 'java.base/jdk.internal.loader', 'java.base/jdk.internal.math'],
    ...['java.base/jdk.internal.module', 'java.base/jdk.internal.reflect', 'java.base/jdk.internal.util.jar'],
    ...['java.base/java.util.concurrent.atomic', 'jdk.management/com.sun.management.internal'],
    'jdk.compiler/com.sun.tools.javac',
  ];
  return [
    ...exports.flatMap((name) => ['--add-exports', `${name}=ALL-UNNAMED`]),
    ...opens.flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
  ];
}
