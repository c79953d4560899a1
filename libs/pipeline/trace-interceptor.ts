import type { Interceptor } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { traceHeader, type PipelineTracer, type TracedSpan } from '#pipeline/tracer';

/** Stands before a source's own interceptors where a tracer follows events: the span lasts until their channels have committed them. */
export class TraceInterceptor implements Interceptor {
  private readonly open = new WeakMap<EventBatch, TracedSpan>();

  constructor(
    private readonly tracer: PipelineTracer,
    private readonly place: { readonly agent: string; readonly source: string },
  ) {}

  intercept(batch: EventBatch): EventBatch {
    const index = this.tracer.pick(batch.count);
    if (index < 0) return batch;
    this.open.get(batch)?.end();
    const { agent, source } = this.place;
    const span = this.tracer.begin(`receive ${source}`, {
      parent: batch.header(index, traceHeader),
      attributes: { 'flume.agent': agent, 'flume.source': source, 'messaging.batch.message_count': batch.count },
    });
    this.open.set(batch, span);
    const column = Array.from({ length: batch.count }, (_, at) =>
      at === index ? span.traceparent : batch.header(at, traceHeader),
    );
    return batch.withHeader(traceHeader, column);
  }

  committed(batch: EventBatch): void {
    this.open.get(batch)?.end();
    this.open.delete(batch);
  }
}
