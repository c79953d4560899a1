import type { Broker } from '#broker/broker';
import type { Connection } from '#net/connection';
import { Listener } from '#net/listener';
import type { Logger } from '#std/log';
import { RequestQueue } from './request-queue.js';

export interface KafkaServerOptions {
  readonly broker: Broker;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** When the service stops, clients have this long to take answers that were written. */
const writeGraceMs = 500;

/** The topic service's door: takes connections and has the broker answer each one's requests in their order. */
export class KafkaServer {
  /** Requests taken, by the name of their API. */
  readonly requests = new Map<string, number>();
  private readonly listener: Listener;
  private readonly queues = new Set<RequestQueue>();
  private readonly broker: Broker;
  private readonly logger: Logger;

  constructor({ broker, host, port }: KafkaServerOptions) {
    this.broker = broker;
    this.logger = broker.logger;
    const { config, clock } = broker;
    this.listener = new Listener(
      {
        host,
        port,
        insecure: config.insecure,
        connectionsMax: config['max.connections'],
        connectionsPerHostMax: config['max.connections.per.ip'],
        idleMs: config['connections.max.idle.ms'],
        heldBytesMax: config['queued.max.request.bytes'],
        limits: {
          frameBytesMax: config['socket.request.max.bytes'],
          budgetBytesMax: config['connection.budget.bytes'],
          unansweredMax: config['connection.requests.max'],
        },
      },
      clock,
      (connection) => this.serve(connection),
    );
  }

  get port(): number {
    return this.listener.port;
  }

  get connections(): number {
    return this.listener.connections.size;
  }

  get connectionsRefused(): number {
    return this.listener.refused;
  }

  get bytes(): { in: number; out: number } {
    return this.listener.bytes;
  }

  /** Throws as `Listener.start`. */
  start(): Promise<void> {
    return this.listener.start();
  }

  /**
   * Takes no more connections and no more requests, lets those begun finish for at most `graceMs`, then closes everything.
   * Parked fetches answer at once with what they have.
   */
  async stop(graceMs: number): Promise<void> {
    this.listener.stopAccepting();
    const patience = new AbortController();
    const finished = Promise.all([...this.queues].map((queue) => queue.finish()));
    const tooLong = this.broker.clock.sleep(graceMs, patience.signal).catch(() => undefined);
    await Promise.race([finished, tooLong]);
    patience.abort();
    await this.listener.stop(writeGraceMs);
  }

  private serve(connection: Connection): void {
    const queue = new RequestQueue(connection, this.broker, this.requests);
    this.queues.add(queue);
    connection.start({
      onFrame: (frame) => queue.take(frame),
      onClose: (error) => {
        this.queues.delete(queue);
        queue.abort();
        if (error !== null) this.reportClose(connection, error);
      },
    });
  }

  /** A peer that hangs up is no news; one that sends what cannot be read is. */
  private reportClose(connection: Connection, error: Error): void {
    if ('syscall' in error) return;
    this.logger.warn('A client connection was closed.', { client: connection.remoteHost, reason: error.message });
  }
}
