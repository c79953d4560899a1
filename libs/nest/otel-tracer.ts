/**
 * OpenTelemetry for pipelines, by its own variables: OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) turns it on,
 * OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER_ARG (part of the events that are followed, default 0.001) and OTEL_SERVICE_NAME say
 * how. Spans go out as OTLP over HTTP, at most 2,048 wait, and one that does not fit is dropped.
 */
import { systemRandom } from '#std/random';
import type { PipelineTracer } from '#pipeline/tracer';

export interface RunningTracer {
  readonly tracer: PipelineTracer;
  /** Sends what waits, 5 s at most. */
  stop(): Promise<void>;
}

const defaultRatio = 0.001;
const stopMsMax = 5_000;

/** Null where no endpoint is set; the packages load only where one is. Throws a sentence where the part is not between 0 and 1. */
export async function startTracer(
  role: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<RunningTracer | null> {
  const endpoint = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || environment['OTEL_SDK_DISABLED'] === 'true') return null;
  const ratio = ratioOf(environment['OTEL_TRACES_SAMPLER_ARG']);
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const processor = new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter() });
  const name = environment['OTEL_SERVICE_NAME'] || `millrace-${role}`;
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': name }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('millrace');
  return {
    tracer: {
      pick: (count) => pickOne(count, ratio),
      begin(spanName, { parent, startedAt, attributes }) {
        const context = parentContext(api, parent);
        const kind = parent === null ? api.SpanKind.PRODUCER : api.SpanKind.CONSUMER;
        const span = tracer.startSpan(
          spanName,
          { kind, attributes, ...(startedAt === undefined ? {} : { startTime: startedAt }) },
          context,
        );
        const { traceId, spanId } = span.spanContext();
        return { traceparent: `00-${traceId}-${spanId}-01`, end: () => span.end() };
      },
    },
    stop: () => provider.forceFlush({ timeoutMillis: stopMsMax }).then(() => provider.shutdown()),
  };
}

function ratioOf(given: string | undefined): number {
  if (given === undefined || given === '') return defaultRatio;
  const ratio = Number(given);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new Error(`OTEL_TRACES_SAMPLER_ARG must be from 0 to 1, and is "${given}"`);
}

/** Each event has the chance `ratio`, seen over many batches; one of a batch at most. */
function pickOne(count: number, ratio: number): number {
  if (count === 0 || systemRandom.next() >= Math.min(1, ratio * count)) return -1;
  return Math.floor(systemRandom.next() * count);
}

const traceparent = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function parentContext(api: typeof import('@opentelemetry/api'), parent: string | null) {
  const [, traceId, spanId] = traceparent.exec(parent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return api.ROOT_CONTEXT;
  const traceFlags = api.TraceFlags.SAMPLED;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
