/**
 * Sample events through interceptors and the selector of a source, one by one, so that it can be told what became of each. No source,
 * channel or sink is there; the interceptors are given what keeps them from touching anything.
 */
import type { ComponentContext, Interceptor } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import type { Route, Selector } from '#pipeline/selector';
import { messageOf } from '#std/errors';
import { TimeLimit, TimeLimitError } from '#std/time-limit';
import type { Clock } from '#std/clock';
import { silentLogger } from '#std/log';

export interface SampleEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SampleInterceptor {
  readonly name: string;
  readonly interceptor: Interceptor;
}

export interface SampleResult {
  readonly event: SampleEvent;
  /** `dropped` by an interceptor; `unrouted`: the selector has no channel for it; `failed`: its delivery would be tried again for ever. */
  readonly outcome: 'delivered' | 'dropped' | 'unrouted' | 'failed';
  /** Interceptor that dropped it or failed, or `selector`; null where neither happened. */
  readonly by: string | null;
  /** What that one said, and else counted: an error, or a name of a counter. Null where it said nothing. */
  readonly said: string | null;
  /** What becomes of it; more than one where an interceptor divides events. */
  readonly after: readonly (SampleEvent & { readonly channels: readonly SampleRoute[] })[];
}

export interface SampleRoute {
  readonly channel: string;
  readonly isOptional: boolean;
}

export interface SampleRunOptions {
  readonly interceptors: readonly SampleInterceptor[];
  readonly selector: Selector;
  readonly clock: Clock;
  /** Of all events together, ms. */
  readonly runMsMax: number;
  /** Of one event, ms: so long nothing else runs in the process. */
  readonly eventMsMax: number;
}

export interface SampleRun {
  /** In the order of the events; fewer than those where time was up. */
  readonly results: readonly SampleResult[];
  /** Null where all events had their turn. */
  readonly endedBy: 'run time' | 'event time' | null;
}

/** Events between two looks at the clock by others. */
const turn = 20;

export async function runSamples(events: readonly SampleEvent[], options: SampleRunOptions): Promise<SampleRun> {
  const { interceptors, clock, runMsMax, eventMsMax } = options;
  const trial = new SampleTrial(options);
  const results: SampleResult[] = [];
  const deadline = clock.monotonic() + runMsMax;
  for (const { interceptor, name } of interceptors) await interceptor.start?.(trial.contextOf(name));
  try {
    for (const [index, event] of events.entries()) {
      if (clock.monotonic() >= deadline) return { results, endedBy: 'run time' };
      const result = trial.run(event, eventMsMax);
      results.push(result.outcome);
      if (result.isEnded) return { results, endedBy: 'event time' };
      if (index % turn === turn - 1) await clock.sleep(0);
    }
    return { results, endedBy: null };
  } finally {
    for (const { interceptor } of interceptors) await interceptor.stop?.();
  }
}

type Passed =
  | { readonly batch: EventBatch }
  | { readonly by: string; readonly outcome: 'dropped' | 'failed'; readonly said: string | null };

class SampleTrial {
  private readonly limit = new TimeLimit();
  /** What interceptors counted for the event that is under way. */
  private counted: string[] = [];
  private at = '';

  constructor(private readonly options: SampleRunOptions) {}

  contextOf(name: string): ComponentContext {
    return {
      name,
      clock: this.options.clock,
      logger: silentLogger,
      stateDirectory: '',
      count: (counter) => this.counted.push(counter),
      reportError: () => undefined,
    };
  }

  run(event: SampleEvent, msMax: number): { outcome: SampleResult; isEnded: boolean } {
    this.counted = [];
    const failed = (error: unknown): SampleResult => {
      return { event, outcome: 'failed', by: this.at, said: messageOf(error), after: [] };
    };
    try {
      return { outcome: this.limit.run(msMax, () => this.passed(event)), isEnded: false };
    } catch (error) {
      return { outcome: failed(error), isEnded: error instanceof TimeLimitError };
    }
  }

  private passed(event: SampleEvent): SampleResult {
    const given = EventBatch.of([event]);
    const passed = this.intercept(given);
    if (!('batch' in passed)) return { event, ...passed, after: [] };
    const { batch } = passed;
    this.at = 'selector';
    const routes = this.options.selector.route(batch);
    const channels = Array.from({ length: batch.count }, (): SampleRoute[] => []);
    addRoutes(channels, batch, routes.required, false);
    addRoutes(channels, batch, routes.optional, true);
    const after = channels.map((own, index) => ({
      headers: batch.headersOf(index),
      body: batch.body(index),
      channels: own,
    }));
    const isRouted = after.some((one) => one.channels.length > 0);
    return {
      event,
      outcome: isRouted ? 'delivered' : 'unrouted',
      by: isRouted ? null : 'selector',
      said: this.counted[0] ?? null,
      after,
    };
  }

  private intercept(given: EventBatch): Passed {
    const { interceptors } = this.options;
    const witnesses: (() => void)[] = [];
    let batch = given;
    for (const { name, interceptor } of interceptors) {
      this.at = name;
      const counted = this.counted.length;
      const before = batch;
      const result = interceptor.intercept(before);
      if (result instanceof Promise) {
        result.catch(() => undefined);
        return { by: name, outcome: 'failed', said: 'It waits, which a trial does not' };
      }
      batch = result;
      witnesses.push(() => interceptor.committed?.(before));
      if (batch.count === 0) return { by: name, outcome: 'dropped', said: this.counted[counted] ?? null };
    }
    // As if every channel had committed it: what remembers events counts on it.
    for (const witness of witnesses) witness();
    return { batch };
  }
}

/** Routes hold batches of their own: an event is found again by where its body lies. */
function addRoutes(
  channels: readonly SampleRoute[][],
  batch: EventBatch,
  routes: readonly Route[],
  isOptional: boolean,
): void {
  for (const { channel, batch: part } of routes) {
    for (let index = 0; index < batch.count; index += 1) {
      if (holds(part, batch, index)) channels[index]?.push({ channel, isOptional });
    }
  }
}

function holds(part: EventBatch, batch: EventBatch, index: number): boolean {
  if (part === batch) return true;
  return part.starts.some((start, at) => start === batch.starts[index] && part.ends[at] === batch.ends[index]);
}
