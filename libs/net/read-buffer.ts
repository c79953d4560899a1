import { Socket, type SocketConstructorOpts } from 'node:net';

/**
 * What every socket of the thread reads into. A read is handled to its end before the next one begins, so one is enough; and
 * at this size a large request takes few system calls.
 */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * Gives a socket that takes over the connection of `accepted` (which must be paused, not yet read) and calls `onBytes` with
 * views of one shared buffer, good only until it returns. A stock server socket makes a new 64 KiB buffer for each read
 * instead: collecting that garbage took a quarter of the CPU of a produce load. Node offers this to clients only (`onread`), so
 * the handle is moved as Node itself does when a socket is handed to another process.
 *
 * Null where this Node has no such handle; then the caller reads `accepted` as it is.
 */
export function withReadBuffer(accepted: Socket, onBytes: (bytes: Buffer) => void): Socket | null {
  if (!('_handle' in accepted) || typeof accepted._handle !== 'object' || accepted._handle === null) return null;
  const options: SocketConstructorOpts = {
    readable: true,
    writable: true,
    allowHalfOpen: false,
    onread: {
      buffer: readBuffer,
      callback(count) {
        onBytes(readBuffer.subarray(0, count));
        return true;
      },
    },
  };
  const handle = accepted._handle;
  accepted._handle = null;
  const socket = new Socket(Object.assign(options, { handle }));
  // The server counts the socket that it accepted, and waits for it when it closes.
  socket.once('close', () => accepted.destroy());
  return socket;
}
