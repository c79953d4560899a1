import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { ReceiveBudget } from '#net/receive-budget';
import type { Source, SourceContext } from '#pipeline/collector';
import type { Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import { DeliveryGatherer } from './delivery-gatherer.js';
import { EventSocket, type SocketProtocol } from './event-socket.js';
import { SocketListener } from './socket-listener.js';

export interface LineSourceOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly ports: readonly number[];
  /** Of all ports together. */
  readonly maxConnections: number;
  readonly batchSize: number;
  /** ms; 0 lets idle peers be. */
  readonly idleTimeout: number;
  /** Peers cannot be told of a refusal: what channels refuse waits until they take it, and peers wait too. */
  readonly isPatient?: boolean;
  /** Called at each start; null without TLS. */
  readonly tls?: () => SecureContextOptions | null;
  /** A new peer's protocol; it is read only then. */
  readonly protocolOf: (socket: Socket, context: SourceContext) => Promise<SocketProtocol>;
}

/** What peers get to take the last answers when the source stops, ms. */
const closeMsMax = 1500;
/** What all peers together may have waiting for the channels: bodies, and 128 bytes an event. Then none is read. */
const waitingBytesMax = 64 * 1024 * 1024;
/** A port that could not be listened on is tried again, as a component that does not start. */
const bindRetryMs = 3000;

/** A source that takes events of TCP connections, on one port or several. */
export class LineSource implements Source {
  private listeners: SocketListener[] = [];
  private gatherer: DeliveryGatherer | null = null;
  private context: SourceContext | null = null;
  private budget: ReceiveBudget | null = null;
  private bindTimer: Timer | null = null;
  private unbound = new Set<SocketListener>();
  private readonly peers = new Set<EventSocket>();
  private connections = 0;

  constructor(private readonly options: LineSourceOptions) {}

  /** The first port that is listened on; 0 while stopped. */
  get port(): number {
    return this.boundPorts[0] ?? 0;
  }

  /** The ports that are listened on, in the order of the options. */
  get boundPorts(): readonly number[] {
    return this.listeners.map((listener) => listener.port).filter((port) => port !== 0);
  }

  /** Rejects when no port can be listened on. Ports that cannot are reported, and tried again, while others serve. */
  async start(context: SourceContext): Promise<void> {
    const { batchSize, isPatient = false } = this.options;
    this.gatherer = new DeliveryGatherer(context, { eventsMax: batchSize, isPatient });
    this.budget = new ReceiveBudget(waitingBytesMax, () => {
      for (const peer of this.peers) peer.look();
    });
    this.listeners = this.createListeners(context);
    this.unbound = new Set(this.listeners);
    this.context = context;
    const error = await this.bind();
    if (error === null) return;
    if (this.unbound.size === this.listeners.length) {
      this.context = null;
      throw error;
    }
    this.bindLater(context);
  }

  /** What was read is delivered and answered; what was not stays with the peers. */
  async stop(): Promise<void> {
    const { context, gatherer } = this;
    if (context === null || gatherer === null) return;
    this.context = null;
    this.bindTimer?.cancel();
    const closed = Promise.all(this.listeners.map((listener) => listener.stop()));
    for (const peer of this.peers) peer.end();
    await gatherer.stop();
    const timer = context.clock.after(closeMsMax, () => {
      for (const listener of this.listeners) listener.destroyAll();
    });
    await closed;
    timer.cancel();
  }

  private createListeners(context: SourceContext): SocketListener[] {
    const { host, ports, maxConnections } = this.options;
    const tls = this.options.tls?.() ?? null;
    const onRefused = (): void => context.count('ConnectionRefusedCount', 1);
    const onSocket = (socket: Socket): void => {
      if (this.connections >= maxConnections) {
        onRefused();
        socket.destroy();
      } else {
        this.serve(socket, context).catch((error: unknown) => {
          context.reportError(error);
          socket.destroy();
        });
      }
    };
    const onHandshakeFailed = (): void => context.count('ConnectionFailedCount', 1);
    return ports.map(
      (port) =>
        new SocketListener({ host, port, connectionsMax: maxConnections, tls, onSocket, onRefused, onHandshakeFailed }),
    );
  }

  /** Tries the ports that are not listened on; gives the first failure. */
  private async bind(): Promise<Error | null> {
    let failure: Error | null = null;
    for (const listener of this.unbound) {
      try {
        await listener.start();
        this.unbound.delete(listener);
      } catch (error) {
        failure ??= error as Error;
        if (this.bindTimer === null) this.context?.logger.error(messageOf(error));
      }
    }
    if (failure !== null) this.context?.reportError(failure);
    return failure;
  }

  private bindLater(context: SourceContext): void {
    this.bindTimer = context.clock.after(bindRetryMs, () => {
      void this.bind().then((error) => {
        if (this.context !== context) return Promise.all(this.listeners.map((listener) => listener.stop()));
        if (error === null) context.reportError(null);
        else this.bindLater(context);
        return null;
      });
    });
  }

  private async serve(socket: Socket, context: SourceContext): Promise<void> {
    const { gatherer, budget } = this;
    if (gatherer === null || budget === null) return;
    this.connections += 1;
    socket.once('close', () => (this.connections -= 1));
    const protocol = await this.options.protocolOf(socket, context);
    // Gone while the protocol was made.
    if (socket.destroyed) return;
    const peer = new EventSocket(socket, protocol, gatherer, {
      eventsMax: this.options.batchSize,
      clock: context.clock,
      budget,
      idleMs: this.options.idleTimeout,
      onIdle: () => context.count('ConnectionIdleCount', 1),
      onBroken: (error) => {
        context.count('EventReadFail', 1);
        context.logger.error(`A connection was closed because what it sent could not be read: ${messageOf(error)}`);
      },
    });
    this.peers.add(peer);
    socket.once('close', () => this.peers.delete(peer));
    peer.start();
    // Stopped while the protocol was made.
    if (this.context !== context) peer.end();
  }
}
