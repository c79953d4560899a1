import { EventBatch } from '#pipeline/event-batch';
import { TraceInterceptor } from '#pipeline/trace-interceptor';
import type { PipelineTracer } from '#pipeline/tracer';

function tracerOf(picks: readonly number[]) {
  const log: string[] = [];
  let calls = 0;
  const tracer: PipelineTracer = {
    pick: () => picks[calls++] ?? -1,
    begin(name, { parent }) {
      log.push(`begin ${name} below ${parent ?? 'nothing'}`);
      return { traceparent: `span-${calls}`, end: () => log.push('end') };
    },
  };
  return { tracer, log };
}

const batchOf = (headers: Readonly<Record<string, string>> = {}) =>
  EventBatch.of(['a', 'b', 'c'].map((text) => ({ body: Buffer.from(text), headers })));

describe('following events from a source', () => {
  it('marks the event that was picked and leaves the others and whole batches as they are', () => {
    const { tracer, log } = tracerOf([1, -1]);
    const interceptor = new TraceInterceptor(tracer, { agent: 'a1', source: 'r1' });
    const marked = interceptor.intercept(batchOf());
    expect([0, 1, 2].map((index) => marked.header(index, 'traceparent'))).toEqual([null, 'span-1', null]);
    const plain = batchOf();
    expect(interceptor.intercept(plain)).toBe(plain);
    expect(log).toEqual(['begin receive r1 below nothing']);
  });

  it('goes on with the trace that an event came with, and ends the span when the channels have the batch', () => {
    const { tracer, log } = tracerOf([0]);
    const interceptor = new TraceInterceptor(tracer, { agent: 'a1', source: 'r1' });
    const given = batchOf({ traceparent: 'from outside' });
    const marked = interceptor.intercept(given);
    expect([0, 1].map((index) => marked.header(index, 'traceparent'))).toEqual(['span-1', 'from outside']);
    interceptor.committed(given);
    interceptor.committed(given);
    expect(log).toEqual(['begin receive r1 below from outside', 'end']);
  });
});
