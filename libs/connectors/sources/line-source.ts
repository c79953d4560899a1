import type { Socket } from 'node:net';
import type { Source, SourceContext } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { DeliveryGatherer } from './delivery-gatherer.js';
import { EventSocket, type SocketProtocol } from './event-socket.js';
import { SocketListener } from './socket-listener.js';

export interface LineSourceOptions {
  readonly host: string;
  readonly port: number;
  readonly maxConnections: number;
  readonly batchSize: number;
  /** A new peer's protocol; it is read only then. */
  readonly protocolOf: (socket: Socket, context: SourceContext) => Promise<SocketProtocol>;
}

/** What peers get to take the last answers when the source stops, ms. */
const closeMsMax = 1500;

/** A source that takes events of TCP connections. */
export class LineSource implements Source {
  private listener: SocketListener | null = null;
  private gatherer: DeliveryGatherer | null = null;
  private context: SourceContext | null = null;
  private readonly peers = new Set<EventSocket>();

  constructor(private readonly options: LineSourceOptions) {}

  /** The port that is listened on; 0 while stopped. */
  get port(): number {
    return this.listener?.port ?? 0;
  }

  async start(context: SourceContext): Promise<void> {
    const { host, port, maxConnections: connectionsMax, batchSize } = this.options;
    const gatherer = new DeliveryGatherer(context, batchSize);
    const listener = new SocketListener({
      host,
      port,
      connectionsMax,
      onSocket: (socket) => void this.serve(socket, context, gatherer),
      onRefused: () => context.count('ConnectionRefusedCount', 1),
    });
    await listener.start();
    this.context = context;
    this.gatherer = gatherer;
    this.listener = listener;
  }

  /** What was read is delivered and answered; what was not stays with the peers. */
  async stop(): Promise<void> {
    const { context, gatherer, listener } = this;
    if (context === null || gatherer === null || listener === null) return;
    this.context = null;
    const closed = listener.stop();
    this.listener = null;
    for (const peer of this.peers) peer.end();
    await gatherer.idle();
    const timer = context.clock.after(closeMsMax, () => listener.destroyAll());
    await closed;
    timer.cancel();
  }

  private async serve(socket: Socket, context: SourceContext, gatherer: DeliveryGatherer): Promise<void> {
    const protocol = await this.options.protocolOf(socket, context);
    // Gone while the protocol was made.
    if (socket.destroyed) return;
    const peer = new EventSocket(socket, protocol, gatherer, {
      eventsMax: this.options.batchSize,
      clock: context.clock,
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
