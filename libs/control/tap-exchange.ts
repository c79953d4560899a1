/**
 * Lets the administration look at events of a collector that runs elsewhere. Both know only the database: a request and its answers
 * go over NOTIFY, so nothing is kept, and a worker that nobody asks sends nothing.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Backoff } from '#std/backoff';
import type { Clock, Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';

export interface TapOrder {
  readonly connector: string;
  readonly edge: string;
  readonly eventsMax: number;
  readonly durationMs: number;
}

/** What a worker answers with: lines of JSON, or why there are none. Null where it does not run the connector. */
export type TapAnswer = (order: TapOrder, signal: AbortSignal) => AsyncIterable<readonly unknown[]> | null;

const requestChannel = 'millrace_tap';
/** A payload of PostgreSQL has less than 8,000 bytes. */
const payloadBytesMax = 7500;
/** How long a worker may take to say that it is about to answer, ms. */
const acceptMsMax = 3000;
const orderMsMax = 3_600_000;
/** Taps that one worker answers at once. */
const tapsMax = 16;

type Notice =
  | { readonly kind: 'order'; readonly id: string; readonly order: TapOrder }
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'lines'; readonly id: string; readonly lines: readonly unknown[] }
  | { readonly kind: 'end'; readonly id: string; readonly error: string | null };

export interface TapServerOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly answer: TapAnswer;
}

/** The worker's side. Keeps one connection, and makes it again where it is lost. */
export class TapServer {
  private client: pg.Client | null = null;
  private timer: Timer | null = null;
  private isOpen = false;
  private readonly backoff: Backoff;
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly options: TapServerOptions) {
    this.backoff = new Backoff({ initialMs: 500, maxMs: 10_000 }, options.random);
  }

  start(): void {
    this.isOpen = true;
    void this.connect();
  }

  async stop(): Promise<void> {
    this.isOpen = false;
    this.timer?.cancel();
    for (const tap of this.running.values()) tap.abort();
    const { client } = this;
    this.client = null;
    await client?.end().catch(() => undefined);
  }

  /** Never rejects. */
  private async connect(): Promise<void> {
    let isLost = false;
    const client = clientOf(this.options.databaseUrl);
    const lose = (): void => {
      if (isLost) return;
      isLost = true;
      this.client = null;
      for (const tap of this.running.values()) tap.abort();
      client.end().catch(() => undefined);
      if (this.isOpen) this.timer = this.options.clock.after(this.backoff.nextMs(), () => void this.connect());
    };
    client.on('error', lose).on('end', lose);
    client.on('notification', ({ payload }) => this.take(noticeOf(payload)));
    try {
      await client.connect();
      await client.query(`LISTEN ${requestChannel}`);
      this.backoff.reset();
      if (this.isOpen) this.client = client;
      else lose();
    } catch {
      lose();
    }
  }

  private take(notice: Notice | null): void {
    if (notice?.kind === 'cancel') this.running.get(notice.id)?.abort();
    if (notice?.kind !== 'order' || this.running.size >= tapsMax) return;
    const stopping = new AbortController();
    const lines = this.options.answer(notice.order, stopping.signal);
    if (lines === null) return;
    this.running.set(notice.id, stopping);
    this.answer(notice.id, lines)
      .catch((error: unknown) => this.options.logger.warn(`A tap could not be answered: ${messageOf(error)}`))
      .finally(() => this.running.delete(notice.id));
  }

  private async answer(id: string, looks: AsyncIterable<readonly unknown[]>): Promise<void> {
    await this.send({ kind: 'accepted', id });
    try {
      for await (const lines of looks) {
        for (const part of partsOf(lines)) await this.send({ kind: 'lines', id, lines: part });
      }
      await this.send({ kind: 'end', id, error: null });
    } catch (error) {
      await this.send({ kind: 'end', id, error: messageOf(error).slice(0, 2000) });
    }
  }

  private async send(notice: Notice): Promise<void> {
    await this.client?.query('SELECT pg_notify($1, $2)', [answerChannel(notice.id), JSON.stringify(notice)]);
  }
}

export class TapRefused extends Error {}

/**
 * The administration's side: asks all workers, and gives what the one says that runs the connector. Throws TapRefused where none does, or
 * where it says no. Ends when the worker does, or when `signal` aborts.
 */
export async function* tapElsewhere(
  databaseUrl: string,
  order: TapOrder,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<readonly unknown[]> {
  const id = randomUUID();
  const inbox = new Inbox();
  const client = clientOf(databaseUrl);
  client.on('notification', ({ payload }) => inbox.add(noticeOf(payload)));
  client.on('error', (error) => inbox.add({ kind: 'end', id, error: messageOf(error) }));
  const end = (): void => inbox.add({ kind: 'end', id, error: null });
  signal.addEventListener('abort', end, { once: true });
  await client.connect();
  const silence = clock.after(acceptMsMax, () =>
    inbox.add({ kind: 'end', id, error: `No collector worker runs ${order.connector} at the moment.` }),
  );
  const limit = clock.after(Math.min(order.durationMs, orderMsMax) + acceptMsMax, end);
  try {
    await client.query(`LISTEN ${answerChannel(id)}`);
    await notify(client, { kind: 'order', id, order });
    for (;;) {
      const notice = await inbox.next();
      if (notice.kind === 'accepted') silence.cancel();
      else if (notice.kind === 'lines') yield notice.lines;
      else if (notice.kind === 'end') {
        if (notice.error !== null) throw new TapRefused(notice.error);
        return;
      }
    }
  } finally {
    silence.cancel();
    limit.cancel();
    signal.removeEventListener('abort', end);
    await notify(client, { kind: 'cancel', id }).catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}

/** Notices that nobody has waited for yet: at most so many, then the oldest go. */
const inboxMax = 1000;

class Inbox {
  private readonly notices: Notice[] = [];
  private wake: () => void = () => undefined;

  add(notice: Notice | null): void {
    if (notice === null) return;
    if (this.notices.length >= inboxMax) this.notices.shift();
    this.notices.push(notice);
    this.wake();
  }

  async next(): Promise<Notice> {
    for (;;) {
      const first = this.notices.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

async function notify(client: pg.Client, notice: Notice): Promise<void> {
  await client.query('SELECT pg_notify($1, $2)', [requestChannel, JSON.stringify(notice)]);
}

function answerChannel(id: string): string {
  return `millrace_tap_${id.replaceAll('-', '')}`;
}

function clientOf(databaseUrl: string): pg.Client {
  return new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 5000,
    application_name: 'millrace-tap',
    keepAlive: true,
  });
}

/** Only this product sends on these channels; what does not parse is left alone. */
function noticeOf(payload: string | undefined): Notice | null {
  try {
    const notice: unknown = JSON.parse(payload ?? '');
    return isNotice(notice) ? notice : null;
  } catch {
    return null;
  }
}

function isNotice(value: unknown): value is Notice {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && 'id' in value && typeof value.id === 'string'
  );
}

/** As many lines together as one payload holds. A line that is larger alone is left out. */
function partsOf(lines: readonly unknown[]): unknown[][] {
  const parts: unknown[][] = [];
  let part: unknown[] = [];
  let size = 0;
  for (const line of lines) {
    const bytes = Buffer.byteLength(JSON.stringify(line)) + 1;
    if (bytes > payloadBytesMax) continue;
    if (size + bytes > payloadBytesMax) {
      parts.push(part);
      part = [];
      size = 0;
    }
    part.push(line);
    size += bytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
