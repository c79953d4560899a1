/**
 * Topics in PostgreSQL. The engine reads from its own memory, so a database that goes away stops only changes: those are
 * refused with `control.database.away`, which is retriable, and the next call after its return goes through.
 */
import { randomBytes } from 'node:crypto';
import type { DataSource, EntityManager, EntitySchema } from 'typeorm';
import { openDatabase, withDatabase } from '#control/database';
import { catalogErrors } from '#log/catalog-errors';
import type { ClusterChange, ClusterRecord, Topic, TopicCatalog } from '#log/engine';
import { MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import { clusterRecordEntity } from './cluster-record-row.js';
import { catalogMigrations } from './migrations.js';
import { rowOf, topicEntity, topicOf } from './topic-row.js';

export interface PostgresTopicCatalogOptions {
  readonly databaseUrl: string;
  readonly logger: Logger;
}

const connectionsMax = 2;

export class PostgresTopicCatalog implements TopicCatalog {
  private source: DataSource | null = null;

  constructor(private readonly options: PostgresTopicCatalogOptions) {}

  /** Connects and migrates. Throws `control.database.away` (retriable). */
  async start(): Promise<void> {
    this.source = await openDatabase({
      databaseUrl: this.options.databaseUrl,
      room: 'catalog',
      entities: [topicEntity, clusterRecordEntity] as EntitySchema<never>[],
      migrations: catalogMigrations,
      logger: this.options.logger,
      connectionsMax,
    });
  }

  async stop(): Promise<void> {
    const source = this.source;
    this.source = null;
    await source?.destroy();
  }

  clusterId(): Promise<string> {
    return this.run('reading the cluster id', async (manager) => {
      await manager.query('INSERT INTO millrace.cluster (id) VALUES ($1) ON CONFLICT DO NOTHING', [freshId()]);
      const rows: { id: string }[] = await manager.query('SELECT id FROM millrace.cluster');
      const [row] = rows;
      if (row === undefined) throw new Error('the cluster id was written and is not there');
      return row.id;
    });
  }

  load(): Promise<Topic[]> {
    return this.run('loading topics', async (manager) => {
      const rows = await manager.find(topicEntity, { order: { name: 'ASC' } });
      return rows.map(topicOf);
    });
  }

  insert(topic: Topic): Promise<void> {
    return this.run(`creating the topic ${topic.name}`, async (manager) => {
      const result = await manager
        .createQueryBuilder()
        .insert()
        .into(topicEntity)
        .values(valuesOf(topic))
        .orIgnore()
        .returning('id')
        .execute();
      const written: unknown = result.raw;
      if (Array.isArray(written) && written.length > 0) return;
      throw new MillraceError(catalogErrors.topicExists, `Topic ${topic.name} (id ${topic.id}) exists already.`);
    });
  }

  update(topic: Topic): Promise<void> {
    return this.run(`changing the topic ${topic.name}`, async (manager) => {
      const { id, ...rest } = valuesOf(topic);
      const result = await manager.update(topicEntity, { id }, rest);
      if (result.affected !== 0) return;
      throw new MillraceError(catalogErrors.topicUnknown, `There is no topic with the id ${id} (${topic.name}).`);
    });
  }

  remove(topicId: string): Promise<void> {
    return this.run('deleting a topic', async (manager) => {
      await manager.delete(topicEntity, { id: topicId });
    });
  }

  loadRecords(): Promise<ClusterRecord[]> {
    return this.run('loading the records of the cluster', (manager) =>
      manager.find(clusterRecordEntity, { order: { kind: 'ASC', key: 'ASC' } }),
    );
  }

  putRecords(changes: readonly ClusterChange[]): Promise<void> {
    return this.run('changing the records of the cluster', (manager) =>
      manager.transaction(async (transaction) => {
        for (const { kind, key, value } of changes) {
          if (value === null) await transaction.delete(clusterRecordEntity, { kind, key });
          else await transaction.upsert(clusterRecordEntity, { kind, key, value }, ['kind', 'key']);
        }
      }),
    );
  }

  private run<T>(doing: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withDatabase(doing, () => {
      if (this.source === null) throw new Error('the catalog is not started');
      return work(this.source.manager);
    });
  }
}

/** As TypeORM's types want it: nothing in it is read-only. */
function valuesOf(topic: Topic) {
  const row = rowOf(topic);
  return { ...row, configs: { ...row.configs }, leaders: row.leaders === null ? null : [...row.leaders] };
}

/** 16 random bytes as Kafka writes them. */
function freshId(): string {
  return randomBytes(16).toString('base64url');
}
