import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveReferences } from '#config/references';
import { loadSinkPlugins, pluginFolders } from '#connectors/plugins/sink-plugins';
import { findSinkType, requireSinkType } from '#connectors/registry-sinks';
import type { LeasedWork } from '#control/lease-worker';
import type { TaskLease, TaskReport } from '#control/task';
import { connectorSettings, type ConnectorSettings } from '#pipeline/connector-options';
import { problemsOf, validateConnector } from '#pipeline/connector-validation';
import { DeadLetterTopic } from '#pipeline/dead-letter-topic';
import type { SinkType } from '#pipeline/sink';
import { SinkTask } from '#pipeline/sink-task';
import { traceOf, type PartitionStatus, type TaskStatus } from '#pipeline/task-status';
import { FatalSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { systemRandom } from '#std/random';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { TopicWriter } from '#topics/topic-writer';
import { PartitionEnds } from './partition-ends.js';

export interface RunningTaskOptions {
  /** Addresses of topics where the connector names none. */
  readonly bootstrap: string;
  /** For those addresses only: a connector's own address does not get the worker's password. */
  readonly security?: ClientSecurity;
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A report stays small, whatever the number of partitions: those furthest behind are in it. */
const partitionsReportedMax = 40;

/** One lease at work: builds the sink and its reader from the connector's config, and tells how it goes. */
export class RunningTask implements LeasedWork {
  private task: SinkTask | null = null;
  private cluster: Cluster | null = null;
  private ends: PartitionEnds | null = null;
  private guarantee = '';
  private failure: unknown = null;
  private paused = false;
  private ending: Promise<void> | null = null;
  private readonly building: Promise<void>;

  constructor(
    readonly lease: TaskLease,
    private readonly options: RunningTaskOptions,
  ) {
    this.paused = lease.targetState === 'PAUSED';
    this.building = this.build().catch((error: unknown) => {
      this.failure = error;
      options.logger.error(`Task ${lease.connector}-${lease.task} could not be started: ${messageOf(error)}`);
    });
  }

  get isStopping(): boolean {
    return this.ending !== null;
  }

  setPaused(paused: boolean): void {
    if (this.paused === paused) return;
    this.paused = paused;
    if (paused) this.task?.pause();
    else this.task?.resume();
  }

  /** Flushes, commits and lets go of everything. Once, however often it is called. */
  stop(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  report(): TaskReport {
    if (this.failure !== null) return { state: 'FAILED', trace: traceOf(this.failure) };
    const status = this.task?.status();
    if (status === undefined) return { state: this.paused ? 'PAUSED' : 'RUNNING' };
    const state = status.state === 'FAILED' || status.state === 'PAUSED' ? status.state : 'RUNNING';
    void this.ends?.refresh(status.partitions);
    const partitions = this.ends?.withLags(status.partitions) ?? status.partitions;
    return { state, trace: status.trace, details: detailsOf({ ...status, partitions }, this.guarantee) };
  }

  private async build(): Promise<void> {
    const { lease, options } = this;
    const config = resolveReferences(lease.config, options.environment);
    const type = await sinkTypeOf(config, options.environment);
    const problems = problemsOf(validateConnector(type, config));
    if (problems.length > 0) throw new FatalSinkError(`The config is not valid:\n${problems.join('\n')}`);
    const settings = connectorSettings(config);
    const stateDirectory = join(options.dataDirectory, 'tasks', `${encodeURIComponent(lease.connector)}-${lease.task}`);
    await mkdir(stateDirectory, { recursive: true });
    const logger = options.logger.child({ connector: lease.connector, task: lease.task });
    const isOwnPlace = settings.bootstrap !== null && settings.bootstrap !== options.bootstrap;
    const cluster = new Cluster({
      bootstrap: parseBootstrap(settings.bootstrap ?? options.bootstrap),
      clientId: `connector-consumer-${lease.connector}-${lease.task}`,
      security: isOwnPlace ? noSecurity : (options.security ?? noSecurity),
      clock: options.clock,
      logger,
    });
    this.cluster = cluster;
    this.ends = new PartitionEnds(new TopicAdmin(cluster), options.clock);
    this.guarantee = type.guarantee(config);
    this.task = new SinkTask(
      {
        sink: type.create(config),
        reader: new TopicReader(cluster, {
          groupId: settings.groupId,
          ...(settings.pattern === null ? { topics: settings.topics } : { pattern: settings.pattern }),
          ...(settings.groupInstance === null ? {} : { groupInstanceId: `${settings.groupInstance}-${lease.task}` }),
          start: settings.start,
          bytesMax: settings.task.bufferBytesMax,
        }),
        deadLetters: deadLettersOf(settings, cluster),
        clock: options.clock,
        random: systemRandom,
        logger,
      },
      {
        ...settings.task,
        connector: lease.connector,
        task: lease.task,
        className: type.name,
        ownerEpoch: lease.epoch,
        stateDirectory,
      },
    );
    if (this.paused) this.task.pause();
    if (this.ending === null) this.task.start();
  }

  private async end(): Promise<void> {
    await this.building;
    await this.task?.stop();
    await this.cluster?.close();
  }
}

/** Built in, or from a package that is installed. */
async function sinkTypeOf(
  config: Readonly<Record<string, string>>,
  environment: RunningTaskOptions['environment'],
): Promise<SinkType> {
  const connectorClass = config['connector.class'] ?? '';
  const builtIn = findSinkType(connectorClass, config);
  if (builtIn !== null) return builtIn;
  const { types, failures } = await loadSinkPlugins(pluginFolders(environment, process.cwd()));
  const wanted = connectorClass.trim().toLowerCase();
  const found = types.find(({ name, classNames }) =>
    [name, ...classNames].some((candidate) => candidate.toLowerCase() === wanted),
  );
  if (found === undefined && failures.length > 0) throw new FatalSinkError(failures.join('\n'));
  return found ?? requireSinkType(connectorClass, config);
}

function deadLettersOf(settings: ConnectorSettings, cluster: Cluster): DeadLetterTopic | null {
  if (settings.deadLetterTopic === null) return null;
  return new DeadLetterTopic(new TopicWriter(cluster), new TopicAdmin(cluster), {
    topic: settings.deadLetterTopic,
    replicationFactor: settings.deadLetterReplication,
  });
}

function detailsOf(status: TaskStatus, guarantee: string): Record<string, unknown> {
  const lags = status.partitions.map(({ lag }) => lag ?? 0);
  const metrics = Object.entries(status.metrics).map(([name, value]) => [name.replaceAll('-', '_'), value]);
  return {
    ...Object.fromEntries(metrics),
    lag_records: lags.reduce((sum, lag) => sum + lag, 0),
    sink_record_lag_max: Math.max(0, ...lags),
    guarantee,
    degraded: status.degraded,
    lastError: status.lastError,
    partitions: furthestBehind(status.partitions),
  };
}

function furthestBehind(partitions: readonly PartitionStatus[]): readonly PartitionStatus[] {
  return partitions.toSorted((a, b) => (b.lag ?? -1) - (a.lag ?? -1)).slice(0, partitionsReportedMax);
}
