import { FatalSinkError } from '#pipeline/errors';
import { settle, SimulatedClock, startRig, values, type TaskRig } from '#pipeline/sink-task.testkit';
import { TaskSupervisor, type RestartOptions, type SupervisedRun } from '#pipeline/task-supervisor';
import { silentLogger } from '#std/log';

const budget: RestartOptions = { max: 3, delayMs: 1000, delayMsMax: 60_000, refillMs: 30_000 };

/** A run that a test ends by hand. */
class FakeRun implements SupervisedRun {
  failure: unknown = null;
  isPaused = false;
  stops = 0;
  degraded = false;
  private end: () => void = () => undefined;
  private readonly ending = new Promise<void>((resolve) => (this.end = resolve));

  constructor(private readonly rig: TaskRig) {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  stop(): Promise<void> {
    this.stops += 1;
    this.end();
    return Promise.resolve();
  }

  ended(): Promise<void> {
    return this.ending;
  }

  status(): ReturnType<SupervisedRun['status']> {
    const state = this.failure === null ? (this.isPaused ? 'PAUSED' : 'RUNNING') : 'FAILED';
    return { ...this.rig.task.status(), state, degraded: this.degraded };
  }

  fail(error: unknown = new FatalSinkError('not allowed to write')): void {
    this.failure = error;
    this.end();
  }
}

interface SupervisorRig {
  readonly supervisor: TaskSupervisor;
  readonly clock: SimulatedClock;
  readonly runs: FakeRun[];
  readonly last: () => FakeRun;
  /** What the next building of a run throws. */
  readonly setRefusal: (error: Error | null) => void;
}

async function start(options: RestartOptions = budget, isPaused = false): Promise<SupervisorRig> {
  const clock = new SimulatedClock();
  const rig = await startRig();
  const runs: FakeRun[] = [];
  let refusal: Error | null = null;
  const supervisor = new TaskSupervisor(
    {
      async begin() {
        await Promise.resolve();
        if (refusal !== null) throw refusal;
        const run = new FakeRun(rig);
        runs.push(run);
        return run;
      },
      clock,
      random: { next: () => 1 },
      logger: silentLogger,
      onRestart: () => undefined,
    },
    options,
  );
  supervisor.start(isPaused);
  await settle();
  const last = (): FakeRun => {
    const run = runs.at(-1);
    if (run === undefined) throw new Error('nothing runs');
    return run;
  };
  return { supervisor, clock, runs, last, setRefusal: (error) => (refusal = error) };
}

describe('a supervised task', () => {
  it('that failed is restarted after a pause that doubles, until the budget is spent', async () => {
    const { supervisor, clock, runs, last } = await start();
    const begunAt: number[] = [];
    for (const waitMs of [1000, 2000, 4000]) {
      last().fail();
      await settle();
      expect(supervisor.status()).toMatchObject({ restartsAt: clock.now() + waitMs });
      expect(last().stops).toBe(1);
      await clock.advance(waitMs - 1);
      begunAt.push(runs.length);
      await clock.advance(1);
    }
    expect(begunAt).toEqual([1, 2, 3]);
    expect(supervisor.status()).toMatchObject({ failure: null, restartsAt: null, restartsUsed: 3 });
    last().fail();
    await clock.advance(600_000);
    expect(runs).toHaveLength(4);
    expect(supervisor.status()).toMatchObject({ restartsAt: null, restartsUsed: 3 });
    expect(supervisor.status().failure).toMatchObject({ message: 'not allowed to write' });
  });

  it('gets its restarts back by time of healthy work, not by time while its store is away', async () => {
    const { supervisor, clock, last } = await start();
    last().fail();
    await clock.advance(1000);
    last().fail();
    await clock.advance(2000);
    expect(supervisor.status().restartsUsed).toBe(2);
    last().degraded = true;
    await clock.advance(300_000);
    expect(supervisor.status().restartsUsed).toBe(2);
    last().degraded = false;
    await clock.advance(31_000);
    expect(supervisor.status().restartsUsed).toBe(1);
    await clock.advance(300_000);
    expect(supervisor.status().restartsUsed).toBe(0);
  });

  it('is restarted also where it could not even be built', async () => {
    const { supervisor, clock, runs, last, setRefusal } = await start();
    setRefusal(new Error('the secret is not there'));
    last().fail();
    await clock.advance(1000);
    expect(supervisor.status()).toMatchObject({ failure: { message: 'the secret is not there' } });
    expect(supervisor.status().restartsAt).not.toBeNull();
    setRefusal(null);
    await clock.advance(2000);
    expect(runs).toHaveLength(2);
    expect(supervisor.status().failure).toBeNull();
  });

  it.each([
    ['a failure that a restart can not mend', { ...budget }, new FatalSinkError('bad', { isLasting: true })],
    ['a budget of none', { ...budget, max: 0 }, new FatalSinkError('bad')],
  ])('stays failed after %s', async (_name, options, error) => {
    const { supervisor, clock, runs, last } = await start(options);
    last().fail(error);
    await clock.advance(3_600_000);
    expect(runs).toHaveLength(1);
    expect(supervisor.status()).toMatchObject({ restartsAt: null });
  });

  it('is restarted without end where the budget has no limit, at the longest pause in the end', async () => {
    const { clock, runs, last } = await start({ ...budget, max: -1, delayMsMax: 5000 });
    for (let time = 0; time < 20; time += 1) {
      last().fail();
      await clock.advance(5000);
    }
    expect(runs).toHaveLength(21);
  });

  it('is paused where it was paused, also after a restart', async () => {
    const { supervisor, clock, runs, last } = await start(budget, true);
    expect(last().isPaused).toBe(true);
    last().fail();
    await clock.advance(1000);
    expect(runs).toHaveLength(2);
    expect(last().isPaused).toBe(true);
    supervisor.resume();
    expect(last().isPaused).toBe(false);
  });

  it('that is stopped while it waits for its restart is not restarted', async () => {
    const { supervisor, clock, runs, last } = await start();
    last().fail();
    await settle();
    await supervisor.stop();
    await clock.advance(60_000);
    expect(runs).toHaveLength(1);
  });

  it('reads on where it was, when the store lets it in again', async () => {
    const rig = await startRig();
    await rig.reader.assign('orders', 0);
    rig.sink.onPut = () => {
      throw new FatalSinkError('not allowed to write');
    };
    rig.reader.append('orders', 0, values(10));
    await rig.clock.advance(1000);
    await rig.task.ended();
    expect(rig.task.failure).toMatchObject({ message: 'not allowed to write' });
    expect(rig.reader.stopped).toBe(true);
  });
});
