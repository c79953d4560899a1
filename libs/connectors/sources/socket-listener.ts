import { createServer, type Server, type Socket } from 'node:net';
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
}

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
    const server = createServer({ allowHalfOpen: true, keepAlive: true, noDelay: true }, (socket) =>
      this.accept(socket),
    );
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

  private accept(socket: Socket): void {
    // Errors end in `close`, which is where sources look.
    socket.on('error', () => undefined);
    if (this.sockets.size >= this.options.connectionsMax) {
      this.options.onRefused();
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    this.options.onSocket(socket);
  }
}

export function listenError(error: unknown, host: string, port: number): Error {
  const isTaken = systemCode(error) === 'EADDRINUSE';
  const reason = isTaken ? ': another process has this port. Stop it or choose another port' : '';
  return new Error(`Cannot listen on ${host}:${port}${reason}.`, { cause: error });
}
