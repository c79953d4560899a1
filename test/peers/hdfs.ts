import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Child } from './child.js';
import { classPath, javaOpens } from './jars.js';

const run = promisify(execFile);
const version = '3.4.3';

export interface HdfsOptions {
  /** The first of five ports in a row. */
  readonly port: number;
  readonly directory: string;
  /** What the daemons call themselves; default 127.0.0.1. */
  readonly host?: string;
  /** Of core-site.xml and hdfs-site.xml, besides those that it needs. */
  readonly core?: Readonly<Record<string, string>>;
  readonly site?: Readonly<Record<string, string>>;
  /** Headers with which the NameNode shows its state. */
  readonly login?: () => Promise<Readonly<Record<string, string>>>;
  /** Of the daemons' virtual machines. */
  readonly jvm?: readonly string[];
}

export function hdfsJars(): Promise<string> {
  return classPath('hdfs', [
    ...['hadoop-common', 'hadoop-hdfs', 'hadoop-hdfs-client'].map((name) => `org.apache.hadoop:${name}:${version}`),
    // For its LZ4 codec.
    'org.lz4:lz4-java:1.8.0',
  ]);
}

/** A real HDFS on loopback: a NameNode and a DataNode in a JVM each, WebHDFS on. */
export class Hdfs {
  private nameNode: Child | null = null;
  private dataNode: Child | null = null;

  private constructor(
    private readonly options: HdfsOptions,
    private readonly jars: string,
  ) {}

  static async start(options: HdfsOptions): Promise<Hdfs> {
    const jars = await hdfsJars();
    const hdfs = new Hdfs(options, jars);
    hdfs.configure();
    await hdfs.format();
    await hdfs.run();
    return hdfs;
  }

  get webUrl(): string {
    return `http://${this.host}:${this.options.port + 1}`;
  }

  private get host(): string {
    return this.options.host ?? '127.0.0.1';
  }

  get user(): string {
    return userInfo().username;
  }

  /** Starts both daemons again after `stop` or `kill`; resolves when files can be written. */
  async run(): Promise<void> {
    this.nameNode = this.daemon('namenode', 'org.apache.hadoop.hdfs.server.namenode.NameNode');
    this.dataNode = this.daemon('datanode', 'org.apache.hadoop.hdfs.server.datanode.DataNode');
    await this.nameNode.until('HDFS', () => this.isLive());
  }

  async stop(): Promise<void> {
    await Promise.all([this.nameNode?.stop(), this.dataNode?.stop()]);
  }

  async kill(): Promise<void> {
    await Promise.all([this.nameNode?.kill(), this.dataNode?.kill()]);
  }

  /** Freezes (SIGSTOP) or thaws both daemons: connections hang instead of failing. */
  freeze(frozen: boolean): void {
    for (const child of [this.nameNode, this.dataNode]) child?.signal(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Hadoop's own shell: `fs('-ls', '/lake')`. */
  async fs(...args: string[]): Promise<string> {
    const { stdout } = await run('java', [...this.shellFlags(), ...args], {
      maxBuffer: 64 * 1024 * 1024,
      timeout: 300_000,
    });
    return stdout;
  }

  /** The same for output of any length, line by line: `fsLines(add, '-text', '/lake/*')`. */
  async fsLines(onLine: (line: string) => void, ...args: string[]): Promise<void> {
    const shell = spawn('java', [...this.shellFlags(), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => {
      shell.once('exit', resolve);
    });
    for await (const line of createInterface({ input: shell.stdout, crlfDelay: Infinity })) onLine(line);
    const code = await ended;
    if (code !== 0) throw new Error(`fs ${args.join(' ')} ended with ${code}`);
  }

  private shellFlags(): string[] {
    const path = `${join(this.options.directory, 'conf')}:${this.jars}`;
    const jvm = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...javaOpens];
    return [...jvm, '-cp', path, 'org.apache.hadoop.fs.FsShell'];
  }

  private daemon(name: string, main: string): Child {
    return new Child({
      command: 'java',
      args: [...this.flags(), main],
      logPath: join(this.options.directory, `${name}.out`),
    });
  }

  private flags(): string[] {
    const path = `${join(this.options.directory, 'conf')}:${this.jars}`;
    return [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      ...javaOpens,
      ...(this.options.jvm ?? []),
      '-Djava.net.preferIPv4Stack=true',
      '-cp',
      path,
    ];
  }

  private async format(): Promise<void> {
    if (existsSync(join(this.options.directory, 'name', 'current', 'VERSION'))) return;
    const main = 'org.apache.hadoop.hdfs.server.namenode.NameNode';
    await run('java', [...this.flags(), main, '-format', '-nonInteractive'], { maxBuffer: 16 * 1024 * 1024 });
  }

  private async isLive(): Promise<boolean> {
    try {
      const headers = (await this.options.login?.()) ?? {};
      const page = `${this.webUrl}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState`;
      const response = await fetch(page, { headers });
      const text = await response.text();
      return text.includes('"NumLiveDataNodes" : 1,') && text.includes('"FSState" : "Operational"');
    } catch {
      return false;
    }
  }

  private configure(): void {
    const { port, directory } = this.options;
    const conf = join(directory, 'conf');
    // The published jars carry no web pages; the HTTP servers only want these folders to be there.
    for (const name of ['hdfs', 'datanode', 'static']) mkdirSync(join(conf, 'webapps', name), { recursive: true });
    const at = (offset: number): string => `${this.host}:${port + offset}`;
    writeFileSync(
      join(conf, 'core-site.xml'),
      siteXml({
        'fs.defaultFS': `hdfs://${at(0)}`,
        'hadoop.tmp.dir': join(directory, 'tmp'),
        'hadoop.http.staticuser.user': this.user,
        'hadoop.security.token.service.use_ip': 'true',
        ...this.options.core,
        'ipc.client.connect.max.retries': '3',
      }),
    );
    writeFileSync(
      join(conf, 'hdfs-site.xml'),
      siteXml({
        'dfs.namenode.name.dir': `file://${join(directory, 'name')}`,
        'dfs.datanode.data.dir': `file://${join(directory, 'data')}`,
        'dfs.namenode.rpc-address': at(0),
        'dfs.namenode.rpc-bind-host': '127.0.0.1',
        'dfs.namenode.http-address': at(1),
        'dfs.namenode.http-bind-host': '127.0.0.1',
        'dfs.datanode.hostname': this.host,
        'dfs.datanode.address': at(2),
        'dfs.datanode.http.address': at(3),
        'dfs.datanode.ipc.address': at(4),
        'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
        'dfs.webhdfs.enabled': 'true',
        'dfs.replication': '1',
        'dfs.blocksize': '8388608',
        'dfs.namenode.safemode.extension': '0',
        'dfs.namenode.heartbeat.recheck-interval': '5000',
        'dfs.heartbeat.interval': '1',
        'dfs.datanode.du.reserved': '0',
        'dfs.blockreport.initialDelay': '0',
        ...this.options.site,
      }),
    );
    writeFileSync(
      join(conf, 'log4j.properties'),
      'log4j.rootLogger=WARN,c\nlog4j.appender.c=org.apache.log4j.ConsoleAppender\nlog4j.appender.c.target=System.err\nlog4j.appender.c.layout=org.apache.log4j.SimpleLayout\n',
    );
  }
}

export function siteXml(values: Readonly<Record<string, string>>): string {
  const rows = Object.entries(values).map(
    ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`,
  );
  return `<configuration>\n${rows.join('\n')}\n</configuration>\n`;
}
