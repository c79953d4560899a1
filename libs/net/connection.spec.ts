import { once } from 'node:events';
import { connect } from 'node:net';
import { bufferMemory } from '#std/buffer-memory';
import { systemClock } from '#std/clock';
import { Listener } from './listener.js';
import { listenerOptions } from './testing/echo-listener.js';

const pieceBytes = 1_500_000;

test('the memory of an answer is used again when the peer has all of it, and not before', async () => {
  const piece = bufferMemory.take(pieceBytes).fill(7);
  const listener = new Listener(listenerOptions(), systemClock, {
    onConnection: (connection) => {
      connection.start({ onFrame: () => undefined, onClose: () => undefined });
      // More than the system keeps for a peer that does not read.
      const others = Array.from({ length: 8 }, () => Buffer.alloc(pieceBytes));
      connection.send([...others, piece]);
    },
    onHandshakeFailed: () => undefined,
  });
  await listener.start();
  const socket = connect(listener.port, '127.0.0.1').pause();
  await once(socket, 'connect');
  await systemClock.sleep(50);
  expect(bufferMemory.take(pieceBytes).buffer).not.toBe(piece.buffer);
  let received = 0;
  socket.on('data', (bytes: Buffer) => (received += bytes.length));
  socket.resume();
  while (received < 9 * pieceBytes) await once(socket, 'data');
  await systemClock.sleep(20);
  expect(bufferMemory.take(pieceBytes).buffer).toBe(piece.buffer);
  socket.destroy();
  await listener.stop(100);
});
