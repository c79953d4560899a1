/**
 * Follows single events on their way, by the header `traceparent` (W3C Trace Context) that they carry from the source through topics to
 * the sink. Nothing is asked of the other events, so that the hot path pays one look a batch.
 */
export interface PipelineTracer {
  /** Which of the next `count` events is to be followed; -1: none. At most one a call. */
  pick(count: number): number;
  /** Begins a span now, or at `startedAt` (wall time, ms); `parent` is the header of the event, null begins a trace. */
  begin(name: string, span: { parent: string | null; startedAt?: number; attributes: SpanAttributes }): TracedSpan;
}

export type SpanAttributes = Readonly<Record<string, string | number>>;

export interface TracedSpan {
  /** For the header of what goes on. */
  readonly traceparent: string;
  end(): void;
}

export const traceHeader = 'traceparent';
