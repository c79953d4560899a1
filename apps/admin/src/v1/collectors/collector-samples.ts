/** What becomes of sample lines in a source's interceptors and selector: tried here, in this process, with nothing that touches the outside. */
import { HttpException } from '@nestjs/common';
import { FieldProblems } from '#nest/field-problems';
import type { ComponentInput, Interceptor } from '#pipeline/collector';
import type { AgentPlan, ComponentPlan, SourcePlan } from '#pipeline/flume-plan';
import { runSamples, type SampleInterceptor, type SampleResult } from '#pipeline/sample-run';
import { createSelector } from '#pipeline/selector';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { Preview } from './component-schemas.js';

export const sampleLinesMax = 1000;
export const sampleBytesMax = 1_000_000;
const runMsMax = 5000;
const eventMsMax = 200;
/** At once in this process. */
const runsMax = 2;
/** Bytes of a body, characters of a header. */
const shownMax = 4096;

type Options = Readonly<Record<string, string>>;

/**
 * Interceptors that may run here, and what is other than on a worker: they compute from the event alone. What is not in this list (files,
 * commands, code of one's own) never runs here.
 */
const runnable: Readonly<Record<string, (options: Options) => { note: string | null } | { refusal: string }>> = {
  timestamp: () => ({ note: null }),
  host: () => ({ note: 'Here this server’s address; there the worker’s.' }),
  static: () => ({ note: null }),
  regex_filter: () => ({ note: null }),
  regex_extractor: () => ({ note: null }),
  remove_header: () => ({ note: null }),
  search_replace: () => ({ note: null }),
  uuid: () => ({ note: 'Each event gets another one there.' }),
  json: () => ({ note: null }),
  csv: () => ({ note: null }),
  grok: ({ dictionaryFiles }) =>
    dictionaryFiles === undefined ? { note: null } : { refusal: 'It reads files of the worker (dictionaryFiles).' },
  cel_filter: () => ({ note: null }),
  cel_route: () => ({ note: null }),
  mask: () => ({ note: null }),
  sample: () => ({ note: 'By chance: there it may be others.' }),
  dedupe: () => ({ note: 'It knows these lines only.' }),
  rate_limit: () => ({ refusal: 'It holds back by the clock; here everything passes.' }),
  morphline: () => ({ refusal: 'It reads files and may run commands; it runs on the worker only.' }),
};

/** What a counter says of the event that was dropped. */
const saidBy: Readonly<Record<string, string>> = {
  EventDuplicateCount: 'it came before',
  EventSampledOutCount: 'it is not in the sample',
  EventInterceptFail: 'it cannot be read',
};
const dropsBy: Readonly<Record<string, string>> = {
  regex_filter: 'its pattern decides so',
  cel_filter: 'its expression decides so',
};

export interface SampleRequest {
  /** Null: the text has errors. */
  readonly plan: AgentPlan | null;
  readonly source: string | undefined;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

export class CollectorSamples {
  private running = 0;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Throws 422 where there is nothing to try or too much of it, 429 where others try. */
  async preview({ plan, source, text, headers }: SampleRequest): Promise<Preview> {
    const found = sourceOf(plan, source);
    const lines = linesOf(text);
    if (this.running >= runsMax)
      throw new HttpException(`${runsMax} trials run already; ask again in a few seconds.`, 429);
    this.running += 1;
    const begun = this.clock.monotonic();
    try {
      const chain = found.plan.interceptors.map((one) => this.prepared(found.agent, one));
      const events = lines.map((line) => ({ headers, body: Buffer.from(line) }));
      const selector = this.selectorOf(found.agent, found.plan);
      const { results, endedBy } = await runSamples(events, {
        interceptors: chain.flatMap(({ made }) => (made === null ? [] : [made])),
        selector,
        clock: this.clock,
        runMsMax,
        eventMsMax,
      });
      const shown = results.map((result, index) => shownEvent(index + 1, result, found.plan));
      const counts: Record<string, number> = { delivered: 0, dropped: 0, unrouted: 0, failed: 0 };
      for (const { outcome } of shown) counts[outcome] = (counts[outcome] ?? 0) + 1;
      return {
        source: found.plan.name,
        interceptors: chain.map(({ shown: one }) => one),
        selector: found.plan.selector.type,
        channels: [...found.plan.channels],
        counts,
        ended_by: endedBy === null ? null : endings[endedBy],
        ms: Math.round(this.clock.monotonic() - begun),
        events: shown,
      };
    } finally {
      this.running -= 1;
    }
  }

