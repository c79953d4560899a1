import { RetriableSinkError } from '#pipeline/errors';
import { startRig, values } from './sink-task.testkit.js';

describe('the metrics of a sink task', () => {
  it('have the names of Connect, with totals, rates, averages and maxima', async () => {
    const { task, clock, reader, sink } = await startRig();
    await reader.assign('orders', 0);
    sink.onPut = (batch) => clock.sleep(batch.count * 10);
    for (let second = 0; second < 10; second += 1) {
      reader.append('orders', 0, values(10 + (second % 2) * 5));
      await clock.advance(1000);
    }
    const { metrics } = task.status();
    expect(metrics).toMatchObject({
      'sink-record-read-total': 125,
      'sink-record-send-total': 125,
      'batch-size-max': 10,
      'put-batch-max-time-ms': 100,
      'partition-count': 1,
      'sink-record-active-count': 0,
      'offset-commit-success-percentage': 1,
      'offset-commit-failure-percentage': 0,
      'running-ratio': 1,
      'pause-ratio': 0,
      'total-retries': 0,
      'breaker-state': 0,
    });
    expect(metrics['sink-record-read-rate']).toBeCloseTo(12.5, 0);
    expect(metrics['sink-record-send-rate']).toBeCloseTo(12.5, 0);
    expect(metrics['put-batch-avg-time-ms']).toBeCloseTo(1250 / (metrics['put-batch-total'] ?? 0), 5);
    expect(metrics['batch-size-avg']).toBeCloseTo(125 / (metrics['put-batch-total'] ?? 0), 5);
    expect(metrics['offset-commit-completion-total']).toBe(metrics['offset-commit-seq-no']);
    await clock.advance(60_000);
    expect(task.status().metrics['sink-record-send-rate']).toBe(0);
  });

  it('tell how long it was paused', async () => {
    const { task, clock } = await startRig();
    await clock.advance(30_000);
    task.pause();
    await clock.advance(10_000);
    task.resume();
    expect(task.status().metrics).toMatchObject({ 'running-ratio': 0.75, 'pause-ratio': 0.25 });
  });

  it('count commits that the group did not take', async () => {
    const { task, clock, reader } = await startRig();
    await reader.assign('orders', 0);
    reader.commitError = new Error('not the coordinator');
    reader.append('orders', 0, values(10));
    await clock.advance(500);
    expect(task.status().metrics).toMatchObject({
      'offset-commit-skip-total': 1,
      'offset-commit-completion-total': 0,
      'offset-commit-failure-percentage': 1,
    });
  });

  it('count tries by the class of what failed', async () => {
    const { task, clock, reader, sink } = await startRig();
    await reader.assign('orders', 0);
    const errors = [new RetriableSinkError('busy'), new TypeError('x is undefined'), new RetriableSinkError('busy')];
    sink.onPut = () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
    };
    reader.append('orders', 0, values(10));
    await clock.advance(10_000);
    expect(task.status().metrics).toMatchObject({
      'total-retries': 3,
      'retries-retriable-total': 2,
      'retries-unknown-total': 1,
      'retries-fenced-total': 0,
    });
  });
});
