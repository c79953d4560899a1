import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { systemClock } from '#std/clock';
import type { Connection } from './connection.js';
import { ConnectionQuota } from './connection-quota.js';
import { Listener, type ListenerOptions } from './listener.js';
import { ReceiveBudget } from './receive-budget.js';
import { echo, frame, limits, listenerOptions } from './testing/echo-listener.js';

const eventsOf = (onConnection: (connection: Connection) => void) => ({
  onConnection,
  onHandshakeFailed: () => undefined,
});

describe('Listener', () => {
  const open: Listener[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const listener of open.splice(0)) await listener.stop(100);
  });

  async function listen(
    options: Partial<ListenerOptions>,
    serve: (connection: Connection) => void = echo,
  ): Promise<Listener> {
    const listener = new Listener(listenerOptions(options), systemClock, eventsOf(serve));
    await listener.start();
    open.push(listener);
    return listener;
  }

  function dial(listener: Listener): Socket {
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  test('gives back what it is sent, frame by frame', async () => {
    const listener = await listen({});
    const socket = dial(listener);
    socket.write(frame('hello'));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer).toEqual(frame('hello'));
    expect(listener.bytes).toEqual({ in: 9, out: 9 });
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.org'])('refuses to start on %s', async (host) => {
    const listener = new Listener(listenerOptions({ host }), systemClock, eventsOf(echo));
    await expect(listener.start()).rejects.toMatchObject({ code: 'net.listen.insecure' });
  });

  test('says which port is taken', async () => {
    const first = await listen({});
    const second = new Listener(listenerOptions({ port: first.port }), systemClock, eventsOf(echo));
    await expect(second.start()).rejects.toMatchObject({ code: 'net.address.in_use' });
    await expect(second.start()).rejects.toThrow(`Cannot listen on 127.0.0.1:${first.port}: another process`);
  });

  test('closes only the connection that announces too large a frame', async () => {
    const listener = await listen({ limits: { ...limits, frameBytesMax: 100 } });
    const good = dial(listener);
    const bad = dial(listener);
    await once(good, 'connect');
    bad.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await once(bad.resume(), 'close');
    good.write(frame('still here'));
    const [answer] = (await once(good, 'data')) as [Buffer];
    expect(answer).toEqual(frame('still here'));
  });

  test('closes a connection past the limit and keeps the rest', async () => {
    const listener = await listen({ quota: new ConnectionQuota(100, 1) });
    const first = dial(listener);
    await once(first, 'connect');
    const second = dial(listener);
    await once(second.resume(), 'close');
    expect(listener.refused).toBe(1);
    expect(listener.connections.size).toBe(1);
  });

  test('closes a connection on which nothing moves', async () => {
    const listener = await listen({ idleMs: 60 });
    const socket = dial(listener);
    await once(socket.resume(), 'close');
    for (let round = 0; round < 100 && listener.connections.size > 0; round += 1) await systemClock.sleep(5);
    expect(listener.connections.size).toBe(0);
  });

  test('keeps an idle connection whose request waits for its answer', async () => {
    let taken: Connection | null = null;
    const listener = await listen({ idleMs: 40 }, (connection) => {
      taken = connection;
      connection.start({ onFrame: () => undefined, onClose: () => undefined });
    });
    const socket = dial(listener);
    socket.write(frame('wait'));
    await systemClock.sleep(200);
    expect(listener.connections.size).toBe(1);
    expect(taken).not.toBeNull();
  });

  test('reads no further while too many requests have no answer', async () => {
    let frames = 0;
    const open: { connection: Connection; bytes: number }[] = [];
    const listener = await listen({}, (connection) =>
      connection.start({
        onFrame(bytes) {
          frames += 1;
          open.push({ connection, bytes: bytes.length });
        },
        onClose: () => undefined,
      }),
    );
    const socket = dial(listener);
    await once(socket, 'connect');
    const body = 'x'.repeat(100_000);
    for (let count = 0; count < 40; count += 1) socket.write(frame(body));
    await systemClock.sleep(200);
    const before = frames;
    expect(before).toBeLessThan(14);
    for (let round = 0; round < 200 && frames < 40; round += 1) {
      for (const { connection, bytes } of open.splice(0)) connection.settle(bytes);
      await systemClock.sleep(5);
    }
    expect(frames).toBe(40);
  });

  test('begins no further frame while all connections together hold too much, and goes on after', async () => {
    let frames = 0;
    const open: { connection: Connection; bytes: number }[] = [];
    const budget: ReceiveBudget = new ReceiveBudget(500_000, () => listener.regulate());
    const listener = await listen({ budget }, (connection) =>
      connection.start({
        onFrame(bytes) {
          frames += 1;
          open.push({ connection, bytes: bytes.length });
        },
        onClose: () => undefined,
      }),
    );
    const dialled = Array.from({ length: 20 }, () => dial(listener));
    await Promise.all(dialled.map((socket) => once(socket, 'connect')));
    for (const socket of dialled) {
      socket.write(frame('x'.repeat(100_000)));
      await systemClock.sleep(5);
    }
    await systemClock.sleep(100);
    expect(frames).toBeLessThan(12);
    for (let round = 0; round < 200 && frames < 19; round += 1) {
      for (const { connection, bytes } of open.splice(0)) connection.settle(bytes);
      await systemClock.sleep(5);
    }
    for (let round = 0; round < 200 && frames < 20; round += 1) await systemClock.sleep(5);
    expect(frames).toBe(20);
    for (const { connection, bytes } of open.splice(0)) connection.settle(bytes);
    expect(budget.usedBytes).toBe(0);
  });

  test('serves small requests beside large ones that do not come, and then closes those', async () => {
    let served = 0;
    const closed: (string | undefined)[] = [];
    const budget: ReceiveBudget = new ReceiveBudget(500_000, () => listener.regulate());
    const listener = await listen({ budget }, (connection) =>
      connection.start({
        onFrame(bytes) {
          served += 1;
          connection.settle(bytes.length);
        },
        onClose: (error) => void closed.push(error?.message),
      }),
    );
    const halves = Array.from({ length: 8 }, () => dial(listener));
    await Promise.all(halves.map((socket) => once(socket, 'connect')));
    for (const socket of halves) socket.write(frame('x'.repeat(200_000)).subarray(0, 2_000));
    for (let round = 0; round < 200 && !budget.isFull; round += 1) await systemClock.sleep(5);
    const small = dial(listener);
    for (let count = 0; count < 10; count += 1) small.write(frame('small'));
    const large = dial(listener);
    large.write(frame('y'.repeat(200_000)));
    for (let round = 0; round < 100 && served < 10; round += 1) await systemClock.sleep(5);
    expect(served).toBe(10);
    for (let round = 0; round < 2000 && served < 11; round += 1) await systemClock.sleep(5);
    expect(served).toBe(11);
    expect(closed[0]).toContain('others waited for the memory');
    for (const socket of halves) socket.destroy();
    for (let round = 0; round < 200 && budget.usedBytes > 0; round += 1) await systemClock.sleep(5);
    expect(budget.usedBytes).toBe(0);
  });

  test('a client that hangs up in the middle of a frame gives back what it held', async () => {
    const budget = new ReceiveBudget(1 << 28, () => undefined);
    const listener = await listen({ budget });
    const socket = dial(listener);
    socket.write(frame('x'.repeat(1000)).subarray(0, 500));
    for (let round = 0; round < 200 && budget.usedBytes === 0; round += 1) await systemClock.sleep(5);
    expect(budget.usedBytes).toBe(1000);
    socket.destroy();
    for (let round = 0; round < 200 && budget.usedBytes > 0; round += 1) await systemClock.sleep(5);
    expect(budget.usedBytes).toBe(0);
  });

  test('reads no further while the peer does not take its answers', async () => {
    const answer = Buffer.alloc(1 << 20);
    let answered = 0;
    const listener = await listen({}, (connection) =>
      connection.start({
        onFrame(bytes) {
          answered += 1;
          connection.send([answer]);
          connection.settle(bytes.length);
        },
        onClose: () => undefined,
      }),
    );
    const socket = dial(listener);
    await once(socket, 'connect');
    socket.pause();
    for (let count = 0; count < 200; count += 1) {
      socket.write(frame(String(count)));
      await systemClock.sleep(1);
    }
    await systemClock.sleep(100);
    expect(answered).toBeLessThan(60);
    socket.resume();
    for (let round = 0; round < 400 && answered < 200; round += 1) await systemClock.sleep(5);
    expect(answered).toBe(200);
  });
});
