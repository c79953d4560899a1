import type { ClusterStore, LogEngine, Topic } from '#log/engine';
import { leaderIndexOf } from '#log/topic-index';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { GroupCoordinator } from './groups/group-coordinator.js';
import type { BrokerConfig } from './broker-options.js';
import { ClusterState } from './cluster-state.js';
import { coordinatedHandlers } from './cluster/coordinated-handlers.js';
import type { Neighbourhood } from './cluster/neighbourhood.js';
import { Nodes, type NodeAddress } from './cluster/nodes.js';
import { OwnParticipants, SharedGate, SharedParticipants } from './cluster/shared-transactions.js';
import { underDeclaredNames } from './config-node.js';
import { ConfigRecords } from './config-records.js';
import { BrokerCounters } from './counters.js';
import { FetchSessions } from './fetch-sessions.js';
import type { ConnectionInfo, Handler } from './handler.js';
import { handlers } from './handlers/index.js';
import { BrokerSecurity } from './security/broker-security.js';
import { listenerConfigs, type ListenerConfig } from './security/listener-config.js';
import { LogLevel, leveled } from './log-levels.js';
import { Quotas } from './quotas/quotas.js';
import { TopicAdmin } from './topic-admin.js';
import { TopicPolicies } from './topic-policies.js';
import { TransactionCoordinator } from './transactions/transaction-coordinator.js';
import type { TransactionGate } from './transactions/transaction-ports.js';

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
  /** The other nodes of the machine; null or missing: there are none. */
  readonly neighbourhood?: Neighbourhood | null;
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
  /** Settings that are altered while it runs. */
  readonly configs: ConfigRecords;
  readonly logLevel = new LogLevel();
  readonly counters = new BrokerCounters();
  readonly groups: GroupCoordinator;
  readonly security: BrokerSecurity;
  readonly topicAdmin: TopicAdmin;
  readonly fetchSessions: FetchSessions;
  readonly quotas: Quotas;
  readonly topicPolicies: TopicPolicies;
  /** Transactional ids that this node coordinates. */
  readonly transactions: TransactionCoordinator;
  /** Asked before anything is written in a transaction, whichever node coordinates it. */
  readonly gate: TransactionGate;
  /** What this node has of transactions, whichever node coordinates them. */
  readonly participants: OwnParticipants;
  readonly nodes: Nodes;
  readonly advertisedApis: readonly AdvertisedApi[];
  private readonly handlerOf: ReadonlyMap<number, Handler>;

  constructor(given: BrokerDependencies) {
    const { engine, cluster, clock, random, logger, config, configSet } = given;
    this.engine = engine;
    this.cluster = new ClusterState(cluster);
    this.clock = clock;
    this.random = random;
    this.logger = leveled(logger, this.logLevel);
    this.config = config;
    this.configs = new ConfigRecords(this.cluster, engine, config['node.id'], underDeclaredNames(configSet ?? {}));
    const listeners = given.listeners ?? listenerConfigs(configSet ?? {});
    const environment = given.environment ?? {};
    this.security = new BrokerSecurity({ cluster: this.cluster, config, listeners, clock, logger, environment });
    this.topicAdmin = new TopicAdmin(engine, config);
    const sessionsMax = config['max.incremental.fetch.session.cache.slots'];
    this.topicPolicies = new TopicPolicies(this.configs);
    const sampleMs = config['quota.window.size.seconds'] * 1000;
    this.quotas = new Quotas(this.cluster, clock, { samples: config['quota.window.num'], sampleMs });
    this.fetchSessions = new FetchSessions(engine, clock, random, sessionsMax);
    this.groups = new GroupCoordinator({
      offsets: engine.groups,
      table: engine.table('groups'),
      topics: engine.topics,
      clock,
      random,
      config,
      groupSetting: (groupId, name) => this.configs.groupNumber(groupId, name),
    });
    const neighbourhood = given.neighbourhood ?? null;
    this.nodes = neighbourhood?.nodes ?? Nodes.alone(config['node.id']);
    const { nodes } = this;
    const own = new OwnParticipants(engine);
    this.participants = own;
    this.transactions = new TransactionCoordinator({
      table: engine.table('transactions'),
      participants:
        neighbourhood === null ? own : new SharedParticipants({ nodes, peers: neighbourhood.peers, engine, own }),
      allocateProducerId: async () => (await engine.allocateProducer()).producerId,
      clock,
      random,
      logger,
      config,
    });
    this.gate =
      neighbourhood === null ? this.transactions : new SharedGate(nodes, neighbourhood.peers, this.transactions, own);
    const served = neighbourhood === null ? handlers : coordinatedHandlers(handlers);
    this.handlerOf = new Map(served.map((handler) => [handler.api.key, handler]));
    this.advertisedApis = handlers.map(({ api }) => ({
      apiKey: api.key,
      minVersion: api.advertisedMin,
      maxVersion: api.maxVersion,
    }));
  }

  get nodeId(): number {
    return this.nodes.idOf(this.nodes.index);
  }

  /** The engine is open before this and closed after `stop`. */
  async start(): Promise<void> {
    await this.cluster.open();
    this.configs.start();
    this.quotas.start();
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
  /** All nodes, where the client of `connection` is told to connect to. */
  nodesFor(connection: ConnectionInfo): NodeAddress[] {
    return this.nodes.addresses(this.advertised(connection));
  }

  /** The node that coordinates a group or a transactional id. */
  coordinatorFor(key: string, connection: ConnectionInfo): NodeAddress {
    return this.nodes.addressOf(this.nodes.coordinatorOf(key), this.advertised(connection));
  }

  /** Node id of the partition's leader, which has its only copy. */
  leaderOf(topic: Topic, partition: number): number {
    return this.nodes.idOf(leaderIndexOf(topic, partition));
  }
}
