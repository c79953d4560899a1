import type { ClusterStore, LogEngine } from '#log/engine';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { GroupCoordinator } from './groups/group-coordinator.js';
import type { BrokerConfig } from './broker-options.js';
import { ClusterState } from './cluster-state.js';
import { BrokerCounters } from './counters.js';
import { FetchSessions } from './fetch-sessions.js';
import type { ConnectionInfo, Handler } from './handler.js';
import { handlers } from './handlers/index.js';
import { BrokerSecurity } from './security/broker-security.js';
import { listenerConfigs, type ListenerConfig } from './security/listener-config.js';
import { TopicAdmin } from './topic-admin.js';
import { TransactionCoordinator } from './transactions/transaction-coordinator.js';

export interface BrokerDependencies {
  readonly engine: LogEngine;
  /** ACLs, SCRAM verifiers, quotas and dynamic configs. */
  readonly cluster: ClusterStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly config: BrokerConfig;
  /** Which settings were given, as text, for DescribeConfigs; the rest shows as default. */
  readonly configSet?: Readonly<Record<string, string>>;
  /** Default: those of `configSet`. */
  readonly listeners?: readonly ListenerConfig[];
  /** Where references `${env:NAME}` inside of settings are looked up; default: nowhere. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** An API as it is told to clients. */
export interface AdvertisedApi {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** Kafka's semantics on a log engine; knows no socket. */
export class Broker {
  readonly engine: LogEngine;
  readonly cluster: ClusterState;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly config: BrokerConfig;
  readonly configSet: Readonly<Record<string, string>>;
  readonly counters = new BrokerCounters();
  readonly groups: GroupCoordinator;
  readonly security: BrokerSecurity;
  readonly topicAdmin: TopicAdmin;
  readonly fetchSessions: FetchSessions;
  readonly transactions: TransactionCoordinator;
  readonly advertisedApis: readonly AdvertisedApi[];
  private readonly handlerOf: ReadonlyMap<number, Handler>;

  constructor(given: BrokerDependencies) {
    const { engine, cluster, clock, random, logger, config, configSet } = given;
    this.engine = engine;
    this.cluster = new ClusterState(cluster);
    this.clock = clock;
    this.random = random;
    this.logger = logger;
    this.config = config;
    this.configSet = configSet ?? {};
    const listeners = given.listeners ?? listenerConfigs(this.configSet);
    const environment = given.environment ?? {};
    this.security = new BrokerSecurity({ cluster: this.cluster, config, listeners, clock, logger, environment });
    this.topicAdmin = new TopicAdmin(engine, config);
    const sessionsMax = config['max.incremental.fetch.session.cache.slots'];
    this.fetchSessions = new FetchSessions(engine, clock, random, sessionsMax);
    this.groups = new GroupCoordinator({
      offsets: engine.groups,
      partitionsOf: (name) => engine.topics.byName(name)?.partitions ?? null,
      clock,
      random,
      config,
    });
    this.transactions = new TransactionCoordinator({
      table: engine.table('transactions'),
      participants: {
        writeMarkers: (markers) => engine.writeMarkers(markers),
        endOffsets: (groupId, producerId, outcome) => engine.groups.endTransaction(groupId, producerId, outcome),
      },
      allocateProducerId: async () => (await engine.allocateProducer()).producerId,
      clock,
      random,
      logger,
      config,
    });
    this.handlerOf = new Map(handlers.map((handler) => [handler.api.key, handler]));
    this.advertisedApis = handlers.map(({ api }) => ({
      apiKey: api.key,
      minVersion: api.advertisedMin,
      maxVersion: api.maxVersion,
    }));
  }

  get nodeId(): number {
    return this.config['node.id'];
  }

  /** The engine is open before this and closed after `stop`. */
  async start(): Promise<void> {
    await this.cluster.open();
    await this.security.start();
    this.groups.start();
    this.transactions.start();
  }

  /** Answers those who wait in groups; fetches that wait end by their connection's signal. */
  stop(): void {
    this.fetchSessions.closeAll();
    this.groups.stop();
    this.transactions.stop();
  }

  /** Null for an API that is not served. */
  handler(apiKey: number): Handler | null {
    return this.handlerOf.get(apiKey) ?? null;
  }

  /** Where the client of `connection` is told to connect to. */
  advertised(connection: ConnectionInfo): { host: string; port: number } {
    const { listener, listenerHost: host, listenerPort: port } = connection;
    return this.security.advertisedOf(listener) ?? { host, port };
  }
}