  private prepared(
    agent: string,
    plan: ComponentPlan<Interceptor>,
  ): { made: SampleInterceptor | null; shown: Preview['interceptors'][number] } {
    const shown = { name: plan.name, type: plan.type.name };
    const may = runnable[plan.type.name]?.(plan.options) ?? { refusal: 'Its code is on the worker.' };
    if ('refusal' in may) return { made: null, shown: { ...shown, ran: false, note: may.refusal } };
    const interceptor = plan.type.create(this.inputOf(agent, plan));
    return { made: { name: plan.name, interceptor }, shown: { ...shown, ran: true, note: may.note } };
  }

  private selectorOf(agent: string, source: SourcePlan): ReturnType<typeof createSelector> {
    if (source.selector.type === 'custom') {
      throw refusal('/flume_conf', `The selector of ${source.name} is of your own: its code is on the worker.`);
    }
    return createSelector(source.selector, {
      channels: source.channels,
      createCustom: (plan) => plan.type.create(this.inputOf(agent, plan)),
    });
  }

  private inputOf(agent: string, { name, options }: ComponentPlan<unknown>): ComponentInput {
    const { clock, logger } = this;
    // No address, no database, no environment: nothing of this process is within reach.
    return { agent, name, options, services: { bootstrap: '', clock, logger, databaseUrl: null, environment: {} } };
  }
}

const endings = {
  'run time': `${runMsMax / 1000} s were up.`,
  'event time': `This line took more than ${eventMsMax} ms: a pattern that backtracks would hold up the source as well.`,
} as const;

function sourceOf(plan: AgentPlan | null, name: string | undefined): { agent: string; plan: SourcePlan } {
  if (plan === null) {
    throw refusal(
      '/flume_conf',
      'The flume.conf has errors: `:validate` says which. What is not right cannot be tried.',
    );
  }
  const found = name === undefined ? plan.sources[0] : plan.sources.find((source) => source.name === name);
  if (found !== undefined) return { agent: plan.name, plan: found };
  const names = plan.sources.map((source) => source.name).join(', ');
  throw refusal(
    '/source',
    names === ''
      ? 'There is no source that can be tried here: its type is decided on the worker.'
      : `There is no source ${name ?? ''}; there are ${names}`,
  );
}

function linesOf(text: string): string[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > sampleBytesMax)
    throw refusal('/text', `The sample has ${bytes} bytes; at most ${sampleBytesMax} are tried`);
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > sampleLinesMax)
    throw refusal('/text', `The sample has ${lines.length} lines; at most ${sampleLinesMax} are tried`);
  return lines;
}

function shownEvent(line: number, result: SampleResult, source: SourcePlan): Preview['events'][number] {
  return {
    line,
    body: shownText(result.event.body),
    outcome: result.outcome,
    by: result.by,
    reason: reasonOf(result, source),
    after: result.after.map(({ headers, body, channels }) => ({
      headers: shownHeaders(headers),
      body: shownText(body),
      channels: channels.map(({ channel, isOptional }) => ({ channel, optional: isOptional })),
    })),
  };
}

function reasonOf({ outcome, by, said }: SampleResult, { interceptors, selector }: SourcePlan): string | null {
  const type = interceptors.find(({ name }) => name === by)?.type.name ?? '';
  switch (outcome) {
    case 'delivered':
      return said === null ? null : (saidBy[said] ?? null);
    case 'dropped':
      return `${by ?? ''} (${type}) drops it: ${saidBy[said ?? ''] ?? dropsBy[type] ?? 'it gives nothing on'}.`;
    case 'unrouted': {
      const header = selector.type === 'multiplexing' ? ` its header ${selector.header} is mapped to no channel` : '';
      return `The selector has no channel for it:${header === '' ? ' none is named' : header}, and there is no default.`;
    }
    case 'failed':
      return said;
  }
}

/** What is no text as `base64:…`; long ones are cut. */
function shownText(body: Buffer): string {
  const part = body.subarray(0, shownMax);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(part, { stream: body.length > shownMax });
  } catch {
    return `base64:${part.toString('base64')}`;
  }
}

function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.slice(0, shownMax)]));
}

function refusal(pointer: string, message: string): FieldProblems {
  return new FieldProblems(message, [{ pointer, code: 'preview', message }]);
}
