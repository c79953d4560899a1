import { Worker } from 'node:worker_threads';

/** What a thread says to the process that started it. */
export type FromThread =
  | { readonly kind: 'ready'; readonly port: number | null }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'line'; readonly line: string };

export interface ThreadSettings {
  readonly databaseUrl: string;
  readonly bootstrap: string;
  readonly host: string;
  readonly httpPort: number;
  readonly dataDirectory: string;
  readonly workerId: string;
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

  constructor(
    readonly name: string,
    module: URL,
    private readonly onLine: (line: string) => void,
    private readonly onDeath: (name: string, reason: string) => void,
  ) {
    this.worker = new Worker(module, { name, env: process.env });
    this.worker.on('message', (message: FromThread) => this.take(message));
    this.worker.on('error', (error) =>
      this.end(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    this.worker.on('exit', (code) => this.end(`ended with code ${code}`));
    // A thread that fails before anybody waits is told by `onDeath`.
    this.ready.promise.catch(() => undefined);
  }

  /** Resolves with the port it listens on, if it does. */
  start(settings: ThreadSettings): Promise<number | null> {
    this.worker.postMessage({ kind: 'start', settings, environment: { ...process.env } });
    return this.ready.promise;
  }

  async stop(timeoutMs: number): Promise<void> {
    this.stopping = true;
    this.worker.postMessage({ kind: 'stop' });
    const late = setTimeout(() => this.stopped.resolve(), timeoutMs);
    await this.stopped.promise;
    clearTimeout(late);
    await this.worker.terminate();
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
        this.onLine(message.line);
        break;
    }
  }

  private end(reason: string): void {
    this.stopped.resolve();
    this.ready.reject(new Error(`${this.name}: ${reason}`));
    if (!this.stopping) {
      this.stopping = true;
      this.onDeath(this.name, reason);
    }
  }
}
