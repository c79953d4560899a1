import type { ChannelSink } from '#pipeline/collector';
import { PoisonRecordError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import type { SinkBatch } from '#pipeline/sink-batch';

const at = { topic: 'channel', partition: 0 };

function batchOf(...texts: string[]): SinkBatch {
  const events = EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
  return new EventSinkBatch(events, { ...at, firstOffset: 100, timeMs: 0 });
}

function textsOf(batch: EventBatch): string[] {
  return Array.from({ length: batch.count }, (_none, index) => batch.body(index).toString());
}

/** Writes two events at a time; `answer` throws what the store says to them. */
function sinkOf(answer: (texts: string[]) => void): { sink: ChannelSink; written: string[][] } {
  const written: string[][] = [];
  return {
    written,
    sink: {
      batchSize: 2,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      async write(batch) {
        await Promise.resolve();
        written.push(textsOf(batch));
        answer(textsOf(batch));
      },
    },
  };
}

describe('a sink of a flume.conf as a sink task runs it', () => {
  it('goes on behind a part in which the store refused single events, and says which of all were refused', async () => {
    const { sink, written } = sinkOf((texts) => {
      const index = texts.indexOf('bad');
      if (index >= 0) throw new RefusedRecordsError([{ index, message: 'no number' }]);
    });
    const task = channelSinkAsTask(sink);
    await expect(task.put(batchOf('a', 'bad', 'c', 'd', 'bad'))).rejects.toMatchObject({
      refusals: [
        { index: 1, message: 'no number' },
        { index: 4, message: 'no number' },
      ],
    });
    expect(written).toEqual([['a', 'bad'], ['c', 'd'], ['bad']]);
    expect(await task.flush(false)).toEqual([{ ...at, offset: 105 }]);
  });

  it('says which of the whole batch is bad where a part is refused as a whole', async () => {
    const { sink } = sinkOf((texts) => {
      if (texts.includes('bad')) throw new PoisonRecordError('no number', texts.indexOf('bad'));
    });
    const task = channelSinkAsTask(sink);
    await expect(task.put(batchOf('a', 'b', 'c', 'bad'))).rejects.toMatchObject({ index: 3 });
    expect(await task.flush(false)).toEqual([{ ...at, offset: 102 }]);
  });

  it('goes on behind what an earlier try has written, and tries what was refused alone', async () => {
    let busy = true;
    const { sink, written } = sinkOf((texts) => {
      const index = texts.indexOf('bad');
      if (index >= 0) throw new RefusedRecordsError([{ index, message: 'no number' }]);
      if (busy && texts.includes('e')) throw new RetriableSinkError('busy');
    });
    const task = channelSinkAsTask(sink);
    await expect(task.put(batchOf('a', 'b', 'c', 'd', 'e'))).rejects.toThrow('busy');
    expect(await task.flush(false)).toEqual([{ ...at, offset: 104 }]);
    busy = false;
    const again = batchOf('a', 'b', 'c', 'd', 'e', 'bad', 'g', 'h');
    await expect(task.put(again)).rejects.toMatchObject({ refusals: [{ index: 5 }] });
    expect(written.slice(3)).toEqual([
      ['e', 'bad'],
      ['g', 'h'],
    ]);
    await expect(task.put(again.slice(5, 6))).rejects.toMatchObject({ refusals: [{ index: 0 }] });
    await task.skip?.({ ...at, offset: 106 });
    await task.put(again.slice(5, 6));
    expect(written.slice(5)).toEqual([['bad']]);
    await task.close([at]);
    await task.put(batchOf('a'));
    expect(written.at(-1)).toEqual(['a']);
  });

  it('has as many writes under way as the sink takes', async () => {
    let open = 0;
    let openMax = 0;
    const sink: ChannelSink = {
      batchSize: 1,
      writesInFlightMax: 3,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      async write() {
        open += 1;
        openMax = Math.max(openMax, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
      },
    };
    const task = channelSinkAsTask(sink);
    await task.put(batchOf('a', 'b', 'c', 'd', 'e'));
    expect(openMax).toBe(3);
    expect(await task.flush(false)).toEqual([{ ...at, offset: 105 }]);
  });
});
