/** Events that pass an edge, as lines of JSON. */
import type { Agent } from '#pipeline/agent';
import { Tap, type TapLimits, type TappedEvent } from '#pipeline/tap';
import type { Clock } from '#std/clock';
import { suggest } from '#std/suggestion';

export interface TapRequest {
  readonly edge: string;
  /** Ends after so many events. */
  readonly eventsMax: number;
  /** Ends after so long. */
  readonly durationMs: number;
  /** Events that one look shows, and bytes of a body; default 100 and 4096. */
  readonly limits?: TapLimits;
}

/** How often the sample is looked at, ms. */
const sampleMs = 100;

/** One line of a tap. The last of each look says how many have passed, and how many of them were not shown. */
export type TapLine =
  | {
      readonly headers: Readonly<Record<string, string>>;
      /** As text where it is UTF-8, else in base64. */
      readonly body: string;
      readonly encoding: 'utf8' | 'base64';
      readonly bodyBytes: number;
    }
  | { readonly passed: number; readonly dropped: number };

/** Ends when there were enough, when time is up, or when `signal` aborts. Throws UnknownEdgeError. */
export async function* tapLines(
  agent: Agent,
  request: TapRequest,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<readonly TapLine[]> {
  const point = agent.taps.find(request.edge);
  if (point === null) throw new UnknownEdgeError(request.edge, agent.taps.edges);
  const tap = new Tap(request.limits);
  const deadline = clock.monotonic() + request.durationMs;
  point.open(tap);
  try {
    let shown = 0;
    let told = -1;
    while (!signal.aborted && shown < request.eventsMax && clock.monotonic() < deadline) {
      await clock.sleep(sampleMs, signal).catch(() => undefined);
      const { events, passed, dropped } = tap.take();
      const wanted = events.slice(0, request.eventsMax - shown);
      shown += wanted.length;
      if (passed === told) continue;
      told = passed;
      yield [...wanted.map(lineOf), { passed, dropped: dropped + events.length - wanted.length }];
    }
  } finally {
    point.close(tap);
  }
}

function lineOf({ headers, body, bodyBytes }: TappedEvent): TapLine {
  const text = body.toString('utf8');
  const isText = bodyBytes > body.length ? !text.slice(0, -1).includes('\ufffd') : Buffer.from(text).equals(body);
  return isText
    ? { headers, body: text, encoding: 'utf8', bodyBytes }
    : { headers, body: body.toString('base64'), encoding: 'base64', bodyBytes };
}

/** Somebody wants to watch an edge that the agent does not have. */
export class UnknownEdgeError extends Error {
  constructor(edge: string, edges: readonly string[]) {
    const near = suggest(edge, edges);
    super(
      `There is no edge "${edge}".${near === null ? '' : ` Did you mean ${near}?`} The agent has ${edges.toSorted().join(', ')}.`,
    );
  }
}
