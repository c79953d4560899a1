import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '#std/clock';
import { MillraceError, systemCode } from '#std/errors';
import { Connection, type ConnectionLimits } from './connection.js';
import { netErrors } from './errors.js';
import { isLoopback, plainAddress } from './host.js';
import { ReceiveBudget } from './receive-budget.js';

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes any free port; `port` tells which. */
  readonly port: number;
  /** Must be true for a host that others can reach: nothing here asks who they are. */
  readonly insecure: boolean;
  readonly connectionsMax: number;
  readonly connectionsPerHostMax: number;
  /** A connection on which nothing moves for this long is closed. */
  readonly idleMs: number;
  /** Bytes of requests held for all connections; see `ReceiveBudget`. */
  readonly heldBytesMax: number;
  readonly limits: ConnectionLimits;
}

const backlog = 1024;
const idleSweepMsMax = 30_000;

/** Listens on one address and hands out connections. */
export class Listener {
  readonly connections = new Set<Connection>();
  /** Sockets that were closed at once because a connection limit was reached. */
  refused = 0;
  private server: Server | null = null;
  private sweep: Timer | null = null;
  private hasClosed = false;
  private nextId = 1;
  private readonly perHost = new Map<string, number>();
  private closedBytes = { in: 0, out: 0 };

  private readonly budget: ReceiveBudget;

  constructor(
    private readonly options: ListenerOptions,
    private readonly clock: Clock,
    private readonly onConnection: (connection: Connection) => void,
  ) {
    this.budget = new ReceiveBudget(options.heldBytesMax, () => {
      for (const connection of this.connections) connection.regulate();
    });
  }

  /** Bytes of requests that are being received or wait for their answer. */
  get heldBytes(): number {
    return this.budget.usedBytes;
  }

  /** The port that is listened on; 0 before `start`. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Bytes read and written since the start, closed connections included. */
  get bytes(): { in: number; out: number } {
    const sum = { ...this.closedBytes };
    for (const connection of this.connections) {
      sum.in += connection.bytesIn;
      sum.out += connection.bytesOut;
    }
    return sum;
  }

  /** Throws `net.listen.insecure`, `net.address.in_use` or `net.listen.failed`. */
  async start(): Promise<void> {
    const { host, port, insecure } = this.options;
    if (!insecure && !isLoopback(host)) {
      throw new MillraceError(
        netErrors.insecureHost,
        `Not listening on ${host}:${port}: other machines could reach it without a login. ` +
          'Use a loopback address (127.0.0.1, ::1, localhost), or set the option insecure=true to allow it.',
      );
    }
    // Without exclusive a cluster worker would share the port and connections would be split between two services.
    const server = createServer({ allowHalfOpen: false, pauseOnConnect: true }, (socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(this.listenError(error)));
      server.listen({ host: plainAddress(host), port, backlog, exclusive: true }, () => {
        server.removeAllListeners('error');
        resolve();
      });
    });
    server.on('error', () => undefined);
    server.on('close', () => (this.hasClosed = true));
    this.server = server;
    this.armSweep();
  }

  /** Closes the port; connections that are there stay. */
  stopAccepting(): void {
    this.server?.close();
  }

  /** Lets answers already sent leave, for at most `graceMs`, and closes everything. */
  async stop(graceMs: number): Promise<void> {
    this.sweep?.cancel();
    this.sweep = null;
    const server = this.server;
    this.server = null;
    if (server === null) return;
    const closed = this.hasClosed ? Promise.resolve() : new Promise<void>((resolve) => server.once('close', resolve));
    if (server.listening) server.close();
    for (const connection of this.connections) connection.closeAfterWrites();
    const force = this.clock.after(graceMs, () => {
      for (const connection of this.connections) connection.close();
    });
    await closed;
    force.cancel();
  }

  private accept(socket: Socket): void {
    const host = plainAddress(socket.remoteAddress ?? '');
    const ofHost = this.perHost.get(host) ?? 0;
    if (this.connections.size >= this.options.connectionsMax || ofHost >= this.options.connectionsPerHostMax) {
      this.refused += 1;
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const connection = new Connection(this.nextId, socket, this.options.limits, this.budget, this.clock);
    this.nextId += 1;
    this.connections.add(connection);
    this.perHost.set(host, ofHost + 1);
    connection.whenClosed(() => this.forget(connection, host));
    this.onConnection(connection);
  }

  private forget(connection: Connection, host: string): void {
    if (!this.connections.delete(connection)) return;
    this.closedBytes.in += connection.bytesIn;
    this.closedBytes.out += connection.bytesOut;
    const left = (this.perHost.get(host) ?? 1) - 1;
    if (left > 0) this.perHost.set(host, left);
    else this.perHost.delete(host);
  }

  private armSweep(): void {
    const everyMs = Math.max(10, Math.min(idleSweepMsMax, this.options.idleMs / 4));
    this.sweep = this.clock.after(everyMs, () => {
      for (const connection of this.connections) connection.closeIfIdle(this.options.idleMs);
      this.armSweep();
    });
  }

  private listenError(error: Error): MillraceError {
    const at = `${this.options.host}:${this.options.port}`;
    if (systemCode(error) === 'EADDRINUSE') {
      return new MillraceError(
        netErrors.addressInUse,
        `Cannot listen on ${at}: another process has this port. Stop it or choose another port.`,
        { cause: error },
      );
    }
    return new MillraceError(netErrors.listenFailed, `Cannot listen on ${at}.`, { cause: error });
  }
}
