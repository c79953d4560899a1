/** A TCP connection of frames, each with its length in four bytes before it, as ZooKeeper and HBase have them. */
import { connect, type Socket } from 'node:net';

export interface FramedSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  readonly onFrame: (frame: Buffer) => void;
  /** Once, whatever ended it. */
  readonly onEnd: (error: Error) => void;
}

const frameBytesMax = 64 * 1024 * 1024;

export class FramedSocket {
  private pending: Buffer[] = [];
  private pendingBytes = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly options: FramedSocketOptions,
  ) {
    socket.on('data', (chunk) => this.take(chunk));
    let ended = false;
    const end = (error: Error): void => {
      if (ended) return;
      ended = true;
      socket.destroy();
      options.onEnd(error);
    };
    socket.on('error', end);
    socket.on('close', () => end(new Error('the connection was closed')));
  }

  static open(options: FramedSocketOptions): Promise<FramedSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: options.host, port: options.port, noDelay: true });
      const timer = setTimeout(
        () => socket.destroy(new Error(`no connection within ${options.connectTimeoutMs} ms`)),
        options.connectTimeoutMs,
      );
      socket.once('error', reject);
      socket.once('close', () => clearTimeout(timer));
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', reject);
        resolve(new FramedSocket(socket, options));
      });
    });
  }

  /** As they are, without a length. */
  sendRaw(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  send(...pieces: readonly Buffer[]): void {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(pieces.reduce((sum, piece) => sum + piece.length, 0));
    this.socket.write(Buffer.concat([length, ...pieces]));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    while (this.pendingBytes >= 4) {
      const joined = this.pending.length === 1 ? (this.pending[0] ?? chunk) : Buffer.concat(this.pending);
      this.pending = [joined];
      const length = joined.readUInt32BE(0);
      if (length > frameBytesMax) {
        this.socket.destroy(new Error(`an answer of ${length} bytes is over ${frameBytesMax}`));
        return;
      }
      if (joined.length < 4 + length) return;
      this.pending = [joined.subarray(4 + length)];
      this.pendingBytes -= 4 + length;
      this.options.onFrame(joined.subarray(4, 4 + length));
    }
  }
}
