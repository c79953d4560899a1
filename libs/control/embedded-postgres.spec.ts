import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, chmod, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from './embedded-postgres.js';

describe('the embedded database', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-embedded-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  it('keeps its data, its address and its password over a stop and a start, and listens on loopback only', async () => {
    const first = new EmbeddedPostgres({ directory });
    await first.start();
    const url = first.databaseUrl;
    await query(url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    expect(await query(url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    const stoppedAt = Date.now();
    await first.stop();
    const secondAt = Date.now();
    const second = new EmbeddedPostgres({ directory });
    await second.start();
    expect(secondAt - stoppedAt).toBeLessThan(2_000);
    expect(second.databaseUrl).toBe(url);
    expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    expect((await stat(join(directory, 'password'))).mode & 0o777).toBe(0o600);
    await second.stop();
  });

  it('refuses a client without the password', async () => {
    const server = new EmbeddedPostgres({ directory });
    await server.start();
    try {
      const wrong = server.databaseUrl.replace(/:[^:@]*@/, ':wrong@');
      await expect(query(wrong, 'SELECT 1')).rejects.toThrow(/password/);
    } finally {
      await server.stop();
    }
  });

  it('refuses a folder that a living process has', async () => {
    const other = spawn('sleep', ['60']);
    try {
      const stats = await readFile(`/proc/${other.pid}/stat`, 'utf8');
      const startTime = stats.slice(stats.lastIndexOf(')') + 2).split(' ')[19];
      await writeFile(join(directory, 'owner'), `${other.pid} ${startTime}`);
      const server = new EmbeddedPostgres({ directory });
      await expect(server.start()).rejects.toMatchObject({ code: 'control.database.in_use' });
    } finally {
      other.kill();
      await rm(join(directory, 'owner'), { force: true });
    }
  });

  it('starts over a lock file that a crash left behind', async () => {
    const server = new EmbeddedPostgres({ directory });
    await writeFile(join(directory, 'cluster', 'postmaster.pid'), `${process.pid}\n/elsewhere\n`);
    await server.start();
    expect(await query(server.databaseUrl, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await server.stop();
  });

  it('recovers after the server was killed', async () => {
    const server = new EmbeddedPostgres({ directory });
    await server.start();
    await query(server.databaseUrl, 'UPDATE kept SET id = 8');
    const [pid] = (await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await server.stop();
    const next = new EmbeddedPostgres({ directory });
    await next.start();
    expect(await query(next.databaseUrl, 'SELECT id FROM kept')).toEqual([{ id: 8 }]);
    await next.stop();
  });

  it('works in a folder below one that only its owner may enter', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'millrace-closed-'));
    await chmod(closed, 0o700);
    const server = new EmbeddedPostgres({ directory: join(closed, 'postgres'), durable: false });
    await server.start();
    expect(await query(server.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
    await rm(closed, { recursive: true, force: true });
  });
});
