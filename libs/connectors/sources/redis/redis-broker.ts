/**
 * Streams (a consumer group) or lists of a Redis server. Entries of a stream are acknowledged when the channels have them; what this consumer left
 * unfinished is read first after a start, and what others left for too long is claimed. From lists an element moves to a list of this
 * consumer's own (BLMOVE), and leaves that when the channels have it; what is there at a start is read first.
 *
 * Reading blocks a connection, so acknowledgements go over a second one.
 */
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Redis } from 'ioredis';
import type { ComponentContext } from '#pipeline/collector';
import { MillraceError, messageOf } from '#std/errors';
import { brokerErrors, type BrokerPlace, type Credentials } from '../broker-options.js';
import { connectDeadline, connectMsMax, unreachable } from '../broker-socket.js';
import type { Broker, BrokerSession, SessionEvents } from '../broker-source.js';
import { ListReader } from './list-reader.js';
import { StreamReader } from './stream-reader.js';

export interface RedisSettings {
  readonly streams: readonly string[];
  readonly lists: readonly string[];
  readonly group: string;
  readonly consumer: string;
  /** Where a group begins that is made here: `0` or `$`. */
  readonly start: string;
  /** Entries of other consumers are taken over after so long, ms; 0: never. */
  readonly claimIdleMs: number;
  readonly removesAcknowledged: boolean;
  readonly bodyField: string;
  readonly batchSize: number;
  readonly database: number;
  /** A user name is needed for servers with access lists only. */
  readonly user: string | null;
  nextPlace(): BrokerPlace;
  tls(place: BrokerPlace): TlsOptions | null;
  password(): Promise<Credentials | null>;
}

/** An entry: its stream (or list) and its id (or the element itself). */
export interface RedisToken {
  readonly key: string;
  readonly id: string | Buffer;
}

/** What reads one kind of key. */
export interface RedisReader {
  /** Makes groups, and gives what was left unfinished, over and over until it gives nothing. */
  recover(count: number): Promise<readonly RedisEntry[]>;
  /** Waits a moment for what is new. */
  read(count: number): Promise<readonly RedisEntry[]>;
  acknowledge(tokens: readonly RedisToken[]): Promise<void>;
}

export interface RedisEntry {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
  readonly token: RedisToken;
}

export class RedisBroker implements Broker<RedisToken> {
  constructor(
    readonly address: string,
    private readonly settings: RedisSettings,
  ) {}

  async connect(
    events: SessionEvents<RedisToken>,
    context: ComponentContext,
    signal: AbortSignal,
  ): Promise<BrokerSession<RedisToken>> {
    const { settings } = this;
    const { Redis: Client } = await import('ioredis');
    const place = settings.nextPlace();
    const tls = settings.tls(place);
    const login = await settings.password();
    const client = new Client({
      host: place.host,
      port: place.port,
      db: settings.database,
      lazyConnect: true,
      connectTimeout: connectMsMax,
      // Connecting again is the source's business: what was read has to be read again then.
      retryStrategy: null,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      ...(tls === null ? {} : { tls }),
      ...(login === null
        ? {}
        : { password: login.password, ...(settings.user === null ? {} : { username: login.user }) }),
    });
    const blocking = client.duplicate();
    let lastError: Error | null = null;
    for (const each of [client, blocking]) each.on('error', (error: Error) => (lastError = error));
    const deadline = connectDeadline(signal);
    const giveUp = (): void => disconnect(client, blocking);
    deadline.addEventListener('abort', giveUp, { once: true });
    try {
      await Promise.all([client.connect(), blocking.connect()]);
      const readers = [
        ...(settings.streams.length > 0 ? [new StreamReader(client, blocking, settings, context.clock)] : []),
        ...(settings.lists.length > 0 ? [new ListReader(client, blocking, settings)] : []),
      ];
      return new RedisSession(client, blocking, readers, settings.batchSize, events);
    } catch (error) {
      disconnect(client, blocking);
      throw unreachable(place, lastError ?? error);
    } finally {
      deadline.removeEventListener('abort', giveUp);
    }
  }
}

class RedisSession implements BrokerSession<RedisToken> {
  private credit = 0;
  private isOver = false;
  private reading: Promise<void> | null = null;
  private recovered = 0;
  private wake: (() => void) | null = null;

  constructor(
    private readonly client: Redis,
    private readonly blocking: Redis,
    private readonly readers: readonly RedisReader[],
    private readonly batchSize: number,
    private readonly events: SessionEvents<RedisToken>,
  ) {
    for (const each of [client, blocking]) each.on('close', () => this.fail(new Error('the connection was lost')));
  }

  request(count: number): void {
    this.credit += count;
    this.wake?.();
    this.reading ??= this.read().catch((error: unknown) => this.fail(error));
  }

  async accept(tokens: readonly RedisToken[]): Promise<void> {
    const [first, ...others] = this.readers;
    if (others.length === 0) {
      await first?.acknowledge(tokens);
      return;
    }
    for (const reader of this.readers) await reader.acknowledge(tokens);
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.wake?.();
    disconnect(this.client, this.blocking);
    await this.reading;
  }

  private async read(): Promise<void> {
    while (!this.isOver) {
      if (this.credit <= 0) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = null;
        continue;
      }
      const count = Math.min(this.credit, this.batchSize);
      for (const entry of await this.readOnce(count)) {
        this.credit -= 1;
        if (!this.isOver) this.events.onMessage(entry);
      }
    }
  }

  /** First what was left unfinished, reader by reader, then what is new. */
  private async readOnce(count: number): Promise<readonly RedisEntry[]> {
    const unfinished = this.readers[this.recovered];
    if (unfinished !== undefined) {
      const entries = await unfinished.recover(count);
      if (entries.length === 0) this.recovered += 1;
      return entries;
    }
    const found = await Promise.all(this.readers.map((reader) => reader.read(count)));
    return found.flat();
  }

  private fail(error: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.wake?.();
    disconnect(this.client, this.blocking);
    const reason = `Reading Redis has ended: ${messageOf(error)}`;
    this.events.onEnd(new MillraceError(brokerErrors.lost, reason, { cause: error }));
  }
}

function disconnect(...clients: readonly Redis[]): void {
  for (const client of clients) client.disconnect();
}
