import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from './child.js';
import { hdfsJars, siteXml } from './hdfs.js';
import { javaOpens } from './jars.js';

const run = promisify(execFile);
const service = 'lake';
const nodes = ['nn1', 'nn2'] as const;

export type NameNodeId = (typeof nodes)[number];

export interface HaHdfsOptions {
  /** The first of seven ports in a row. */
  readonly port: number;
  readonly directory: string;
}

/** A real HDFS on loopback with two NameNodes that share their edits in a folder, and a DataNode. Who is active is said by hand. */
export class HaHdfs {
  private readonly nameNodes = new Map<NameNodeId, Child>();
  private dataNode: Child | null = null;

  private constructor(
    private readonly options: HaHdfsOptions,
    private readonly jars: string,
  ) {}

  /** With `nn1` active. */
  static async start(options: HaHdfsOptions): Promise<HaHdfs> {
    const hdfs = new HaHdfs(options, await hdfsJars());
    hdfs.configure();
    await hdfs.tool('org.apache.hadoop.hdfs.server.namenode.NameNode', [
      ...['-D', 'dfs.ha.namenode.id=nn1'],
      ...['-format', '-nonInteractive'],
    ]);
    cpSync(join(options.directory, 'nn1'), join(options.directory, 'nn2'), { recursive: true });
    for (const id of nodes) hdfs.startNameNode(id);
    hdfs.dataNode = hdfs.daemon('datanode', ['org.apache.hadoop.hdfs.server.datanode.DataNode']);
    await hdfs.activate('nn1');
    return hdfs;
  }

  /** core-site.xml and hdfs-site.xml are there. */
  get confDirectory(): string {
    return join(this.options.directory, 'conf');
  }

  get url(): string {
    return `hdfs://${service}`;
  }

  startNameNode(id: NameNodeId): void {
    const main = 'org.apache.hadoop.hdfs.server.namenode.NameNode';
    this.nameNodes.set(id, this.daemon(id, [main, '-D', `dfs.ha.namenode.id=${id}`]));
  }

  async killNameNode(id: NameNodeId): Promise<void> {
    await this.nameNodes.get(id)?.kill();
  }

  /** Resolves when it serves files. */
  async activate(id: NameNodeId): Promise<void> {
    const child = this.nameNodes.get(id);
    if (child === undefined) throw new Error(`${id} does not run`);
    await child.until(`${id} on standby`, async () => (await this.state(id)).includes('standby'));
    await this.tool('org.apache.hadoop.hdfs.tools.DFSHAAdmin', ['-transitionToActive', '--forceactive', id]);
    await child.until(`${id} active`, () => this.isLive(id));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.nameNodes.values(), this.dataNode].map(async (child) => child?.kill()));
  }

  private async isLive(id: NameNodeId): Promise<boolean> {
    const state = await this.page(id, 'Hadoop:service=NameNode,name=FSNamesystemState');
    return state.includes('"NumLiveDataNodes" : 1,') && state.includes('"FSState" : "Operational"');
  }

  private state(id: NameNodeId): Promise<string> {
    return this.page(id, 'Hadoop:service=NameNode,name=NameNodeStatus');
  }

  private async page(id: NameNodeId, bean: string): Promise<string> {
    try {
      return await (await fetch(`http://${this.at(nodes.indexOf(id) * 2 + 1)}/jmx?qry=${bean}`)).text();
    } catch {
      return '';
    }
  }

  private daemon(name: string, main: readonly string[]): Child {
    return new Child({
      command: 'java',
      args: [...this.flags(), ...main],
      logPath: join(this.options.directory, `${name}.out`),
    });
  }

  private async tool(main: string, args: readonly string[]): Promise<void> {
    await run('java', ['-XX:TieredStopAtLevel=1', ...this.flags(), main, ...args], {
      maxBuffer: 16 * 1024 * 1024,
    });
  }

  private flags(): string[] {
    const path = `${this.confDirectory}:${this.jars}`;
    return ['-Xmx256m', '-XX:+UseSerialGC', ...javaOpens, '-Djava.net.preferIPv4Stack=true', '-cp', path];
  }

  private at(offset: number): string {
    return `127.0.0.1:${this.options.port + offset}`;
  }

  private configure(): void {
    const { directory } = this.options;
    const conf = this.confDirectory;
    for (const name of ['hdfs', 'datanode', 'static']) mkdirSync(join(conf, 'webapps', name), { recursive: true });
    for (const name of ['shared', 'tmp']) mkdirSync(join(directory, name), { recursive: true });
    const ofNodes = nodes.map((id, index): Record<string, string> => ({
      [`dfs.namenode.rpc-address.${service}.${id}`]: this.at(index * 2),
      [`dfs.namenode.http-address.${service}.${id}`]: this.at(index * 2 + 1),
      [`dfs.namenode.name.dir.${service}.${id}`]: `file://${join(directory, id)}`,
    }));
    writeFileSync(
      join(conf, 'core-site.xml'),
      siteXml({
        'fs.defaultFS': this.url,
        'hadoop.tmp.dir': join(directory, 'tmp'),
        'ipc.client.connect.max.retries': '3',
      }),
    );
    writeFileSync(
      join(conf, 'hdfs-site.xml'),
      siteXml({
        'dfs.nameservices': service,
        [`dfs.ha.namenodes.${service}`]: nodes.join(','),
        [`dfs.client.failover.proxy.provider.${service}`]:
          'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider',
        'dfs.namenode.shared.edits.dir': `file://${join(directory, 'shared')}`,
        'dfs.ha.fencing.methods': 'shell(/bin/true)',
        'dfs.ha.tail-edits.period': '1',
        'dfs.namenode.rpc-bind-host': '127.0.0.1',
        'dfs.namenode.http-bind-host': '127.0.0.1',
        'dfs.datanode.data.dir': `file://${join(directory, 'data')}`,
        'dfs.datanode.hostname': '127.0.0.1',
        'dfs.datanode.address': this.at(4),
        'dfs.datanode.http.address': this.at(5),
        'dfs.datanode.ipc.address': this.at(6),
        'dfs.namenode.datanode.registration.ip-hostname-check': 'false',
        'dfs.permissions.enabled': 'false',
        'dfs.replication': '1',
        'dfs.namenode.safemode.extension': '0',
        'dfs.heartbeat.interval': '1',
        'dfs.datanode.du.reserved': '0',
        'dfs.blockreport.initialDelay': '0',
        ...ofNodes[0],
        ...ofNodes[1],
      }),
    );
    writeFileSync(
      join(conf, 'log4j.properties'),
      'log4j.rootLogger=WARN,c\nlog4j.appender.c=org.apache.log4j.ConsoleAppender\nlog4j.appender.c.target=System.err\nlog4j.appender.c.layout=org.apache.log4j.SimpleLayout\n',
    );
  }
}
