import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EmbeddedPostgres } from '#control/embedded-postgres';
import { logFormat } from '#nest/log-format';
import { createLogger, type Logger } from '#std/log';
import { productRoot, productVersion } from '../../cli/src/version.js';
import { applyConfig } from './apply-config.js';
import { loadConfigFile, type StandaloneConfig } from './config-file.js';
import { nodeCountOf } from '../../topics/src/node-settings.js';
import type { TopicsMetrics } from '../../topics/src/topics-service.js';
import { DataLock } from './data-lock.js';
import { choosePort, portOf, type ChosenPort } from './ports.js';
import { RoleThread } from './role-thread.js';
import { LogFile } from './log-file.js';
import { TopicsRole } from './topics-role.js';

export interface StandaloneOptions {
  /** Null: the demo. */
  readonly configPath: string | null;
  readonly dataDirectory: string;
  /** Null: 9092, or the next free one. */
  readonly topicsPort: string | null;
  /** Null: 8080, or the next free one. */
  readonly httpPort: string | null;
  readonly out: (line: string) => void;
}

const host = '127.0.0.1';
const stopMsMax = 20_000;
/** As sysexits' EX_SOFTWARE. */
const storageFailedCode = 70;

/** Runs everything until SIGINT or SIGTERM; resolves when all is stopped and safe. */
export async function runStandalone(options: StandaloneOptions): Promise<void> {
  const config = loadConfigFile(options.configPath ?? join(productRoot, 'examples', 'first-run', 'millrace.json'));
  const directory = resolve(options.dataDirectory);
  const lock = DataLock.take(directory);
  const stop = Promise.withResolvers<string>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.resolve(signal));
  const product = new Product(config, directory, options, (reason) => stop.resolve(reason));
  try {
    await product.start();
    const reason = await stop.promise;
    options.out('');
    const kept = await product.stop();
    for (const line of kept) options.out(line);
    if (!reason.startsWith('SIG')) throw new Error(reason);
  } catch (error) {
    await product.stop();
    throw error;
  } finally {
    lock.release();
  }
}

class Product {
  private readonly log: LogFile;
  private readonly logger: Logger;
  private readonly threads: RoleThread[] = [];
  private database: EmbeddedPostgres | null = null;
  private topics: TopicsRole | null = null;
  private stopGenerator: (() => void) | null = null;
  private stopping = false;

  constructor(
    private readonly config: StandaloneConfig,
    private readonly directory: string,
    private readonly options: StandaloneOptions,
    private readonly onFailure: (reason: string) => void,
  ) {
    mkdirSync(join(directory, 'logs'), { recursive: true });
    this.log = new LogFile(join(directory, 'logs', 'millrace.log'));
    this.logger = createLogger({
      write: (line) => this.log.write(line),
      now: () => new Date().toISOString(),
      format: logFormat(),
    });
  }

  async start(): Promise<void> {
    const nodes = nodeCountOf(this.config.topicService, 1);
    const topicsPort = await this.port(this.options.topicsPort, 9092, '--topics-port', nodes);
    const httpPort = await this.port(this.options.httpPort, 8080, '--http-port');
    const bootstrap = Array.from({ length: nodes }, (_, index) => `${host}:${topicsPort.port + index}`).join(',');
    process.env['MILLRACE_DATA'] = this.directory;
    process.env['MILLRACE_BOOTSTRAP'] = bootstrap;
    // The thread loads its code while the database starts.
    const admin = this.thread('admin');
    const databaseUrl = await this.startDatabase();
    process.env['MILLRACE_DATABASE_URL'] = databaseUrl;
    const settings = {
      databaseUrl,
      bootstrap,
      host,
      httpPort: httpPort.port,
      dataDirectory: this.directory,
      workerId: 'local',
    };
    const adminReady = admin.start(settings);
    this.topics = new TopicsRole({
      databaseUrl,
      dataDirectory: join(this.directory, 'topics'),
      host,
      port: topicsPort.port,
      config: this.config.topicService,
      logger: this.logger,
      onFatal: (reason) => this.storageFailed(reason),
      onLine: (line) => this.log.write(line),
    });
    await this.topics.start();
    const port = (await adminReady) ?? httpPort.port;
    for (const line of this.greeting(topicsPort, httpPort, port)) this.options.out(line);
    for (const name of ['collector', 'sink-worker'] as const) {
      void this.thread(name)
        .start(settings)
        .catch(() => undefined);
    }
    await applyConfig(this.config, { directory: this.directory, bootstrap, url: `http://${host}:${port}` });
    await this.startGenerator();
  }

