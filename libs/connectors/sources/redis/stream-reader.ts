import type { Redis } from 'ioredis';
import type { Clock } from '#std/clock';
import type { RedisEntry, RedisReader, RedisSettings, RedisToken } from './redis-broker.js';

/** How long one look waits for new entries, ms: a stop is noticed in between. */
const blockMs = 500;

/** Streams, as one consumer of a group. */
export class StreamReader implements RedisReader {
  private hasGroups = false;
  /** How far the entries of this consumer that are not acknowledged have been read, by stream. */
  private readonly recoveredTo = new Map<string, string>();
  private readonly claimCursors = new Map<string, string>();
  /** Entries that were given and not acknowledged: they get old while channels are full, and must not be claimed from ourselves. */
  private readonly given = new Set<string>();
  private lastClaimMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: Redis,
    private readonly blocking: Redis,
    private readonly settings: RedisSettings,
    private readonly clock: Clock,
  ) {}

  async recover(count: number): Promise<readonly RedisEntry[]> {
    const { streams } = this.settings;
    if (!this.hasGroups) await this.makeGroups();
    const entries = await this.readGroup(count, streams, (stream) => this.recoveredTo.get(stream) ?? '0', null);
    for (const { token } of entries) this.recoveredTo.set(token.key, String(token.id));
    return this.give(entries);
  }

  async read(count: number): Promise<readonly RedisEntry[]> {
    const claimed = await this.claim(count);
    if (claimed.length > 0) return this.give(claimed);
    return this.give(await this.readGroup(count, this.settings.streams, () => '>', blockMs));
  }

  async acknowledge(tokens: readonly RedisToken[]): Promise<void> {
    const { group, removesAcknowledged, streams } = this.settings;
    const ids = new Map<string, string[]>();
    for (const { key, id } of tokens) {
      if (typeof id !== 'string' || !streams.includes(key)) continue;
      this.given.delete(`${id} ${key}`);
      const known = ids.get(key);
      if (known === undefined) ids.set(key, [id]);
      else known.push(id);
    }
    for (const [stream, list] of ids) {
      await this.client.xack(stream, group, ...list);
      if (removesAcknowledged) await this.client.xdel(stream, ...list);
    }
  }

  private give(entries: readonly RedisEntry[]): readonly RedisEntry[] {
    for (const { token } of entries) this.given.add(`${String(token.id)} ${token.key}`);
    return entries;
  }

  private async makeGroups(): Promise<void> {
    const { streams, group, start } = this.settings;
    for (const stream of streams) {
      try {
        await this.client.xgroup('CREATE', stream, group, start, 'MKSTREAM');
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
      }
    }
    this.hasGroups = true;
  }

  private async readGroup(
    count: number,
    streams: readonly string[],
    from: (stream: string) => string,
    waitMs: number | null,
  ): Promise<readonly RedisEntry[]> {
    const { group, consumer } = this.settings;
    const places = [...streams, ...streams.map(from)];
    const share = Math.max(1, Math.floor(count / streams.length));
    const answer: unknown = await this.blocking.callBuffer('XREADGROUP', [
      ...['GROUP', group, consumer, 'COUNT', share],
      ...(waitMs === null ? [] : ['BLOCK', waitMs]),
      ...['STREAMS', ...places],
    ]);
    return listOf(answer).flatMap((stream) => {
      const [key, entries] = listOf(stream);
      return this.entriesOf(textOf(key), entries);
    });
  }

  /** Entries that other consumers have had for too long. */
  private async claim(count: number): Promise<readonly RedisEntry[]> {
    const { claimIdleMs, streams, group, consumer } = this.settings;
    const nowMs = this.clock.monotonic();
    if (claimIdleMs === 0 || nowMs - this.lastClaimMs < Math.min(claimIdleMs, 10_000)) return [];
    const claimed: RedisEntry[] = [];
    let isThrough = true;
    for (const stream of streams) {
      const cursor = this.claimCursors.get(stream) ?? '0-0';
      const words = [stream, group, consumer, claimIdleMs, cursor, 'COUNT', Math.max(1, count - claimed.length)];
      const answer = listOf(await this.client.callBuffer('XAUTOCLAIM', words));
      const next = textOf(answer[0]);
      this.claimCursors.set(stream, next);
      if (next !== '0-0') isThrough = false;
      const entries = this.entriesOf(stream, answer[1]);
      claimed.push(...entries.filter(({ token }) => !this.given.has(`${String(token.id)} ${token.key}`)));
      if (claimed.length >= count) break;
    }
    if (isThrough) this.lastClaimMs = nowMs;
    return claimed;
  }

  private entriesOf(key: string, entries: unknown): RedisEntry[] {
    return listOf(entries).flatMap((entry) => {
      const [id, fields] = listOf(entry);
      // An entry that was deleted before it was acknowledged has no fields any more.
      return Array.isArray(fields) ? [entryOf(key, textOf(id), fields, this.settings.bodyField)] : [];
    });
  }
}

/** One field is the body, the others are headers; without that field the body is all of them, as JSON. */
export function entryOf(key: string, id: string, fields: readonly unknown[], bodyField: string): RedisEntry {
  const headers: Record<string, string> = {};
  let body: Buffer | null = null;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = textOf(fields[at]);
    const value = fields[at + 1];
    if (name === bodyField && Buffer.isBuffer(value)) body = value;
    else headers[name] = textOf(value);
  }
  if (body === null) {
    body = Buffer.from(JSON.stringify(headers));
    for (const name of Object.keys(headers)) delete headers[name];
  }
  headers['redis.key'] = key;
  headers['redis.id'] = id;
  return { body, headers, token: { key, id } };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString() : String(value);
}
