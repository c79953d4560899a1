import { FatalSinkError, FencedSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { settle, startRig, values, type TaskRig } from './sink-task.testkit.js';

const partitions = [0, 1, 2, 3];

interface Gates {
  /** Partitions whose put is under way. */
  readonly running: number[];
  /** Most puts that were under way at once, in all and in one partition. */
  most: { all: number; inOne: number };
  readonly release: (partition: number, error?: Error) => void;
}

/** Puts wait until a test lets them go. */
function gate({ sink }: TaskRig): Gates {
  const running: number[] = [];
  const waiting = new Map<number, (error?: Error) => void>();
  const gates: Gates = {
    running,
    most: { all: 0, inOne: 0 },
    release: (partition, error) => waiting.get(partition)?.(error),
  };
  sink.onPut = ({ partition }: SinkBatch) => {
    running.push(partition);
    const inOne = running.filter((other) => other === partition).length;
    gates.most = { all: Math.max(gates.most.all, running.length), inOne: Math.max(gates.most.inOne, inOne) };
    return new Promise<void>((resolve, reject) => {
      waiting.set(partition, (error) => {
        running.splice(running.indexOf(partition), 1);
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  };
  return gates;
}

async function startWith(parallelPartitions: boolean, parallelPartitionsMax = 3): Promise<TaskRig & { gates: Gates }> {
  const rig = await startRig({
    hasDeadLetters: true,
    parallelPartitions,
    options: { parallelPartitionsMax, bufferBytesMax: 100_000 },
  });
  const gates = gate(rig);
  for (const partition of partitions) await rig.reader.assign('orders', partition);
  for (const partition of partitions) rig.reader.append('orders', partition, values(20));
  await rig.clock.advance(10);
  return { ...rig, gates };
}

/** Lets every put go until none is left. */
async function releaseAll({ gates, clock }: { gates: Gates; clock: TaskRig['clock'] }): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    for (const partition of partitions) gates.release(partition);
    await clock.advance(100);
  }
}

describe('puts of several partitions', () => {
  it('run one at a time where the sink does not say otherwise', async () => {
    const rig = await startWith(false);
    await releaseAll(rig);
    expect(rig.gates.most).toEqual({ all: 1, inOne: 1 });
    expect(rig.sink.taken).toHaveLength(80);
  });

  it('run at once up to a bound where the sink can, never two of one partition, each in order', async () => {
    const rig = await startWith(true);
    expect(rig.gates.running).toEqual([0, 1, 2]);
    rig.gates.release(1);
    await rig.clock.advance(10);
    expect(rig.gates.running).toEqual([0, 2, 3]);
    await releaseAll(rig);
    expect(rig.gates.most).toEqual({ all: 3, inOne: 1 });
    for (const partition of partitions) {
      const taken = rig.sink.taken.filter((each) => each.startsWith(`${partition}@`));
      expect(taken).toEqual(values(20).map((value, index) => `${partition}@${index}=${value}`));
      expect(rig.reader.committed.get(`orders-${partition}`)).toBe(20);
    }
  });

  it('are all through before a rebalance is answered, and nothing new begins meanwhile', async () => {
    const rig = await startWith(true);
    let isAnswered = false;
    const revoking = rig.reader.revoke('orders', 0).then(() => (isAnswered = true));
    await settle();
    for (const partition of [0, 1]) rig.gates.release(partition);
    await settle();
    expect(isAnswered).toBe(false);
    expect(rig.gates.running).toEqual([2]);
    rig.gates.release(2);
    await revoking;
    expect(rig.events.filter((event) => !event.startsWith('open'))).toEqual([
      'put orders-0 0..9',
      'put orders-1 0..9',
      'put orders-2 0..9',
      'commit orders-0 10',
      'commit orders-1 10',
      'commit orders-2 10',
      'flush all',
      'close orders-0',
    ]);
  });

  it('keep what the others have put when one fails, and go on with that one alone', async () => {
    const rig = await startWith(true);
    rig.gates.release(1, new RetriableSinkError('busy'));
    await settle();
    rig.gates.release(0);
    rig.gates.release(2);
    await rig.clock.advance(1);
    expect(rig.task.status().degraded).toBe(true);
    await releaseAll(rig);
    expect(rig.sink.taken).toHaveLength(80);
    expect(new Set(rig.sink.taken).size).toBe(80);
    expect(rig.task.status().degraded).toBe(false);
  });

  it('let a partition go that has another owner only when the sink is quiet', async () => {
    const rig = await startWith(true);
    rig.gates.release(1, new FencedSinkError('another owner'));
    await settle();
    expect(rig.events).not.toContain('close orders-1');
    rig.gates.release(0);
    rig.gates.release(2);
    await settle();
    expect(rig.events).toContain('close orders-1');
  });

  it('end the task with the error that can not be tried again, whichever came first', async () => {
    const rig = await startWith(true);
    rig.gates.release(0, new RetriableSinkError('busy'));
    rig.gates.release(1, new FatalSinkError('not allowed'));
    await settle();
    rig.gates.release(2);
    await rig.clock.advance(10);
    expect(rig.task.status().state).toBe('FAILED');
    expect(rig.task.failure).toMatchObject({ message: 'not allowed' });
  });

  it('do not hear of a bad record in another one', async () => {
    const rig = await startWith(true);
    rig.gates.release(1, new PoisonRecordError('bad', 3));
    await settle();
    expect(rig.gates.running.toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    await releaseAll(rig);
    expect(rig.sink.taken).toHaveLength(80);
    expect(rig.letters.letters).toEqual([]);
  });
});
