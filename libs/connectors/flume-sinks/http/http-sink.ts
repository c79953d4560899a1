import { defineOptions, requireOptions } from '#config/options';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type {
  ChannelSink,
  ComponentContext,
  ComponentInput,
  ComponentRemark,
  ComponentType,
} from '#pipeline/collector';
import { PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { deadLetterKey, deadLetterOption } from '../dead-letter-option.js';
import { readRules, ruleProblems, type StatusRules } from './status-rules.js';

const options = defineOptions({
  endpoint: {
    type: 'string',
    required: true,
    doc: 'Address to post to.',
    check: (value: string) =>
      URL.canParse(value) && /^https?:/i.test(value) ? null : 'must be an http:// or https:// address',
  },
  connectTimeout: { type: 'int', default: 5000, min: 1, unit: 'ms', doc: 'Time for a connection.' },
  requestTimeout: { type: 'int', default: 5000, min: 1, unit: 'ms', doc: 'Time for the answer after that.' },
  contentTypeHeader: { type: 'string', default: 'text/plain', doc: 'Content-Type of the requests.' },
  acceptHeader: { type: 'string', default: 'text/plain', doc: 'Accept of the requests.' },
  requestsInFlight: {
    type: 'int',
    default: 1,
    min: 1,
    max: 256,
    unit: 'requests',
    doc: 'Requests under way at once. With more than one the order of events may change when a request fails. Flume has one.',
  },
  defaultBackoff: {
    type: 'boolean',
    default: true,
    doc: 'Wait before the next request, where no rule says otherwise.',
  },
  defaultRollback: {
    type: 'boolean',
    default: true,
    doc: 'Send the event again, where no rule says otherwise. Answers 2XX have the rule not to; in Flume they do not.',
  },
  defaultIncrementMetrics: {
    type: 'boolean',
    default: false,
    doc: 'Count the event in HttpCountedAnswers, where no rule says otherwise.',
  },
  backoff: { type: 'map', doc: '`backoff.<status> = true|false`, the status as `503` or `5XX`; the exact one wins.' },
  rollback: { type: 'map', doc: '`rollback.<status>`, in the same way.' },
  incrementMetrics: { type: 'map', doc: '`incrementMetrics.<status>`, in the same way.' },
  ...deadLetterOption(
    'that would be sent again after an answer 4XX, those apart that may pass (401, 403, 404, 408, 425, 429)',
  ),
});

type Values = ReturnType<typeof readValues>;

/** Requests for one event without a pause, where the rules ask for that; then the sink's runner waits. */
const triesAtOnceMax = 10;
const pauseStepMs = 1000;
const pauseMsMax = 5000;
const answerBytesMax = 1024 * 1024;
/** Of the rights of the sender, of an address that may come, of the time: not of the event. */
const passingStatuses: ReadonlySet<number> = new Set([401, 403, 404, 407, 408, 425, 429]);

/** Posts the body of each event, and does with the event what rules by status of the answer say. */
class HttpSink implements ChannelSink {
  readonly batchSize = 1;
  readonly writesInFlightMax: number;
  private context: ComponentContext | null = null;
  private stopping = new AbortController();
  /** Answers in a row that asked for a pause. */
  private pauses = 0;
  private pauseUntil = 0;

  constructor(
    private readonly values: Values,
    private readonly rules: StatusRules,
    /** Somebody takes the events that the server refuses for good. */
    private readonly givesUp: boolean,
  ) {
    this.writesInFlightMax = values.requestsInFlight;
  }

  start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.stopping = new AbortController();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopping.abort();
    return Promise.resolve();
  }

  async write(batch: EventBatch): Promise<void> {
    for (let index = 0; index < batch.count; index += 1) await this.send(batch.body(index), index);
  }

  private async send(body: Buffer, index: number): Promise<void> {
    const context = this.started();
    if (body.length === 0) {
      // As Flume: nothing is sent.
      context.count('EmptyEventCount', 1);
      return;
    }
    for (let tries = 1; ; tries += 1) {
      await this.pause(context);
      const status = await this.post(body);
      const { rollback, backoff, counted } = this.rules.of(status);
      if (counted) context.count('HttpCountedAnswers', 1);
      if (backoff) this.pauses += 1;
      else this.pauses = 0;
      if (!rollback) {
        if (backoff) this.pauseUntil = context.clock.monotonic() + Math.min(this.pauses * pauseStepMs, pauseMsMax);
        return;
      }
      context.count('HttpRolledBackAnswers', 1);
      if (this.givesUp && status >= 400 && status < 500 && !passingStatuses.has(status)) {
        throw new PoisonRecordError(`${this.values.endpoint} answered with status ${status}`, index);
      }
      if (backoff || tries >= triesAtOnceMax || this.stopping.signal.aborted) {
        throw new RetriableSinkError(`${this.values.endpoint} answered with status ${status}.`);
      }
    }
  }

  private async pause(context: ComponentContext): Promise<void> {
    const leftMs = this.pauseUntil - context.clock.monotonic();
    if (leftMs > 0) await context.clock.sleep(leftMs, this.stopping.signal);
  }

  private async post(body: Buffer): Promise<number> {
    const { endpoint, contentTypeHeader, acceptHeader, connectTimeout, requestTimeout } = this.values;
    try {
      const answer = await fetch(endpoint, {
        method: 'POST',
        headers: { 'Content-Type': contentTypeHeader, Accept: acceptHeader },
        body: new Uint8Array(body),
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(connectTimeout + requestTimeout), this.stopping.signal]),
      });
      await passOver(answer);
      return answer.status;
    } catch (error) {
      this.started().count('ConnectionFailedCount', 1);
      throw new RetriableSinkError(`No answer from ${endpoint}: ${messageOf(error)}`, { cause: error });
    }
  }

  private started(): ComponentContext {
    if (this.context === null) throw new Error('The http sink is not started.');
    return this.context;
  }
}

/** Reads an answer to its end, so that the connection can be used again; a long one costs the connection. */
async function passOver(answer: Response): Promise<void> {
  if (answer.body === null) return;
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) return;
  }
}

function readValues(name: string, input: Readonly<Record<string, string>>) {
  return requireOptions(`sink ${name}`, options, input);
}

export const httpSink: ComponentType<ChannelSink> = {
  name: 'http',
  classNames: ['org.apache.flume.sink.http.HttpSink'],
  doc: 'Posts the body of each event to an address; rules by status of the answer say whether it is sent again, and whether to wait.',
  options,
  check(input): ComponentRemark[] {
    const values = readValues('http', input);
    return (['backoff', 'rollback', 'incrementMetrics'] as const).flatMap((kind) =>
      ruleProblems(values[kind]).map(({ key, message }) => ({
        severity: 'error',
        option: `${kind}.${key}`,
        message: `${kind}.${key} ${message}.`,
      })),
    );
  },
  create: (input) => createHttpSink(input, false),
  createTask(input, context) {
    const deadLetterTopic = readValues(input.name, input.options)[deadLetterKey];
    return { sink: channelSinkAsTask(createHttpSink(input, deadLetterTopic !== null), context), deadLetterTopic };
  },
};

function createHttpSink(input: ComponentInput, givesUp: boolean): HttpSink {
  const values = readValues(input.name, input.options);
  return new HttpSink(values, readRules(values), givesUp);
}
