import type { Broker } from '#broker/broker';
import { ConnectionQuota } from '#net/connection-quota';
import { ReceiveBudget } from '#net/receive-budget';
import { KafkaListener } from './kafka-listener.js';

export interface KafkaServerOptions {
  /** Its listeners are those that are opened. */
  readonly broker: Broker;
}

/** When the service stops, clients have this long to take answers that were written. */
const writeGraceMs = 500;
/** Bytes of requests before the login, of all connections. */
const loginBytesMax = 32 * 1024 * 1024;

/** The topic service's doors: they take connections and have the broker answer each one's requests in their order. */
export class KafkaServer {
  /** Requests taken, by the name of their API. */
  readonly requests = new Map<string, number>();
  private readonly listeners: readonly KafkaListener[];
  private readonly broker: Broker;

  constructor({ broker }: KafkaServerOptions) {
    this.broker = broker;
    const { config, security } = broker;
    const regulate = (): void => {
      for (const { listener } of this.listeners) listener.regulate();
    };
    const quota = new ConnectionQuota(config['max.connections'], config['max.connections.per.ip']);
    const limit = (name: 'max.connections' | 'max.connections.per.ip') => broker.configs.nodeNumber(name, config[name]);
    broker.configs.onNodeChange(() => quota.setLimits(limit('max.connections'), limit('max.connections.per.ip')));
    const shared = {
      broker,
      quota,
      budget: new ReceiveBudget(config['queued.max.request.bytes'], regulate),
      loginBudget: new ReceiveBudget(loginBytesMax, regulate),
      counts: this.requests,
    };
    this.listeners = security.listeners.map((listener) => new KafkaListener(listener, shared));
  }

  /** Of the first listener; 0 before `start`. */
  get port(): number {
    return this.listeners[0]?.listener.port ?? 0;
  }

  /** By the names of the listeners. */
  get ports(): ReadonlyMap<string, number> {
    return new Map(this.listeners.map(({ config, listener }) => [config.name, listener.port]));
  }

  /** Names of listeners that others reach although they do not guard themselves. */
  get exposed(): readonly string[] {
    return this.listeners.filter(({ listener }) => listener.isExposed).map(({ config }) => config.name);
  }

  get connections(): number {
    return this.listeners.reduce((sum, { listener }) => sum + listener.connections.size, 0);
  }

  get connectionsRefused(): number {
    return this.listeners.reduce((sum, { listener }) => sum + listener.refused, 0);
  }

  get bytes(): { in: number; out: number } {
    const sum = { in: 0, out: 0 };
    for (const { listener } of this.listeners) {
      const { in: bytesIn, out: bytesOut } = listener.bytes;
      sum.in += bytesIn;
      sum.out += bytesOut;
    }
    return sum;
  }

  /** Opens every listener, or none. Throws as `Listener.start`. */
  async start(): Promise<void> {
    try {
      for (const listener of this.listeners) await listener.start();
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  /**
   * Takes no more connections and no more requests, lets those begun finish for at most `graceMs`, then closes everything.
   * Parked fetches answer at once with what they have.
   */
  async stop(graceMs: number): Promise<void> {
    for (const { listener } of this.listeners) listener.stopAccepting();
    const patience = new AbortController();
    const queues = this.listeners.flatMap((listener) => [...listener.queues]);
    const finished = Promise.all(queues.map((queue) => queue.finish()));
    const tooLong = this.broker.clock.sleep(graceMs, patience.signal).catch(() => undefined);
    await Promise.race([finished, tooLong]);
    patience.abort();
    await Promise.all(this.listeners.map(({ listener }) => listener.stop(writeGraceMs)));
  }
}
