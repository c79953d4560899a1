import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.js';
import { classPath, javaOpens } from './jars.js';

const flumeVersion = '1.11.0';

export interface FlumeOptions {
  readonly confPath: string;
  readonly agent: string;
  readonly directory: string;
  /** JVM heap, `512m`. */
  readonly heap?: string;
  /** Further files that are merged with the first. */
  readonly moreConfPaths?: readonly string[];
  /** `-Dname=value` */
  readonly system?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Maven artefacts of further components. */
  readonly more?: readonly string[];
  /** The agent has sinks only: it is ready when they are started. */
  readonly sourceless?: boolean;
}

/** Flume's HDFS sink, for `more`. */
export const flumeHdfsSink: readonly string[] = [
  `org.apache.flume.flume-ng-sinks:flume-hdfs-sink:${flumeVersion}`,
  'org.apache.hadoop:hadoop-common:3.4.3 !org.slf4j:slf4j-reload4j !ch.qos.reload4j:reload4j',
  'org.apache.hadoop:hadoop-hdfs-client:3.4.3',
];

/** Flume's HBase 2 sink, for `more`. */
export const flumeHBaseSink: readonly string[] = [
  `org.apache.flume.flume-ng-sinks:flume-ng-hbase2-sink:${flumeVersion}`,
  'org.apache.hbase:hbase-client:2.6.1 !org.slf4j:slf4j-reload4j !ch.qos.reload4j:reload4j',
];

/** A real Apache Flume agent, ready when its source has started. */
export async function startFlume(options: FlumeOptions): Promise<Child> {
  const child = new Child({
    command: 'java',
    args: [
      ...(await javaArguments(options.directory, options.heap, options.more)),
      ...Object.entries(options.system ?? {}).map(([name, value]) => `-D${name}=${value}`),
      'org.apache.flume.node.Application',
      ...[options.confPath, ...(options.moreConfPaths ?? [])].flatMap((path) => ['--conf-file', path]),
      '--name',
      options.agent,
      '--no-reload-conf',
    ],
    env: options.env,
    logPath: join(options.directory, 'flume.out'),
  });
  const ready =
    options.sourceless === true ? /Starting Sink / : /Component type: SOURCE, name: .* started|Starting Source/;
  await child.until('Flume', () => ready.test(child.output()));
  return child;
}

export interface FlumeAgentsOptions {
  readonly agents: readonly { readonly name: string; readonly confPath: string }[];
  readonly directory: string;
}

/** Several real agents in one virtual machine; ready when each of them was told to start. */
export async function startFlumeAgents({ agents, directory }: FlumeAgentsOptions): Promise<Child> {
  const child = new Child({
    command: 'java',
    args: [
      ...(await javaArguments(directory, '1g')),
      javaSource('FlumeAgents'),
      ...agents.flatMap((agent) => [agent.name, agent.confPath]),
    ],
    logPath: join(directory, 'flume.out'),
  });
  await child.until('Flume', () => child.output().includes('all agents were started'));
  return child;
}

/** Options of the virtual machine, and the class path with Flume and a quiet log. */
export async function javaArguments(directory: string, heap = '512m', more: readonly string[] = []): Promise<string[]> {
  const flume = (group: string, name: string): string => `org.apache.flume${group}:${name}:${flumeVersion}`;
  const jars = await classPath('flume', [
    flume('', 'flume-ng-node'),
    flume('', 'flume-ng-core'),
    flume('', 'flume-ng-sdk'),
    flume('', 'flume-ng-environment-variable-config-filter'),
    flume('.flume-ng-channels', 'flume-file-channel'),
    flume('.flume-ng-channels', 'flume-kafka-channel'),
    flume('.flume-ng-channels', 'flume-spillable-memory-channel'),
    flume('.flume-ng-sources', 'flume-kafka-source'),
    flume('.flume-ng-sources', 'flume-taildir-source'),
    flume('.flume-ng-sinks', 'flume-ng-kafka-sink'),
    ...more,
    'com.google.guava:guava:31.1-jre',
    'org.slf4j:slf4j-api:1.7.36',
    ...['log4j-slf4j-impl', 'log4j-core', 'log4j-1.2-api'].map((name) => `org.apache.logging.log4j:${name}:2.24.3`),
  ]);
  const conf = join(directory, 'conf');
  mkdirSync(conf, { recursive: true });
  writeFileSync(
    join(conf, 'log4j2.xml'),
    '<Configuration status="WARN"><Appenders><Console name="c"><PatternLayout pattern="%d %p [%t] %c{2}: %m%n"/></Console></Appenders>' +
      '<Loggers><Logger name="org.apache.kafka" level="WARN"/><Root level="INFO"><AppenderRef ref="c"/></Root></Loggers></Configuration>',
  );
  return [`-Xmx${heap}`, ...javaOpens, '-Djava.net.preferIPv4Stack=true', '-cp', `${conf}:${jars}`];
}

/** A Java program of ours, from the sources also where this file was built. */
export function javaSource(name: string): string {
  return join(import.meta.dirname.replace(/\/dist(?=\/test\/peers$)/, ''), 'java', `${name}.java`);
}
