import { PostgresTopicCatalog } from '#catalog/postgres-topic-catalog';
import { systemClock } from '#std/clock';
import type { Logger } from '#std/log';
import { TopicsService } from '../../topics/src/topics-service.js';

export interface TopicsRoleOptions {
  readonly databaseUrl: string;
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  /** By Kafka's names. */
  readonly config: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly onFatal: (reason: string) => void;
}

export interface RunningTopics {
  /** Creates those that are missing. */
  ensure(
    topics: readonly { name: string; partitions: number; configs: Readonly<Record<string, string>> }[],
  ): Promise<void>;
  stop(): Promise<{ topics: number; records: number; bytes: number }>;
}
