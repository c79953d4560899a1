import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { plainAddress } from '#net/host';
import { ReceiveBudget } from '#net/receive-budget';
import type { Source, SourceContext } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { acceptTls, compressedTransport, plainTransport, type RpcTransport } from '../../rpc/rpc-transport.js';
import { SocketListener } from '../socket-listener.js';
import type { RpcProtocol } from './rpc-call.js';
import { RpcConnection } from './rpc-connection.js';

export interface RpcSourceOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly maxConnections: number;
  /** Of one message; with two of them above their budget, connections in the middle of a message are closed too. */
  readonly messageBytesMax: number;
  readonly isCompressed: boolean;
  /** Called at each start; null without TLS. */
  readonly tls: () => SecureContextOptions | null;
  /** Whether a peer may connect, by its address. */
  readonly admits: ((address: string) => Promise<boolean>) | null;
  /** Of a new peer. `onProblem` gets what is answered with an error because it cannot be understood. */
  readonly protocolOf: (onProblem: (problem: string) => void) => RpcProtocol;
}

/** Messages of all peers, being received or with the channels: then only those in the middle of a message are read. */
const budgetBytes = 128 * 1024 * 1024;
/** What peers get to take the last answers when the source stops, ms. */
const closeMsMax = 1500;
/** What a peer gets for the handshake of TLS, ms. */
const handshakeMsMax = 10_000;
/** What goes wrong with peers is logged once in this time, with how often it happened, ms. */
const logPauseMs = 10_000;

/** A source whose peers send calls with events and wait for the answer to each. */
export class RpcSource implements Source {
  private listener: SocketListener | null = null;
  private context: SourceContext | null = null;
  private readonly peers = new Set<RpcConnection>();
  private readonly deliveries = new Set<Promise<void>>();
  private secureContext: SecureContext | null = null;
  private wasRefused = false;
  private loggedAt = -Infinity;
  private unlogged = 0;

  constructor(private readonly options: RpcSourceOptions) {}

  /** The port that is listened on; 0 while stopped. */
  get port(): number {
    return this.listener?.port ?? 0;
  }

  async start(context: SourceContext): Promise<void> {
    const { host, port, maxConnections: connectionsMax } = this.options;
    const tls = this.options.tls();
    this.secureContext = tls === null ? null : createSecureContext(tls);
    const budget = new ReceiveBudget(budgetBytes, () => {
      for (const peer of this.peers) peer.look();
    });
    const listener = new SocketListener({
      host,
      port,
      connectionsMax,
      onSocket: (socket) => void this.admit(socket, context, budget),
      onRefused: () => context.count('ConnectionRefusedCount', 1),
    });
    await listener.start();
    this.context = context;
    this.listener = listener;
  }

  /** What was read is delivered and answered; what was not stays with the peers. */
  async stop(): Promise<void> {
    const { context, listener } = this;
    if (context === null || listener === null) return;
    this.context = null;
    const closed = listener.stop();
    this.listener = null;
    for (const peer of this.peers) peer.end();
    await Promise.all(this.deliveries);
    const timer = context.clock.after(closeMsMax, () => listener.destroyAll());
    await closed;
    timer.cancel();
  }

  private async admit(socket: Socket, context: SourceContext, budget: ReceiveBudget): Promise<void> {
    const { admits } = this.options;
    if (admits !== null && !(await admits(plainAddress(socket.remoteAddress ?? '')))) {
      context.count('ConnectionRefusedCount', 1);
      socket.destroy();
      return;
    }
    const transport = await this.transportOf(socket, context);
    if (transport === null) return;
    // The source may have been stopped meanwhile.
    if (!socket.destroyed && this.context === context) this.serve(socket, transport, context, budget);
    else socket.destroy();
  }

  /** Null where the peer did not bring its handshake to an end. */
  private async transportOf(socket: Socket, context: SourceContext): Promise<RpcTransport | null> {
    const { isCompressed } = this.options;
    if (this.secureContext === null) return isCompressed ? compressedTransport(socket) : plainTransport(socket);
    const timer = context.clock.after(handshakeMsMax, () => socket.destroy());
    try {
      return await acceptTls(socket, this.secureContext, isCompressed);
    } catch (error) {
      socket.destroy();
      this.complain(context, 'The TLS handshake of a peer failed', error);
      return null;
    } finally {
      timer.cancel();
    }
  }

  private serve(socket: Socket, transport: RpcTransport, context: SourceContext, budget: ReceiveBudget): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    const protocol = this.options.protocolOf((problem) =>
      this.complain(context, `A call of ${address} was answered with an error`, problem),
    );
    const peer = new RpcConnection(socket, transport, protocol, {
      context,
      budget,
      heldBytesMax: budgetBytes + 2 * this.options.messageBytesMax,
      onBroken: (error) => this.complain(context, `The connection of ${address} was closed`, error),
      onDelivery: (delivery) => this.watch(delivery),
      onOutcome: (refusal) => this.report(context, refusal),
    });
    this.peers.add(peer);
    context.count('OpenConnectionCount', 1);
    socket.once('close', () => {
      this.peers.delete(peer);
      context.count('OpenConnectionCount', -1);
    });
    peer.start();
  }

  private watch(delivery: Promise<void>): void {
    this.deliveries.add(delivery);
    void delivery.then(() => this.deliveries.delete(delivery));
  }

  private complain(context: SourceContext, what: string, error: unknown): void {
    context.count('EventReadFail', 1);
    const now = context.clock.monotonic();
    if (now - this.loggedAt < logPauseMs) {
      this.unlogged += 1;
      return;
    }
    const more = this.unlogged === 0 ? '' : ` (and ${this.unlogged} more such mishaps before)`;
    context.logger.warn(`${what}: ${messageOf(error)}${more}`);
    this.loggedAt = now;
    this.unlogged = 0;
  }

  private report(context: SourceContext, refusal: unknown): void {
    if (refusal === null && !this.wasRefused) return;
    this.wasRefused = refusal !== null;
    context.reportError(refusal);
  }
}
