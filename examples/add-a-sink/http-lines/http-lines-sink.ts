import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { messageOf } from '#std/errors';

export interface HttpLinesSettings {
  readonly url: string;
  readonly authorization: string | null;
  readonly timeoutMs: number;
}

const newline = Buffer.from('\n');
/** What is kept of an answer, for the error. */
const answerLengthMax = 300;

/**
 * Posts each batch as lines. A put is durable when it is answered with 2xx, so there is nothing left to flush. The same batch may come
 * twice: after an answer that got lost, or a crash before the commit. A server that wants each line once can tell by the header
 * `idempotency-key`, which names topic, partition, first and last offset.
 */
export class HttpLinesSink implements Sink {
  /** Next offsets that the server has, of partitions that are open. */
  private readonly positions = new Map<string, StoredOffset>();

  constructor(private readonly settings: HttpLinesSettings) {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** The server keeps no positions: the consumer group's count. */
  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const { topic, partition } = batch;
    const last = batch.offset(batch.count - 1);
    const response = await this.post(linesOf(batch), `${topic}-${partition}-${batch.offset(0)}-${last}`);
    const answer = (await response.text()).slice(0, answerLengthMax);
    if (!response.ok) throw errorOf(response, answer);
    this.positions.set(keyOf(batch), { topic, partition, offset: last + 1 });
  }

  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.positions.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.positions.delete(keyOf(partition));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  private async post(body: Buffer<ArrayBuffer>, idempotencyKey: string): Promise<Response> {
    const { url, authorization, timeoutMs } = this.settings;
    try {
      return await fetch(url, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/x-ndjson',
          'idempotency-key': idempotencyKey,
          ...(authorization === null ? {} : { authorization }),
        },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new RetriableSinkError(`${url} does not answer: ${messageOf(error)}`, { cause: error });
    }
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** A record that is no line is named by its index: the runner sets it aside and gives the others again. */
function linesOf(batch: SinkBatch): Buffer<ArrayBuffer> {
  const pieces: Buffer[] = [];
  for (let index = 0; index < batch.count; index += 1) {
    const value = batch.value(index);
    if (value === null) throw new PoisonRecordError('A record without value is no line', index);
    if (value.includes(newline)) throw new PoisonRecordError('A value with a newline is more than one line', index);
    pieces.push(value, newline);
  }
  return Buffer.concat(pieces);
}

/** What a status means: try again, bad data, or nothing that time heals. */
function errorOf(response: Response, answer: string): Error {
  const { status, url } = response;
  const message = `${url} answered ${status}: ${answer}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return new RetriableSinkError(message, retryAfter(response));
  }
  // Which record it is the server does not say: null, and the runner halves the batch until it knows. So it does for 413, too large.
  if (status === 400 || status === 413 || status === 422) return new PoisonRecordError(message, null);
  return new FatalSinkError(message);
}

function retryAfter(response: Response): { retryAfterMs?: number } {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {};
}
