/** A real PostgreSQL for specs, in a temporary folder, without durability. It dies with the process that started it. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../embedded-postgres.js';

export interface TestDatabase {
  /** Of an empty database. */
  readonly databaseUrl: string;
  /** A further empty database on the same server. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
  /** Starts the stopped server again, same data, same address. */
  start(): Promise<void>;
  /** Stops the server and removes its folder. */
  remove(): Promise<void>;
}

/** Takes about a second: call it once a spec file, in `beforeAll`, and `remove` in `afterAll`. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-postgres-'));
  await chmod(directory, 0o755);
  const server = new EmbeddedPostgres({ directory, durable: false });
  await server.start();
  const databaseUrl = server.databaseUrl;
  return {
    databaseUrl,
    async createDatabase(name) {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      } finally {
        await client.end();
      }
      return databaseUrl.replace(/[^/]*$/, encodeURIComponent(name));
    },
    stop: () => server.stop(),
    start: () => server.start(),
    async remove() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
