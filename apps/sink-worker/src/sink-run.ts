import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveReferences } from '#config/references';
import { loadConnectorPlugins } from '#connectors/connector-plugins';
import { loadSinkPlugins, pluginFolders } from '#connectors/plugins/sink-plugins';
import { findSinkType, requireSinkType } from '#connectors/registry-sinks';
import type { TaskLease } from '#control/task';
import { connectorSettings, type ConnectorSettings } from '#pipeline/connector-options';
import { problemsOf, validateConnector } from '#pipeline/connector-validation';
import { createPreparation } from '#pipeline/converter-options';
import { DeadLetterTopic } from '#pipeline/dead-letter-topic';
import { FatalSinkError } from '#pipeline/errors';
import type { Guarantee, SinkType } from '#pipeline/sink';
import type { SinkMetrics } from '#pipeline/sink-metrics';
import { SinkTask } from '#pipeline/sink-task';
import type { TaskStatus } from '#pipeline/task-status';
import type { PipelineTracer } from '#pipeline/tracer';
import { ownOptions } from '#pipeline/own-options';
import { runnerSettings } from '#pipeline/runner-options';
import type { SupervisedRun } from '#pipeline/task-supervisor';
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

export interface SinkRunOptions {
  /** Addresses of topics where the connector names none. */
  readonly bootstrap: string;
  /** For those addresses only: a connector's own address does not get the worker's password. */
  readonly security?: ClientSecurity;
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the task, over all its runs. */
  readonly metrics: SinkMetrics;
  /** Follows single records to the store. Default: none is followed. */
  readonly tracer?: PipelineTracer;
}

interface SinkRunParts {
  readonly task: SinkTask;
  readonly cluster: Cluster;
  readonly ends: PartitionEnds;
  readonly guarantee: Guarantee;
}

/** One life of a task: its sink and its reader, built from the connector's config and started. A restart makes another one. */
export class SinkRun implements SupervisedRun {
  private constructor(private readonly parts: SinkRunParts) {}

  /** Rejects where the config can not be read or its sink not be made; nothing is left of it then. */
  static async begin(lease: TaskLease, options: SinkRunOptions): Promise<SinkRun> {
    const resolved = resolveReferences(lease.config, options.environment);
    const type = await sinkTypeOf(resolved, options.environment);
    const config = ownOptions(type, resolved);
    const plugins = await loadConnectorPlugins(config);
    const problems = problemsOf(validateConnector(type, config, plugins));
    if (problems.length > 0) {
      throw new FatalSinkError(`The config is not valid:\n${problems.join('\n')}`, { isLasting: true });
    }
    const settings = connectorSettings(config);
    const { clock, logger } = options;
    const bootstrap = settings.bootstrap ?? options.bootstrap;
    const stateDirectory = join(options.dataDirectory, 'tasks', `${encodeURIComponent(lease.connector)}-${lease.task}`);
    await mkdir(stateDirectory, { recursive: true });
    const sink = type.create(config);
    const cluster = clusterOf(lease, settings, options);
    const ends = new PartitionEnds(new TopicAdmin(cluster), clock);
    const task = new SinkTask(
      {
        sink,
        reader: new TopicReader(cluster, {
          groupId: settings.groupId,
          ...(settings.pattern === null ? { topics: settings.topics } : { pattern: settings.pattern }),
          ...(settings.groupInstance === null ? {} : { groupInstanceId: `${settings.groupInstance}-${lease.task}` }),
          start: settings.start,
          isolation: settings.isolation,
          bytesMax: settings.task.bufferBytesMax,
        }),
        deadLetters: deadLettersOf(settings, cluster),
        clock,
        random: systemRandom,
        logger,
        metrics: options.metrics,
        ...(options.tracer === undefined ? {} : { tracer: options.tracer }),
        endOffsets: (partitions) => ends.lookUp(partitions),
      },
      {
        ...settings.task,
        ...runnerSettings(config),
        preparation: createPreparation(config, plugins, { clock, logger, bootstrap }),
        connector: lease.connector,
        task: lease.task,
        className: type.name,
        ownerEpoch: lease.epoch,
        stateDirectory,
      },
    );
    task.start();
    return new SinkRun({ task, cluster, ends, guarantee: type.guarantee(config) });
  }

  get guarantee(): Guarantee {
    return this.parts.guarantee;
  }

  get failure(): unknown {
    return this.parts.task.failure;
  }

  pause(): void {
    this.parts.task.pause();
  }

  resume(): void {
    this.parts.task.resume();
  }

  ended(): Promise<void> {
    return this.parts.task.ended();
  }

  status(): TaskStatus {
    const { task, ends } = this.parts;
    const status = task.status();
    if (status.state !== 'FAILED') void ends.refresh(status.partitions);
    return { ...status, partitions: ends.withLags(status.partitions) };
  }

  async stop(): Promise<void> {
    await this.parts.task.stop();
    await this.parts.cluster.close();
  }
}

function clusterOf(lease: TaskLease, settings: ConnectorSettings, options: SinkRunOptions): Cluster {
  const isOwnPlace = settings.bootstrap !== null && settings.bootstrap !== options.bootstrap;
  return new Cluster({
    bootstrap: parseBootstrap(settings.bootstrap ?? options.bootstrap),
    clientId: `connector-consumer-${lease.connector}-${lease.task}`,
    security: isOwnPlace ? noSecurity : (options.security ?? noSecurity),
    clock: options.clock,
    logger: options.logger,
  });
}

/** Built in, or from a package that is installed. */
async function sinkTypeOf(
  config: Readonly<Record<string, string>>,
  environment: SinkRunOptions['environment'],
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
  if (found !== undefined) return found;
  try {
    return requireSinkType(connectorClass, config);
  } catch (error) {
    throw new FatalSinkError(messageOf(error), { cause: error, isLasting: true });
  }
}

function deadLettersOf(settings: ConnectorSettings, cluster: Cluster): DeadLetterTopic | null {
  if (settings.deadLetterTopic === null) return null;
  return new DeadLetterTopic(new TopicWriter(cluster), new TopicAdmin(cluster), {
    topic: settings.deadLetterTopic,
    replicationFactor: settings.deadLetterReplication,
  });
}
