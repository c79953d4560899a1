import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions } from 'node:tls';
import { plainAddress } from '#net/host';
import { systemCode } from '#std/errors';

export interface SocketListenerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly connectionsMax: number;
  readonly onSocket: (socket: Socket) => void;
  /** A socket was closed at once because there are too many. */
  readonly onRefused: () => void;
  /** Not null: peers have to use TLS (`serverTls`), and a socket is handed out after its handshake. */
  readonly tls?: SecureContextOptions | null;
  /** A peer's handshake failed or took too long; its connection is closed. */
  readonly onHandshakeFailed?: (error: Error) => void;
}

/** What a peer gets for the handshake of TLS. */
const handshakeMsMax = 10_000;

/** After so long without a word a peer is asked whether it is still there, so that connections of dead machines end. */
const keepAliveMs = 60_000;

/** Listens on one address and hands out sockets, so many at most. A peer may end its side and still get answers. */
export class SocketListener {
  private server: Server | null = null;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly options: SocketListenerOptions) {}

  /** The port that is listened on; 0 before `start`. */
  get port(): number {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async start(): Promise<void> {
    const { host, port } = this.options;
    const server = this.createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, host, port)));
      server.listen({ host: plainAddress(host), port, exclusive: true }, resolve);
    });
    server.on('error', () => undefined);
    this.server = server;
  }

  /** Takes no new connections; resolves when those there are have closed. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    await new Promise((resolve) => server.close(resolve));
  }

  /** Closes what is open, at once. */
  destroyAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private createServer(): Server {
    const { tls = null, onSocket, onHandshakeFailed } = this.options;
    const options = { allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs, noDelay: true };
    if (tls === null) {
      return createServer(options, (socket) => {
        if (this.admit(socket)) onSocket(socket);
      });
    }
    const server = createTlsServer({ ...options, ...tls, handshakeTimeout: handshakeMsMax }, (socket) => {
      // Errors end in `close`, which is where sources look.
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    server.on('connection', (socket) => void this.admit(socket));
    server.on('tlsClientError', (error, socket) => {
      onHandshakeFailed?.(error);
      socket.destroy();
    });
    return server;
  }

  /** Whether there is room for one more; the connection is closed if not. */
  private admit(socket: Socket): boolean {
    socket.on('error', () => undefined);
    if (this.sockets.size >= this.options.connectionsMax) {
      this.options.onRefused();
      socket.destroy();
      return false;
    }
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return true;
  }
}

export function listenError(error: unknown, host: string, port: number): Error {
  const isTaken = systemCode(error) === 'EADDRINUSE';
  const reason = isTaken ? ': another process has this port. Stop it or choose another port' : '';
  return new Error(`Cannot listen on ${host}:${port}${reason}.`, { cause: error });
}
