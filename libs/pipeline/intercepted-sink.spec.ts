import type { ChannelSink, ComponentContext, Interceptor } from '#pipeline/collector';
import { lines, texts } from '#pipeline/agent.testkit';
import type { EventBatch } from '#pipeline/event-batch';
import { InterceptedSink } from '#pipeline/intercepted-sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

const context: ComponentContext = {
  name: 'k1',
  clock: systemClock,
  logger: silentLogger,
  stateDirectory: '',
  count: () => undefined,
  reportError: () => undefined,
};

class Recorder implements ChannelSink {
  readonly batchSize = 10;
  readonly written: string[] = [];
  failure: Error | null = null;

  constructor(private readonly journal: string[]) {}

  start = () => Promise.resolve(void this.journal.push('start sink'));
  stop = () => Promise.resolve(void this.journal.push('stop sink'));

  write(batch: EventBatch): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.written.push(...texts(batch));
    return Promise.resolve();
  }
}

describe('a sink with interceptors', () => {
  const journal: string[] = [];
  const sink = new Recorder(journal);
  const without: Interceptor = {
    start: () => Promise.resolve(void journal.push('start interceptor')),
    stop: () => Promise.resolve(void journal.push('stop interceptor')),
    intercept: (batch) =>
      batch.select(Int32Array.from(texts(batch).flatMap((text, at) => (text === 'drop' ? [] : [at])))),
    committed: (batch) => void journal.push(`committed ${texts(batch).join()}`),
  };
  const intercepted = new InterceptedSink(sink, [without]);

  it('starts them before it, gives it what they leave, and stops them after it', async () => {
    await intercepted.start(context);
    await intercepted.write(lines('a', 'drop', 'b'));
    await intercepted.write(lines('drop'));
    await intercepted.stop();
    expect(sink.written).toEqual(['a', 'b']);
    expect(journal).toEqual([
      'start interceptor',
      'start sink',
      'committed a,drop,b',
      'committed drop',
      'stop sink',
      'stop interceptor',
    ]);
    expect([intercepted.batchSize, intercepted.writesInFlightMax]).toEqual([10, 1]);
  });

  it('fails where the sink fails, and nothing counts as committed', async () => {
    journal.length = 0;
    sink.failure = new Error('away');
    await expect(intercepted.write(lines('a'))).rejects.toThrow('away');
    expect(journal).toEqual([]);
  });
});
