import type { ClusterStore, LogEngine } from '#log/engine';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { GroupCoordinator } from './groups/group-coordinator.js';
import { parseAdvertised, type BrokerConfig } from './broker-options.js';
import { ClusterState } from './cluster-state.js';
import { BrokerCounters } from './counters.js';
import { FetchSessions } from './fetch-sessions.js';
import type { ConnectionInfo, Handler } from './handler.js';
import { handlers } from './handlers/index.js';
import { TopicAdmin } from './topic-admin.js';

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
  readonly topicAdmin: TopicAdmin;
  readonly fetchSessions: FetchSessions;
  readonly advertisedApis: readonly AdvertisedApi[];
  private readonly handlerOf: ReadonlyMap<number, Handler>;
  private readonly fixedAddress: { host: string; port: number } | null;

  constructor({ engine, cluster, clock, random, logger, config, configSet }: BrokerDependencies) {
    this.engine = engine;
    this.cluster = new ClusterState(cluster);
    this.clock = clock;
    this.random = random;
    this.logger = logger;
    this.config = config;
    this.configSet = configSet ?? {};
    const advertised = config['advertised.listeners'];
    this.fixedAddress = advertised === null ? null : parseAdvertised(advertised);
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
    this.groups.start();
  }

  /** Answers those who wait in groups; fetches that wait end by their connection's signal. */
  stop(): void {
    this.fetchSessions.closeAll();
    this.groups.stop();
  }

  /** Null for an API that is not served. */
  handler(apiKey: number): Handler | null {
    return this.handlerOf.get(apiKey) ?? null;
  }

  /** Where the client of `connection` is told to connect to. */
  advertised(connection: ConnectionInfo): { host: string; port: number } {
    return this.fixedAddress ?? { host: connection.listenerHost, port: connection.listenerPort };
  }
}
