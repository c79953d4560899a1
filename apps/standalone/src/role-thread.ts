import { Worker } from 'node:worker_threads';
import type { TopicsMetrics } from '../../topics/src/topics-service.js';

/** What a thread says to the process that started it. */
export type FromThread =
  | { readonly kind: 'ready'; readonly port: number | null }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'topics-metrics-wanted' };

/** What the process says to a thread. */
export type ToThread =
  | {
      readonly kind: 'start';
      readonly settings: ThreadSettings;
      readonly environment: Readonly<Record<string, string | undefined>>;
    }
  | { readonly kind: 'stop' }
  /** Null while the topic service does not run. */
  | { readonly kind: 'topics-metrics'; readonly metrics: TopicsMetrics | null };

export interface ThreadSettings {
  readonly databaseUrl: string;
  readonly bootstrap: string;
  readonly host: string;
  readonly httpPort: number;
  readonly dataDirectory: string;
  readonly workerId: string;
}

export interface RoleThreadOptions {
  readonly name: string;
  readonly module: URL;
  /** A line for the log. */
  onLine(line: string): void;
  onDeath(reason: string): void;
  /** Answers a thread that asks: the topic service is run by this one. */
  topicsMetrics(): Promise<TopicsMetrics | null>;
}

/**
 * A role on a thread of its own, so that a heavy transform or a big answer never delays the topic service's event loop. It loads its
 * code at once and waits for `start` with its settings.
 */
export class RoleThread {
  private readonly worker: Worker;
  private readonly ready = Promise.withResolvers<number | null>();
  private readonly stopped = Promise.withResolvers<void>();
  private stopping = false;

  constructor(private readonly options: RoleThreadOptions) {
    const { name, module } = options;
    this.worker = new Worker(module, { name, env: process.env });
    this.worker.on('message', (message: FromThread) => this.take(message));
    this.worker.on('error', (error) =>
      this.end(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    this.worker.on('exit', (code) => this.end(`ended with code ${code}`));
    // A thread that fails before anybody waits is told by `onDeath`.
    this.ready.promise.catch(() => undefined);
  }

  get name(): string {
    return this.options.name;
  }

  /** Resolves with the port it listens on, if it does. */
  start(settings: ThreadSettings): Promise<number | null> {
    this.say({ kind: 'start', settings, environment: { ...process.env } });
    return this.ready.promise;
  }

  async stop(timeoutMs: number): Promise<void> {
    this.stopping = true;
    this.say({ kind: 'stop' });
    const late = setTimeout(() => this.stopped.resolve(), timeoutMs);
    await this.stopped.promise;
    clearTimeout(late);
    await this.worker.terminate();
  }

  private say(message: ToThread): void {
    this.worker.postMessage(message);
  }

  private take(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.ready.resolve(message.port);
        break;
      case 'failed':
        this.end(message.message);
        break;
      case 'stopped':
        this.stopped.resolve();
        break;
      case 'line':
        this.options.onLine(message.line);
        break;
      case 'topics-metrics-wanted':
        void this.answerMetrics();
        break;
    }
  }

  /** What cannot be asked does not run. */
  private async answerMetrics(): Promise<void> {
    const metrics = await this.options.topicsMetrics().catch(() => null);
    this.say({ kind: 'topics-metrics', metrics });
  }

  private end(reason: string): void {
    this.stopped.resolve();
    this.ready.reject(new Error(`${this.name}: ${reason}`));
    if (!this.stopping) {
      this.stopping = true;
      this.options.onDeath(reason);
    }
  }
}