  /** Stops in the order of the flow; gives lines that say what was kept. */
  async stop(): Promise<string[]> {
    if (this.stopping) return [];
    this.stopping = true;
    this.stopGenerator?.();
    for (const name of ['collector', 'sink-worker', 'admin']) {
      await this.threads.find((thread) => thread.name === name)?.stop(stopMsMax);
    }
    const kept = (await this.topics?.stop()) ?? null;
    await this.database?.stop();
    await this.log.close();
    return kept === null ? [] : keptInWords(kept, this.shown);
  }

  private thread(name: 'admin' | 'collector' | 'sink-worker'): RoleThread {
    const thread = new RoleThread({
      name,
      module: new URL(`./threads/${name}.js`, import.meta.url),
      onLine: (line) => this.log.write(line),
      onDeath: (reason) => {
        this.logger.error('a role has failed', { role: name, reason });
        if (!this.stopping) this.onFailure(`The ${name} role has failed: ${reason}`);
      },
      topicsMetrics: async () => (await this.topics?.metrics()) ?? null,
    });
    this.threads.push(thread);
    return thread;
  }

  private async startDatabase(): Promise<string> {
    const outside = process.env['DATABASE_URL'];
    if (outside !== undefined && outside !== '') return outside;
    this.database = new EmbeddedPostgres({ directory: join(this.directory, 'postgres') });
    await this.database.start();
    return this.database.databaseUrl;
  }

  private async startGenerator(): Promise<void> {
    if (this.config.generator === null) return;
    const module: unknown = await import(pathToFileURL(this.config.generator).href);
    if (typeof module !== 'object' || module === null || !('start' in module) || typeof module.start !== 'function') {
      throw new Error(`${this.config.generator} has no function "start"`);
    }
    const stop: unknown = module.start(this.directory);
    if (typeof stop === 'function') this.stopGenerator = () => void stop();
  }

  private greeting(topics: ChosenPort, http: ChosenPort, httpPort: number): string[] {
    const was = (chosen: ChosenPort): string => (chosen.taken === null ? '' : ` (${chosen.taken} was taken)`);
    return [
      `Millrace ${productVersion} is ready.`,
      `  data        ${this.shown}`,
      `  topics      ${host}:${topics.port}${was(topics)}, the Kafka protocol`,
      `  console     http://${host}:${httpPort}/console/${was(http)}`,
      `  REST        http://${host}:${httpPort}, to try it: http://${host}:${httpPort}/docs`,
      `  running     ${this.config.name}`,
      '  durability  acks=all is answered after the data is synced to disk; kill -9 and power loss lose nothing acknowledged',
      ...(this.config.next === null ? [] : [`  next        ${this.config.next}`]),
    ];
  }

  /** Not a stop: what could not be synced must not be touched again by this process. */
  private storageFailed(reason: string): void {
    process.stderr.write(`${reason}\n`);
    process.exit(storageFailedCode);
  }

  private get shown(): string {
    const path = relative(process.cwd(), this.directory);
    return path.startsWith('..') ? this.directory : path || '.';
  }

  private port(text: string | null, wanted: number, name: string, count = 1): Promise<ChosenPort> {
    const named = portOf(text, name);
    return choosePort(named ?? wanted, { isNamed: named !== null, host, count });
  }
}

function keptInWords(kept: TopicsMetrics, folder: string): string[] {
  const topics = new Set(kept.partitions.map((partition) => partition.topic)).size;
  const records = kept.partitions.reduce(
    (sum, partition) => sum + partition.highWatermark - partition.logStartOffset,
    0,
  );
  const kib = Math.ceil(kept.partitions.reduce((sum, partition) => sum + partition.sizeBytes, 0) / 1024);
  return [
    `Stopped. Kept in ${folder}: ${records} records in ${topics} topics (${kib} KiB), all positions and settings.`,
    'The next start goes on where this one was.',
  ];
}
