import { PostgresTopicCatalog } from '#catalog/postgres-topic-catalog';
import { systemClock } from '#std/clock';
import type { Logger } from '#std/log';
import { TopicsService, type TopicsMetrics } from '../../topics/src/topics-service.js';

export interface TopicsRoleOptions {
  readonly databaseUrl: string;
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  /** By Kafka's names. */
  readonly config: Readonly<Record<string, string>>;
  readonly logger: Logger;
  /** The disk takes no further write: nothing more may be acknowledged. */
  readonly onFatal: (reason: string) => void;
}

/** The topic service on this thread's event loop, its topics in the database. */
export class TopicsRole {
  private readonly catalog: PostgresTopicCatalog;
  private readonly service: TopicsService;

  constructor(options: TopicsRoleOptions) {
    const { databaseUrl, logger } = options;
    this.catalog = new PostgresTopicCatalog({ databaseUrl, logger });
    this.service = new TopicsService({
      dataDirectory: options.dataDirectory,
      catalog: this.catalog,
      host: options.host,
      port: options.port,
      config: { ...settingsOfOneMachine, ...options.config },
      clock: systemClock,
      logger,
      onFatal: options.onFatal,
    });
  }

  async start(): Promise<void> {
    await this.catalog.start();
    await this.service.start();
  }

  metrics(): TopicsMetrics {
    return this.service.metrics();
  }

  /** Gives what there is at the end. */
  async stop(): Promise<TopicsMetrics> {
    const last = this.service.metrics();
    await this.service.stop();
    await this.catalog.stop();
    return last;
  }
}

/** Where the all-in-one differs from Kafka's defaults: its own sinks need not wait for further members. */
const settingsOfOneMachine = { 'group.initial.rebalance.delay.ms': '0' };
