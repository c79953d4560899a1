import type { PartitionStatus } from '#pipeline/task-status';
import { systemClock } from '#std/clock';
import { PartitionEnds } from './partition-ends.js';

function status(partition: number, committed: number | null, lag: number | null): PartitionStatus {
  const rest = { lastSuccessAt: null, lastTimestamp: null, bufferedBytes: 0, pausedBy: null };
  return { topic: 'orders', partition, position: committed, committed, lag, ...rest };
}

describe('the ends of partitions', () => {
  it('raise the lag of a task that hears nothing of new records', async () => {
    let time = 0;
    let end = 100;
    const ends = new PartitionEnds(
      {
        offsets: () => Promise.resolve([0, 1, 2].map((partition) => ({ partition, offset: end, timestamp: -1 }))),
      },
      { ...systemClock, monotonic: () => time },
    );
    const statuses = [status(0, 60, 10), status(1, 100, null), status(2, null, null)];
    await ends.refresh(statuses);
    expect(ends.withLags(statuses).map(({ lag }) => lag)).toEqual([40, 0, null]);
    end = 200;
    await ends.refresh(statuses);
    expect(ends.withLags(statuses)[0]?.lag).toBe(40);
    time = 5000;
    await ends.refresh(statuses);
    expect(ends.withLags(statuses)[0]?.lag).toBe(140);
  });

  it('leave what was known where nobody answers', async () => {
    const ends = new PartitionEnds({ offsets: () => Promise.reject(new Error('away')) }, systemClock);
    await ends.refresh([status(0, 60, 10)]);
    expect(ends.withLags([status(0, 60, 10)])[0]?.lag).toBe(10);
  });
});
