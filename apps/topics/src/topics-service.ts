import { resolve } from 'node:path';
import { Broker } from '#broker/broker';
import { brokerOptions } from '#broker/broker-options';
import { nodeOptions } from '#broker/config-node';
import type { Neighbourhood } from '#broker/cluster/neighbourhood';
import { listenerConfigs } from '#broker/security/listener-config';
import { parseOptions, requireOptions } from '#config/options';
import { resolveReferences } from '#config/references';
import { engineOptions } from '#log/engine-options';
import type { DirectoryDescription, EngineHealth, LogEngine, TopicCatalog } from '#log/engine';
import { LocalEngine } from '#log/local-engine';
import { KafkaServer } from '#server/kafka-server';
import type { Clock, Timer } from '#std/clock';
import { realDisk, type Disk } from '#std/disk';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { systemRandom, type Random } from '#std/random';

export interface TopicsServiceOptions {
  /** Where segments lie; made if it is not there. */
  readonly dataDirectory: string;
  readonly catalog: TopicCatalog;
  /** Of the only listener where the setting `listeners` names none: a loopback address, unless the setting `insecure` is true. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Settings by Kafka's names, see `brokerOptions` and `engineOptions`; what is missing has its default. Values may be references. */
  readonly config?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once when the disk takes no further write: the process should end, and start again when it does. */
  readonly onFatal?: (reason: string) => void;
  readonly disk?: Disk;
  readonly random?: Random;
  /** Where references `${env:NAME}` are looked up; default: the process' own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where it is one node of several; its catalog is the neighbourhood's then. */
  readonly neighbourhood?: Neighbourhood | null;
}

/** Counts since the start, except those that say what is there now. */
export interface TopicsMetrics {
  /** Open now. */
  readonly connections: number;
  readonly connectionsRefused: number;
  /** By the name of the API. */
  readonly requests: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly recordsAppended: number;
  readonly batchesAppended: number;
  readonly bytesAppended: number;
  /** Of the log, now. */
  readonly health: EngineHealth;
  /** As they are now. */
  readonly partitions: readonly PartitionMetrics[];
  readonly directories: readonly DirectoryDescription[];
}

export interface PartitionMetrics {
  readonly topic: string;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly sizeBytes: number;
  readonly segments: number;
  /** Records that retention removed before a group had read them, since the start. */
  readonly lostUnread: number;
}

/** Requests that were begun when the service is told to stop may take this long. */
const stopGraceMs = 3_000;
/** Between two steps of maintenance while there is work left, so that requests come in between. */
const maintainAgainMs = 10;

/** The topic service: the Kafka protocol in front, segment files behind. One for each data directory. */
export class TopicsService {
  private readonly options: TopicsServiceOptions;
  private readonly engine: LogEngine;
  private readonly broker: Broker;
  private readonly server: KafkaServer;
  private maintenance: Timer | null = null;
  private maintaining: Promise<void> = Promise.resolve();
  private state: 'new' | 'started' | 'stopped' = 'new';

  /** Throws `config.option.invalid` with every setting that will not do. */
  constructor(options: TopicsServiceOptions) {
    this.options = options;
    const { dataDirectory, catalog, host, port, clock, logger, neighbourhood = null } = options;
    const given = options.config ?? {};
    const environment = options.environment ?? process.env;
    const settings = resolved({ listeners: `PLAINTEXT://${bracketed(host)}:${port}`, ...given }, environment);
    const config = requireOptions('The topic service', brokerOptions, settings);
    requireOptions('The topic service', nodeOptions, settings);
    const { unknown } = parseOptions(nodeOptions, given);
    if (unknown.length > 0) logger.warn('Settings that nothing here has are ignored.', { names: unknown.join(', ') });
    const random = options.random ?? systemRandom;
    const engine = new LocalEngine({
      directory: resolve(dataDirectory),
      catalog,
      disk: options.disk ?? realDisk,
      clock,
      random,
      logger,
      config: Object.fromEntries(Object.entries(settings).filter(([name]) => name in engineOptions)),
      onFatal: options.onFatal ?? (() => undefined),
      share: neighbourhood?.share ?? null,
    });
    this.engine = engine;
    this.broker = new Broker({
      engine: this.engine,
      cluster: catalog,
      clock,
      random,
      logger,
      config,
      configSet: { listeners: settings['listeners'] ?? '', ...given },
      listeners: listenerConfigs(settings),
      environment,
      neighbourhood,
    });
    neighbourhood?.serve(engine, this.broker);
    this.server = new KafkaServer({ broker: this.broker });
  }

