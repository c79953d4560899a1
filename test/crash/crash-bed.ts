import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { RawClient } from '../conformance/raw-client.js';
import type { TestTopic } from '../conformance/target.js';
import { sleep } from '../peers/child.js';
import { makeTopic, readWhole } from './ledger-clients.js';
import type { Findings, Ledger } from './ledger.js';
import { TopicProcess } from './topic-process.js';

/** `flush.ms` by default. */
const flushMs = 50;

/** A topic service to be crashed, and the database beside it that lives on. */
export class CrashBed {
  private constructor(
    readonly folder: string,
    private readonly database: EmbeddedPostgres,
    readonly process: TopicProcess,
  ) {}

  static async make(port: number, settings: readonly string[], directory?: string): Promise<CrashBed> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
    // PostgreSQL does not run as root: its own user has to pass through here.
    chmodSync(folder, 0o755);
    const database = new EmbeddedPostgres({ directory: join(folder, 'postgres') });
    await database.start();
    const { databaseUrl } = database;
    const topics = new TopicProcess({
      directory: directory ?? join(folder, 'data'),
      logDirectory: folder,
      databaseUrl,
      port,
      settings,
    });
    return new CrashBed(folder, database, topics);
  }

  topic(configs: Readonly<Record<string, string>>): Promise<TestTopic> {
    return makeTopic(this.process.address, configs);
  }

  async audit(ledger: Ledger, topic: TestTopic): Promise<Findings> {
    // Records that were acknowledged with acks=1 are seen when the next sync has made them durable.
    await sleep(20 * flushMs);
    const client = await RawClient.connect(this.process.address);
    try {
      return await ledger.audit((partition, visit) => readWhole(client, topic, partition, visit));
    } finally {
      client.close();
    }
  }

  async dispose(): Promise<void> {
    await this.process.kill().catch(() => undefined);
    await this.database.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One line a test, for people and for the record. */
export function report(name: string, figures: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  process.stderr.write(`${name}: ${text.join(', ')}\n`);
}
