import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Clock, Timer } from '#std/clock';
import { MillraceError, systemCode } from '#std/errors';
import { Connection, type ConnectionLimits } from './connection.js';
import type { ConnectionQuota } from './connection-quota.js';
import { netErrors } from './errors.js';
import { isLoopback, plainAddress } from './host.js';
import type { ReceiveBudget } from './receive-budget.js';
import type { TlsContext } from './tls-context.js';

export interface ListenerOptions {
  /** For messages. */
  readonly name: string;
  readonly host: string;
  /** 0 takes any free port; `port` tells which. */
  readonly port: number;
  /** Why no other machine must reach it, to be read after "could reach it"; null where it may be reached. */
  readonly exposure: string | null;
  /** Lets it be reached although it is exposed. */
  readonly insecure: boolean;
  /** Connections, with those of other listeners. */
  readonly quota: ConnectionQuota;
  /** Bytes of requests held, with those of other listeners. */
  readonly budget: ReceiveBudget;
  /** A connection on which nothing moves for this long is closed. */
  readonly idleMs: number;
  readonly limits: ConnectionLimits;
  /** Null: no TLS. */
  readonly tls: TlsContext | null;
  /** A TLS handshake that takes longer than this is broken off. */
  readonly handshakeMs: number;
}

export interface ListenerEvents {
  onConnection(connection: Connection): void;
  /** A client did not get through the TLS handshake. */
  onHandshakeFailed(host: string, error: Error): void;
}

const backlog = 1024;
const idleSweepMsMax = 30_000;
const stallSweepMs = 250;
/** While the budget is full, a request of which nothing comes for this long ends its connection. */
const stallMsMax = 1_000;

/** Listens on one address and hands out connections. */
export class Listener {
  readonly connections = new Set<Connection>();
  /** Sockets that were closed at once because a connection limit was reached. */
  refused = 0;
  private server: Server | null = null;
  private sweep: Timer | null = null;
  private stallSweep: Timer | null = null;
  private regulating = false;
  private hasClosed = false;
  private nextId = 1;
  private closedBytes = { in: 0, out: 0 };
  private tlsServer: TlsServer | null = null;

  constructor(
    private readonly options: ListenerOptions,
    private readonly clock: Clock,
    private readonly events: ListenerEvents,
  ) {}

  /** After the budget has changed: small frames that wait go first, so that large ones do not starve them. */
  regulate(): void {
    // What is done here changes the budget, which calls again.
    if (this.regulating) return;
    this.regulating = true;
    const waiting: { readonly connection: Connection; readonly bytes: number }[] = [];
    for (const connection of this.connections) {
      const bytes = connection.waitingBytes;
      if (bytes === null) connection.regulate();
      else waiting.push({ connection, bytes });
    }
    waiting.sort((left, right) => left.bytes - right.bytes);
    for (const { connection } of waiting) connection.goOn();
    this.regulating = false;
    this.armStallSweep();
  }

  /** While the budget is full, whoever sits on memory without using it has to go. */
  private armStallSweep(): void {
    if (this.stallSweep !== null || !this.options.budget.isFull) return;
    this.stallSweep = this.clock.after(stallSweepMs, () => {
      this.stallSweep = null;
      if (this.options.budget.isFull) {
        for (const connection of this.connections) connection.closeIfStalled(stallMsMax);
      }
      this.armStallSweep();
    });
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

  /** Whether others can reach it who should not. */
  get isExposed(): boolean {
    return this.options.exposure !== null && !isLoopback(this.options.host);
  }

  /** Throws `net.listen.insecure`, `net.address.in_use` or `net.listen.failed`, and as `TlsContext.load`. */
  async start(): Promise<void> {
    const { name, host, port, insecure, exposure, tls } = this.options;
    if (this.isExposed && !insecure) {
      throw new MillraceError(
        netErrors.insecureHost,
        `Not listening on ${host}:${port} (${name}): other machines could reach it ${exposure}. ` +
          'Use a loopback address (127.0.0.1, ::1, localhost), or set the option insecure=true to allow it.',
      );
    }
    if (tls !== null) this.tlsServer = this.startTls(tls);
    // Without exclusive a cluster worker would share the port and connections would be split between two services.
    const server = createServer({ allowHalfOpen: false, pauseOnConnect: tls === null }, (socket) =>
      this.accept(socket),
    );
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
    this.stallSweep?.cancel();
    this.options.tls?.stop();
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
    if (!this.options.quota.admit(host)) {
      this.refused += 1;
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    if (this.tlsServer === null) {
      this.open(socket).whenClosed(() => this.options.quota.release(host));
    } else {
      // The TLS server is never bound: it is handed each connection that was let in.
      socket.once('close', () => this.options.quota.release(host));
      this.tlsServer.emit('connection', socket);
    }
  }

  private open(socket: Socket): Connection {
    const connection = new Connection(this.nextId, socket, this.options.limits, this.options.budget, this.clock);
    this.nextId += 1;
    this.connections.add(connection);
    connection.whenClosed(() => this.forget(connection));
    this.events.onConnection(connection);
    return connection;
  }

  private startTls(tls: TlsContext): TlsServer {
    const { clientAuth } = tls.settings;
    const server = createTlsServer({
      ...tls.load(),
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'required',
      handshakeTimeout: this.options.handshakeMs,
      allowHalfOpen: false,
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      // Where a certificate is only requested, one that leads nowhere is still refused.
      const isForeign = clientAuth === 'requested' && !socket.authorized && hasCertificate(socket);
      if (isForeign) socket.destroy();
      else this.open(socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.events.onHandshakeFailed(plainAddress(socket.remoteAddress ?? ''), error);
      socket.destroy();
    });
    tls.watch(server);
    return server;
  }

  private forget(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    this.closedBytes.in += connection.bytesIn;
    this.closedBytes.out += connection.bytesOut;
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

function hasCertificate(socket: TLSSocket): boolean {
  return socket.getPeerX509Certificate() !== undefined;
}
