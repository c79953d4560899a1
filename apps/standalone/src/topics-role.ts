import { PostgresTopicCatalog } from '#catalog/postgres-topic-catalog';
import { systemClock } from '#std/clock';
import type { Logger } from '#std/log';
import { withOwnListener } from './own-listener.js';
import { topicsRunner, type TopicsRunner } from '../../topics/src/topics-runner.js';
import type { TopicsMetrics } from '../../topics/src/topics-service.js';

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
  /** Takes lines of the log that nodes in processes of their own wrote. */
  readonly onLine: (line: string) => void;
}

/** The topic service on this thread's event loop, or as several nodes beside it; its topics in the database. */
export class TopicsRole {
  private readonly catalog: PostgresTopicCatalog;
  private service: TopicsRunner | null = null;

  constructor(private readonly options: TopicsRoleOptions) {
    const { databaseUrl, logger } = options;
    this.catalog = new PostgresTopicCatalog({ databaseUrl, logger });
  }

  async start(): Promise<void> {
    const { dataDirectory, host, port, config, logger, onFatal, onLine } = this.options;
    await this.catalog.start();
    this.service = await topicsRunner({
      dataDirectory,
      catalog: this.catalog,
      host,
      port,
      config: { ...settingsOfOneMachine, ...withOwnListener(config, port) },
      clock: systemClock,
      logger,
      onFatal,
      onLine,
    });
    await this.service.start();
  }

  /** Null before `start`. */
  async metrics(): Promise<TopicsMetrics | null> {
    return (await this.service?.metrics()) ?? null;
  }

  /** Gives what there is at the end; null where it was never started. */
  async stop(): Promise<TopicsMetrics | null> {
    const { service } = this;
    let last: TopicsMetrics | null = null;
    if (service !== null) last = await service.stop();
    await this.catalog.stop();
    return last;
  }
}

/** Where the all-in-one differs from Kafka's defaults: its own sinks need not wait for further members. */
const settingsOfOneMachine = { 'group.initial.rebalance.delay.ms': '0' };