  /** The port that the first listener listens on; 0 before `start`. */
  get port(): number {
    return this.server.port;
  }

  /** Of all listeners, by their names. */
  get ports(): ReadonlyMap<string, number> {
    return this.server.ports;
  }

  /** Names of listeners that other machines reach although they do not guard themselves (`insecure`). */
  get exposedListeners(): readonly string[] {
    return this.server.exposed;
  }

  /** Of the log; a listener that is open to all is a warning for as long as it is. */
  get health(): EngineHealth {
    const health = this.engine.health();
    const exposed = this.exposedListeners;
    if (exposed.length === 0 || health.warning !== undefined) return health;
    return { ...health, warning: `Insecure: other machines reach ${exposed.join(', ')} without TLS and a login.` };
  }

  /** Recovers the log, then listens. Throws `net.address.in_use` where the port is taken, and leaves nothing open then. */
  async start(): Promise<void> {
    await this.engine.open();
    try {
      await this.broker.start();
      await this.server.start();
    } catch (error) {
      this.broker.stop();
      await this.engine.close();
      throw error;
    }
    this.state = 'started';
    this.scheduleMaintenance(this.broker.config['log.retention.check.interval.ms']);
  }

  /** Answers what was begun (for at most some seconds), closes every connection and makes the log durable. Gives what there was before. */
  async stop(): Promise<TopicsMetrics> {
    const last = this.metrics();
    if (this.state !== 'started') return last;
    this.state = 'stopped';
    this.maintenance?.cancel();
    this.broker.stop();
    await this.server.stop(stopGraceMs);
    await this.maintaining;
    await this.engine.close();
    return last;
  }

  metrics(): TopicsMetrics {
    const { counters } = this.broker;
    const bytes = this.server.bytes;
    return {
      connections: this.server.connections,
      connectionsRefused: this.server.connectionsRefused,
      requests: Object.fromEntries(this.server.requests),
      bytesIn: bytes.in,
      bytesOut: bytes.out,
      recordsAppended: counters.recordsAppended,
      batchesAppended: counters.batchesAppended,
      bytesAppended: counters.bytesAppended,
      health: this.health,
      partitions: this.partitionMetrics(),
      directories: this.engine.describeDirectories(),
    };
  }

  private partitionMetrics(): PartitionMetrics[] {
    return this.engine.describePartitions().flatMap(({ topicId, ...partition }) => {
      const topic = this.engine.topics.byId(topicId);
      return topic === null ? [] : [{ topic: topic.name, ...partition }];
    });
  }

  private scheduleMaintenance(delayMs: number): void {
    this.maintenance = this.options.clock.after(delayMs, () => {
      this.maintaining = this.maintain();
    });
  }

  private async maintain(): Promise<void> {
    const idleMs = this.broker.config['log.retention.check.interval.ms'];
    let delayMs = idleMs;
    try {
      await this.options.neighbourhood?.offsets.refresh(this.engine.topics);
      if (await this.engine.maintain()) delayMs = maintainAgainMs;
    } catch (error) {
      this.options.logger.error('Retention failed; it is tried again.', { reason: messageOf(error), afterMs: idleMs });
    }
    if (this.state === 'started') this.scheduleMaintenance(delayMs);
  }
}

/** JAAS texts keep their references: a password may hold what would end the text there. */
function resolved(
  settings: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const isJaas = (name: string): boolean => name.endsWith('sasl.jaas.config');
  const others = Object.fromEntries(Object.entries(settings).filter(([name]) => !isJaas(name)));
  return { ...settings, ...resolveReferences(others, environment) };
}

/** An IPv6 address as it stands before a port. */
function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
