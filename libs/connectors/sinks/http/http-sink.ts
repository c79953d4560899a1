import { describe, retryAfterMs, type HttpCall, type HttpClient, type HttpResult } from '#net/http-client';
import { FatalSinkError, RefusedRecordsError, RetriableSinkError, type RecordRefusal } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { Backoff } from '#std/backoff';
import { messageOf } from '#std/errors';
import { systemRandom } from '#std/random';
import { callFailure } from '../over-http/call-failure.js';
import { overHttpClient } from '../over-http/over-http-options.js';
import { fixedAuthorization, type Authorization } from './authorization.js';
import { authorizationOf } from './authorization-settings.js';
import type { HttpSettings } from './options.js';
import { compressed, requestBody, signature } from './request-body.js';
import { planRequests, type PlannedRequest } from './request-plan.js';

const answerTextMax = 300;
const answerBytesRead = 64 * 1024;
/** Connections to the host, where several partitions are sent at once. */
const connectionsMin = 8;
/** A longer `Retry-After` is left to the runner, which lets go of the thread meanwhile. */
const waitMsMax = 5000;
const logEveryMs = 60_000;

/** A request that the server refuses as it is, and would refuse again. */
class RefusedRequestError extends Error {}

/** What one `put` is at. */
interface Delivery {
  readonly batch: SinkBatch;
  /** Offsets that the server has, of this put and of those before it that failed. */
  readonly done: Set<number>;
  readonly refusals: RecordRefusal[];
  /** Another lane has failed: no new requests. */
  failed: boolean;
}

/**
 * Sends records to a web server. What it has answered for is remembered until the batch is through, so that another try of a batch repeats
 * only requests without an answer.
 */
