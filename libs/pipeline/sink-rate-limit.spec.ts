import { startRig, values } from './sink-task.testkit.js';

const limits = { recordsMax: 100, bytesMax: 10_000, lingerMs: 0 };

describe('the rate limit of a sink task', () => {
  it('gives the store so many records a second, no more and no fewer, whatever waits', async () => {
    const { task, clock, reader, sink } = await startRig({
      options: { limits, rate: { recordsPerSecond: 50, bytesPerSecond: 0 }, bufferBytesMax: 100_000 },
    });
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(2000));
    await clock.advance(10_000);
    expect(sink.taken.length).toBeGreaterThanOrEqual(500);
    expect(sink.taken.length).toBeLessThanOrEqual(600);
    await clock.advance(10_000);
    expect(sink.taken.length).toBeLessThanOrEqual(1100);
    expect(reader.committed.get('orders-0')).toBeGreaterThanOrEqual(900);
    expect(task.status().rateLimit).toMatchObject({ recordsPerSecond: 50, bytesPerSecond: 0 });
    expect(task.status()).toMatchObject({ state: 'RUNNING', degraded: false });
  });

  it('counts bytes, and lets a record that is larger than a second has go alone', async () => {
    const { clock, reader, sink } = await startRig({
      options: { limits, rate: { recordsPerSecond: 0, bytesPerSecond: 100 }, bufferBytesMax: 100_000 },
    });
    await reader.assign('orders', 0);
    reader.append('orders', 0, ['x'.repeat(1000), ...Array.from({ length: 100 }, () => 'y'.repeat(10))]);
    await clock.advance(500);
    expect(sink.taken).toHaveLength(1);
    await clock.advance(8000);
    expect(sink.taken).toHaveLength(1);
    await clock.advance(5500);
    expect(sink.taken.length).toBeGreaterThan(10);
    expect(sink.taken.length).toBeLessThan(70);
  });

  it('waits without turning in circles, and is fair to all partitions', async () => {
    const { clock, reader, sink } = await startRig({
      options: { limits, rate: { recordsPerSecond: 10, bytesPerSecond: 0 }, bufferBytesMax: 100_000 },
    });
    for (const partition of [0, 1, 2]) {
      await reader.assign('orders', partition);
      reader.append('orders', partition, values(500));
    }
    await clock.advance(1000);
    const polls = reader.polls;
    await clock.advance(60_000);
    expect(reader.polls - polls).toBeLessThan(500);
    const counts = [0, 1, 2].map((partition) => sink.taken.filter((each) => each.startsWith(`${partition}@`)).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(20);
    expect(Math.min(...counts)).toBeGreaterThan(150);
  });

  it('does not hold up a stop', async () => {
    const { task, clock, reader } = await startRig({
      options: { limits, rate: { recordsPerSecond: 1, bytesPerSecond: 0 }, bufferBytesMax: 100_000 },
    });
    await reader.assign('orders', 0);
    reader.append('orders', 0, values(100));
    await clock.advance(3000);
    await task.stop();
    expect(reader.committed.get('orders-0')).toBeGreaterThan(2);
    expect(reader.stopped).toBe(true);
  });
});
