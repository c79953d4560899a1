import { fork, type ChildProcess } from 'node:child_process';
import type { PeerMessage } from '#broker/cluster/peer-calls';
import { MillraceError } from '#std/errors';
import type { FromNode, NodeSettings, ToNode } from './node-messages.js';
import type { TopicsMetrics } from './topics-service.js';

export interface NodeProcessOptions {
  readonly settings: NodeSettings;
  onPeerMessage(message: PeerMessage): void;
  /** A line for the log. */
  onLine(line: string): void;
  /** It has ended, asked for or not; `ready` was answered before, or is never again. */
  onExit(reason: string): void;
}

export interface NodeReady {
  /** Of its first listener. */
  readonly port: number;
  /** Of all listeners, by their names. */
  readonly ports: ReadonlyMap<string, number>;
  /** Names of listeners that other machines reach although they do not guard themselves. */
  readonly exposed: readonly string[];
}

/** One node as a process of its own: its own event loop, its own threads for files, and nobody else falls with it. */
export class NodeProcess {
  private readonly child: ChildProcess;
  private readonly started = Promise.withResolvers<NodeReady>();
  private failure: Error | null = null;
  private exitReason: string | null = null;
  private isOver = false;
  private readonly ended = Promise.withResolvers<TopicsMetrics | null>();
  private lastMetrics: TopicsMetrics | null = null;
  private metricsAsked: PromiseWithResolvers<TopicsMetrics | null> | null = null;

  constructor(private readonly options: NodeProcessOptions) {
    this.child = fork(new URL('./node-main.js', import.meta.url), { serialization: 'advanced' });
    this.child.on('message', (message: FromNode) => this.take(message));
    this.child.on('error', (error) => this.exited(error.message));
    this.child.on('exit', (code, signal) => {
      this.exitReason = signal === null ? `ended with code ${code}` : `got ${signal}`;
      if (!this.child.connected) this.exited(this.exitReason);
    });
    // What was said last may still be on its way when the process has ended; after this nothing comes.
    this.child.on('disconnect', () => {
      if (this.exitReason !== null) this.exited(this.exitReason);
    });
    // One that fails while nobody waits for its start is told by `onExit`.
    this.started.promise.catch(() => undefined);
    this.say({ kind: 'start', settings: options.settings });
  }

  get pid(): number | null {
    return this.child.pid ?? null;
  }

  /** Resolves when it listens; rejects with why it could not start, after it has ended. */
  get ready(): Promise<NodeReady> {
    return this.started.promise;
  }

  sendPeer(message: PeerMessage): void {
    this.say({ kind: 'peer', message });
  }

  /** Null where it does not run. */
  metrics(): Promise<TopicsMetrics | null> {
    if (this.metricsAsked === null) {
      this.metricsAsked = Promise.withResolvers();
      this.say({ kind: 'metrics-wanted' });
    }
    return Promise.race([this.metricsAsked.promise, this.ended.promise.then(() => null)]);
  }

  /** Gives what there was at the end; null where it fell before, or had to be killed after `stopMsMax`. */
  async stop(stopMsMax: number): Promise<TopicsMetrics | null> {
    this.say({ kind: 'stop' });
    const late = setTimeout(() => this.child.kill('SIGKILL'), stopMsMax);
    const metrics = await this.ended.promise;
    clearTimeout(late);
    return metrics;
  }

  private say(message: ToNode): void {
    // A process that is gone takes nothing more; `exit` follows, or was.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private take(message: FromNode): void {
    switch (message.kind) {
      case 'ready':
        this.started.resolve(message.ready);
        break;
      case 'failed': {
        const { code, message: text } = message;
        this.failure = code === null ? new Error(text) : new MillraceError({ code, retriable: false }, text);
        break;
      }
      case 'stopped':
        this.lastMetrics = message.metrics;
        break;
      case 'metrics':
        this.metricsAsked?.resolve(message.metrics);
        this.metricsAsked = null;
        break;
      case 'line':
        this.options.onLine(message.line);
        break;
      case 'peer':
        this.options.onPeerMessage(message.message);
        break;
    }
  }

  private exited(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.ended.resolve(this.lastMetrics);
    this.options.onExit(this.failure?.message ?? reason);
    this.started.reject(this.failure ?? new Error(`A node of the topic service ${reason} before it was ready.`));
  }
}
