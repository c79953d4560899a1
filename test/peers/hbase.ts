import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Child } from './child.js';
import { classPath, javaOpens } from './jars.js';

const version = '2.6.1';

export interface HBaseOptions {
  /** The first of four ports in a row. */
  readonly port: number;
  readonly directory: string;
}

/** A real HBase on loopback: master, region server and ZooKeeper in one JVM, files on the local disk; and its REST gateway in another. */
export class HBase {
  private server: Child | null = null;
  private gateway: Child | null = null;

  private constructor(
    private readonly options: HBaseOptions,
    private readonly jars: string,
  ) {}

  static async start(options: HBaseOptions): Promise<HBase> {
    const logging = ['org.slf4j:slf4j-reload4j', 'ch.qos.reload4j:reload4j', 'org.slf4j:slf4j-log4j12', 'log4j:log4j'];
    const without = logging.map((name) => ` !${name}`).join('');
    const jars = await classPath('hbase', [
      ...['hbase-server', 'hbase-zookeeper', 'hbase-rest'].map(
        (name) => `org.apache.hbase:${name}:${version}${without}`,
      ),
      'org.slf4j:slf4j-api:1.7.36',
      ...['log4j-slf4j-impl', 'log4j-core', 'log4j-1.2-api'].map((name) => `org.apache.logging.log4j:${name}:2.24.3`),
    ]);
    const hbase = new HBase(options, jars);
    hbase.configure();
    await hbase.run();
    hbase.gateway = hbase.jvm('rest', ['org.apache.hadoop.hbase.rest.RESTServer', 'start'], '192m');
    await hbase.gateway.until('the REST gateway', () => hbase.restAnswers());
    return hbase;
  }

  get zooKeeper(): string {
    return `127.0.0.1:${this.options.port}`;
  }

  /** Starts the server, also after `kill`; resolves when it serves its regions. */
  async run(): Promise<void> {
    this.server = this.jvm('master', ['org.apache.hadoop.hbase.master.HMaster', 'start'], '512m');
    const before = this.server.output().split('Master has completed initialization').length;
    await this.server.until(
      'HBase',
      () => (this.server?.output().split('Master has completed initialization').length ?? 0) > before,
      180_000,
    );
  }

  async kill(): Promise<void> {
    await this.server?.kill();
  }

  async stop(): Promise<void> {
    await Promise.all([this.gateway?.kill(), this.server?.kill()]);
  }

  async createTable(name: string, family: string): Promise<void> {
    await this.rest(`${name}/schema`, { name, ColumnSchema: [{ name: family }] });
  }

  /** Cells of a table: column by row key. */
  async rows(table: string): Promise<Map<string, Record<string, Buffer>>> {
    const rows = new Map<string, Record<string, Buffer>>();
    const answer = await fetch(`${this.restUrl}/${table}/*`, { headers: { accept: 'application/json' } });
    if (answer.status === 404) return rows;
    const body = (await answer.json()) as { Row?: { key: string; Cell: { column: string; $: string }[] }[] };
    const plain = (text: string): string => Buffer.from(text, 'base64').toString();
    for (const row of body.Row ?? []) {
      rows.set(
        plain(row.key),
        Object.fromEntries(row.Cell.map((cell) => [plain(cell.column), Buffer.from(cell.$, 'base64')])),
      );
    }
    return rows;
  }

  private get restUrl(): string {
    return `http://127.0.0.1:${this.options.port + 3}`;
  }

  private async rest(path: string, body: unknown): Promise<void> {
    const answer = await fetch(`${this.restUrl}/${path}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }

  private async restAnswers(): Promise<boolean> {
    if (!(await answers(this.options.port + 3))) return false;
    return (await fetch(`${this.restUrl}/version`).catch(() => null))?.ok === true;
  }

  private jvm(name: string, main: readonly string[], heap: string): Child {
    const { directory } = this.options;
    const jvm = ['-XX:+UseSerialGC', ...javaOpens, '-Djava.net.preferIPv4Stack=true', `-Dhbase.home.dir=${directory}`];
    return new Child({
      command: 'java',
      args: [`-Xmx${heap}`, ...jvm, '-cp', `${join(directory, 'conf')}:${this.jars}`, ...main],
      logPath: join(directory, `${name}.out`),
    });
  }

  private configure(): void {
    const { port, directory } = this.options;
    const conf = join(directory, 'conf');
    mkdirSync(join(directory, 'tmp'), { recursive: true });
    mkdirSync(conf, { recursive: true });
    const loopback = '127.0.0.1';
    const values: Record<string, string | number | boolean> = {
      'hbase.cluster.distributed': false,
      'hbase.rootdir': `file://${join(directory, 'data')}`,
      'hbase.tmp.dir': join(directory, 'tmp'),
      'hbase.zookeeper.property.dataDir': join(directory, 'zookeeper'),
      'hbase.zookeeper.property.clientPort': port,
      'hbase.zookeeper.property.clientPortAddress': loopback,
      'hbase.zookeeper.quorum': loopback,
      'hbase.master.hostname': loopback,
      'hbase.regionserver.hostname': loopback,
      'hbase.master.ipc.address': loopback,
      'hbase.regionserver.ipc.address': loopback,
      'hbase.master.port': port + 1,
      'hbase.regionserver.port': port + 2,
      'hbase.master.info.port': -1,
      'hbase.regionserver.info.port': -1,
      'hbase.rest.info.port': -1,
      'hbase.rest.port': port + 3,
      'hbase.rest.host': loopback,
      'hbase.unsafe.stream.capability.enforce': false,
      'hbase.wal.provider': 'filesystem',
      'hbase.procedure.store.wal.use.hsync': false,
      'hbase.regionserver.handler.count': 10,
      'hbase.master.wait.on.regionservers.interval': 200,
      'hbase.master.wait.on.regionservers.timeout': 500,
      'zookeeper.session.timeout': 30_000,
    };
    const rows = Object.entries(values).map(
      ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`,
    );
    writeFileSync(join(conf, 'hbase-site.xml'), `<configuration>\n${rows.join('\n')}\n</configuration>\n`);
    writeFileSync(
      join(conf, 'log4j2.xml'),
      '<Configuration status="WARN"><Appenders><Console name="c"><PatternLayout pattern="%d %p %c{2}: %m%n"/></Console></Appenders>' +
        '<Loggers><Logger name="org.apache.zookeeper" level="WARN"/><Root level="INFO"><AppenderRef ref="c"/></Root></Loggers></Configuration>',
    );
  }
}
