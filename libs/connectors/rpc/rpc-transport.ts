/**
 * What lies between a socket and the messages of Flume's RPC: compression, TLS, or both. Compressed is one zlib stream in each direction (RFC
 * 1950), flushed after each write.
 *
 * With both, Flume 1.10 and later compress what TLS has encrypted; those before, and everybody's intuition, encrypt what was compressed.
 * Whoever listens sees by the first byte which of them it is; whoever connects has to know.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket, type SecureContext } from 'node:tls';
import { constants, createDeflate, createInflate } from 'node:zlib';

/** What messages are read from and written to. */
export interface RpcTransport {
  readonly input: Duplex;
  readonly output: Duplex;
}

const chunkBytes = 64 * 1024;
const levelDefault = 6;
/** The first byte of a TLS handshake. */
const handshakeByte = 0x16;

export function plainTransport(socket: Duplex): RpcTransport {
  return { input: socket, output: socket };
}

/** @param level of zlib, 0 to 9. */
export function compressedTransport(socket: Duplex, level: number = levelDefault): RpcTransport {
  const inflate = createInflate({ chunkSize: chunkBytes, finishFlush: constants.Z_SYNC_FLUSH });
  const deflate = createDeflate({ level, flush: constants.Z_SYNC_FLUSH });
  socket.pipe(inflate);
  deflate.pipe(socket);
  socket.once('close', () => {
    inflate.destroy();
    deflate.destroy();
  });
  return { input: inflate, output: deflate };
}

/** The same as one stream, for TLS inside of it. */
export function compressedStream(socket: Socket, level: number = levelDefault): Duplex {
  const { input, output } = compressedTransport(socket, level);
  const stream = Duplex.from({ readable: input, writable: output });
  stream.on('error', () => undefined);
  socket.once('close', () => stream.destroy());
  return stream;
}

/** For whoever listens with TLS. Rejects when the peer does not bring its handshake to an end. */
export async function acceptTls(
  socket: Socket,
  secureContext: SecureContext,
  isCompressed: boolean,
): Promise<RpcTransport> {
  const isInside = isCompressed && (await firstByte(socket)) !== handshakeByte;
  const secured = new TLSSocket(isInside ? compressedStream(socket) : socket, {
    isServer: true,
    secureContext,
  });
  // Errors end in `close`.
  secured.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    const leave = (): void => reject(new Error('the peer left in the middle of its handshake'));
    secured.once('secure', resolve);
    secured.once('error', reject);
    secured.once('close', leave);
    socket.once('close', leave);
  });
  return isCompressed && !isInside ? compressedTransport(secured) : plainTransport(secured);
}

/** Leaves it in the stream. */
async function firstByte(socket: Socket): Promise<number> {
  const chunk = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('close', () => reject(new Error('the peer left without a word')));
    socket.once('end', () => reject(new Error('the peer left without a word')));
  });
  socket.pause();
  socket.unshift(chunk);
  return chunk[0] ?? 0;
}