export class HttpSink implements Sink {
  readonly parallelPartitions = true;
  private context: SinkContext | null = null;
  private client: HttpClient | null = null;
  private authorization: Authorization = fixedAuthorization({});
  private readonly stopping = new AbortController();
  private readonly written = new Map<string, StoredOffset>();
  private readonly done = new Map<string, Set<number>>();
  private ignored = 0;
  private ignoredLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly settings: HttpSettings) {}

  start(context: SinkContext): Promise<void> {
    const { values, options } = this.settings;
    this.context = context;
    try {
      this.client = overHttpClient(options, {
        clock: context.clock,
        connectionsMax: Math.max(connectionsMin, values['max.in.flight.requests']),
        connectTimeoutMs: values['http.connect.timeout.ms'],
        timeoutMs: values['http.timeout'],
        trustAll: values['http.ssl.trust.all.certs'],
      });
    } catch (error) {
      return Promise.reject(new FatalSinkError(messageOf(error), { cause: error }));
    }
    this.authorization = authorizationOf(values, this.client, context.clock);
    return Promise.resolve();
  }

  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const key = keyOf(batch);
    const done = this.done.get(key) ?? new Set<number>();
    this.done.set(key, done);
    const plan = planRequests(batch, this.settings.plan, (index) => done.has(batch.offset(index)));
    const delivery: Delivery = { batch, done, refusals: [...plan.refusals], failed: false };
    this.noteIgnored(plan.ignored);
    const lanes = await Promise.allSettled(plan.lanes.map((lane) => this.sendLane(lane, delivery)));
    const failures = lanes.flatMap((lane) => (lane.status === 'rejected' ? [lane.reason as unknown] : []));
    // What nothing can help with wins over what passes.
    const failure = failures.find((error) => error instanceof FatalSinkError) ?? failures[0];
    if (failure !== undefined) throw failure;
    for (let index = 0; index < batch.count; index += 1) done.delete(batch.offset(index));
    const { topic, partition } = batch;
    this.written.set(key, { topic, partition, offset: batch.offset(batch.count - 1) + 1 });
    if (delivery.refusals.length > 0) {
      throw new RefusedRecordsError(delivery.refusals.toSorted((one, other) => one.index - other.index));
    }
  }

  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.written.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) {
      this.written.delete(keyOf(partition));
      this.done.delete(keyOf(partition));
    }
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopping.abort(new RetriableSinkError('The sink was stopped.'));
    this.client?.close();
    return Promise.resolve();
  }

  private async sendLane(lane: readonly PlannedRequest[], delivery: Delivery): Promise<void> {
    try {
      for (const request of lane) {
        if (delivery.failed) return;
        await this.sendOrHalve(request, delivery);
      }
    } catch (error) {
      delivery.failed = true;
      throw error;
    }
  }

  /** A request that is refused goes in halves, in order, down to the records that are meant. */
  private async sendOrHalve(request: PlannedRequest, delivery: Delivery): Promise<void> {
    const { indices } = request;
    const { batch, done, refusals } = delivery;
    try {
      await this.send(request, batch);
      for (const index of indices) done.add(batch.offset(index));
    } catch (error) {
      if (!(error instanceof RefusedRequestError)) throw error;
      const [only] = indices;
      if (indices.length === 1 && only !== undefined) {
        refusals.push({ index: only, message: error.message });
        return;
      }
      const middle = indices.length >> 1;
      for (const half of [indices.slice(0, middle), indices.slice(middle)]) {
        await this.sendOrHalve({ ...request, indices: half }, delivery);
      }
    }
  }

  private async send(request: PlannedRequest, batch: SinkBatch): Promise<void> {
    const { clock } = this.started();
    const { values } = this.settings;
    const call = await this.callOf(request, batch);
    const backoff = new Backoff({ initialMs: 2 * values['retry.backoff.ms'], maxMs: waitMsMax }, systemRandom);
    for (let tries = 0; ; tries += 1) {
      let failure: FatalSinkError | RetriableSinkError;
      try {
        const answer = await this.exchange(call);
        switch (this.settings.classify(answer.status)) {
          case 'done':
            this.authorization.taken();
            return;
          case 'poison':
            throw new RefusedRequestError(this.said(call, answer));
          case 'fatal':
            throw new FatalSinkError(`${this.said(call, answer)}${hintOf(answer)}`);
          case 'retry':
            failure = new RetriableSinkError(this.said(call, answer), {
              retryAfterMs: retryAfterMs(answer.headers, clock.now()) ?? undefined,
            });
        }
      } catch (error) {
        if (error instanceof RefusedRequestError || error instanceof FatalSinkError) throw error;
        failure = error instanceof RetriableSinkError ? error : callFailure(error);
      }
      if (failure instanceof FatalSinkError) throw failure;
      const waitMs = failure.retryAfterMs ?? backoff.nextMs();
      if (tries >= values['max.retries'] || waitMs > waitMsMax || this.stopping.signal.aborted) throw failure;
      await clock.sleep(waitMs, this.stopping.signal);
    }
  }

  /** With what says who it is from; where a token has ended, with a new one. */
  private async exchange(call: HttpCall): Promise<HttpResult> {
    const client = this.client;
    if (client === null) throw new Error('The http sink is not started.');
    for (;;) {
      const authorization = await this.authorization.headers();
      const answer = await this.follow(client, call, authorization);
      if (answer.status !== 401 || !this.authorization.renew(authorization)) return answer;
    }
  }

  private async follow(
    client: HttpClient,
    call: HttpCall,
    authorization: Readonly<Record<string, string>>,
  ): Promise<HttpResult> {
    let { url } = call;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await client.call({ ...call, url, headers: { ...call.headers, ...authorization } });
      const location = answer.headers.location;
      const isRedirect = (answer.status === 307 || answer.status === 308) && location !== undefined;
      if (!isRedirect || redirects >= this.settings.values['http.redirects.max']) return answer;
      const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
      const isSame = next?.origin === url.origin;
      const carriesNothing = Object.keys(authorization).length === 0 && url.protocol === next?.protocol;
      if (next === null || !(isSame || carriesNothing)) {
        throw new FatalSinkError(
          `${describe(call)} redirects to ${next?.origin ?? 'no address'}, where its authorization must not go.`,
        );
      }
      url = next;
    }
  }

  private async callOf({ url, headers, indices, isDelete }: PlannedRequest, batch: SinkBatch): Promise<HttpCall> {
    const { values } = this.settings;
    const all: Record<string, string> = { ...headers };
    const header = values['idempotency.header'];
    if (header !== '') all[header] = this.idempotencyKey(batch, indices);
    if (isDelete) {
      delete all['content-type'];
      return { method: 'DELETE', url: new URL(url), headers: all };
    }
    let body = this.bodyOf(batch, indices);
    if (values['request.compression'] === 'gzip') {
      body = await compressed(body);
      all['content-encoding'] = 'gzip';
    }
    const secret = values['signature.secret'];
    if (secret !== null) all[values['signature.header']] = signature(body, values['signature.algorithm'], secret);
    return { method: values['request.method'], url: new URL(url), headers: all, body, repeatable: true };
  }

  private bodyOf(batch: SinkBatch, indices: readonly number[]): Buffer {
    try {
      return requestBody(batch, indices, this.settings.body);
    } catch (error) {
      throw new RefusedRequestError(`its value can not be a line of NDJSON: ${messageOf(error)}`);
    }
  }

  private idempotencyKey(batch: SinkBatch, indices: readonly number[]): string {
    const [first = 0] = indices;
    const last = indices.at(-1) ?? first;
    const from = `${encodeURIComponent(this.started().name)}-${batch.topic}-${batch.partition}-${batch.offset(first)}`;
    return last === first ? from : `${from}-${batch.offset(last)}`;
  }

  private noteIgnored(count: number): void {
    const { clock, logger } = this.started();
    this.ignored += count;
    if (this.ignored === 0 || clock.monotonic() - this.ignoredLoggedAt < logEveryMs) return;
    logger.info('Records without value are passed over by behavior.on.null.values=ignore.', { records: this.ignored });
    this.ignored = 0;
    this.ignoredLoggedAt = clock.monotonic();
  }

  private said(call: HttpCall, { status, body }: HttpResult): string {
    // Before it is cut, so that no half of a secret stays.
    const text = body.toString('utf8', 0, answerBytesRead);
    const safe = this.settings.secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
    const shown = safe.replaceAll(/\s+/g, ' ').trim().slice(0, answerTextMax);
    return `${describe(call)} was answered ${status}${shown === '' ? '' : `: ${shown}`}`;
  }

  private started(): SinkContext {
    if (this.context === null) throw new Error('The http sink is not started.');
    return this.context;
  }
}

function hintOf({ status, headers }: HttpResult): string {
  if (status === 401 || status === 403) return '. See http.authorization.type';
  if (status < 300 || status >= 400) return '';
  return `. It redirects to ${headers.location ?? 'nowhere'}: write that address into http.url, or set http.redirects.max`;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition}@${topic}`;
}
