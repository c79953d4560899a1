import type { SinkBatch } from '#pipeline/sink-batch';
import { traceHeader, type PipelineTracer } from '#pipeline/tracer';

/** Spans of one put at most: who follows every event still gets a picture, and memory stays flat. */
const spansMax = 16;

/** Ends the way of the records that carry a trace: a span from the start of the put that the store took, to now. */
export function tracePut(
  tracer: PipelineTracer,
  batch: SinkBatch,
  put: { readonly startedAt: number; readonly connector: string; readonly task: number },
): void {
  let spans = 0;
  for (let index = 0; index < batch.count && spans < spansMax; index += 1) {
    const parent = batch.header(index, traceHeader);
    if (parent === null) continue;
    spans += 1;
    const span = tracer.begin(`put ${put.connector}`, {
      parent,
      startedAt: put.startedAt,
      attributes: {
        'messaging.system': 'kafka',
        'messaging.destination.name': batch.topic,
        'messaging.destination.partition.id': String(batch.partition),
        'messaging.kafka.offset': batch.offset(index),
        'messaging.batch.message_count': batch.count,
        'millrace.connector': put.connector,
        'millrace.task': put.task,
      },
    });
    span.end();
  }
}
