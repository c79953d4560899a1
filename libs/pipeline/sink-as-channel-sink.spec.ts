import type { ComponentContext } from '#pipeline/collector';
import { PoisonRecordError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import type { Sink } from '#pipeline/sink';
import { SinkAsChannelSink } from '#pipeline/sink-as-channel-sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

const events = (...texts: string[]): EventBatch => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));

/** Keeps a position, as stores of exactly-once sinks do. */
class FakeStore {
  position = 0;
  readonly lines: string[] = [];
  refusal: Error | null = null;

  create(): Sink {
    return {
      start: () => Promise.resolve(),
      open: ([at]) => Promise.resolve(at === undefined ? [] : [{ ...at, offset: this.position }]),
      put: (batch) => {
        const { refusal } = this;
        this.refusal = null;
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.value(index)?.toString() === 'bad')
            return Promise.reject(new PoisonRecordError('It is bad.', index));
        }
        for (let index = 0; index < batch.count; index += 1) {
          this.lines.push(`${batch.topic} ${batch.offset(index)} ${batch.value(index)?.toString() ?? ''}`);
        }
        this.position = batch.offset(batch.count - 1) + 1;
        return refusal === null ? Promise.resolve() : Promise.reject(refusal);
      },
      flush: () => Promise.resolve([]),
      close: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    };
  }
}

async function start(
  drop: boolean,
): Promise<{ store: FakeStore; sink: SinkAsChannelSink; counters: Map<string, number> }> {
  const store = new FakeStore();
  const counters = new Map<string, number>();
  const sink = new SinkAsChannelSink(() => store.create(), { batchSize: 10, topic: 'k1', drop });
  const context: ComponentContext = {
    name: 'k1',
    clock: systemClock,
    logger: silentLogger,
    stateDirectory: 'nowhere',
    count: (counter, by) => counters.set(counter, (counters.get(counter) ?? 0) + by),
    reportError: () => undefined,
  };
  await sink.start(context);
  return { store, sink, counters };
}

describe("a sink worker's sink in a flume.conf", () => {
  it('gives events offsets that go on where the store is, also after a failure', async () => {
    const { store, sink } = await start(false);
    await sink.write(events('a', 'b'));
    store.refusal = new RetriableSinkError('The answer was lost.');
    await expect(sink.write(events('c'))).rejects.toThrow(/lost/);
    await sink.write(events('c'));
    expect(store.lines).toEqual(['k1 0 a', 'k1 1 b', 'k1 2 c', 'k1 3 c']);
  });

  it('stands still at an event that is refused, or leaves it out where it is told to', async () => {
    const still = await start(false);
    await expect(still.sink.write(events('a', 'bad', 'b'))).rejects.toThrow(/bad/);
    const dropping = await start(true);
    await dropping.sink.write(events('a', 'bad', 'b'));
    expect(dropping.store.lines).toEqual(['k1 0 a', 'k1 1 b']);
    expect(dropping.counters.get('EventsRejected')).toBe(1);
  });

  it('leaves out what the store refused beside others that it kept', async () => {
    const { store, sink, counters } = await start(true);
    store.refusal = new RefusedRecordsError([{ index: 1, message: 'no number' }]);
    await sink.write(events('a', 'b', 'c'));
    await sink.write(events('d'));
    expect(store.lines.at(-1)).toBe('k1 3 d');
    expect(counters.get('EventsRejected')).toBe(1);
  });
});
