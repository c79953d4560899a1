/**
 * A source that gets messages of a broker, whatever the protocol: connects, and again after the connection was lost; hands messages to the
 * channels in batches, and acknowledges them when every required channel has committed. Nothing is lost that the broker keeps; what was
 * delivered and not acknowledged when a connection or the process ended comes twice.
 *
 * Full channels stop the reading (credit, a paused socket) and nothing is given back for it. What interceptors cannot take is found by halving
 * the batch, and given back where the protocol has a word for that, so that the broker's own limit of deliveries and its dead-letter
 * queue apply; elsewhere it is tried again for ever.
 */
import type { ComponentContext, Source, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { Backoff } from '#std/backoff';
import { messageOf } from '#std/errors';
import { systemRandom } from '#std/random';
import { UnsettledMessages, type BrokerMessage } from './unsettled-messages.js';

/** One connection that gives messages. */
export interface BrokerSession<T> {
  /** So many more may be sent, for protocols with credit. */
  request(count: number): void;
  /** False: nothing more is read until true, for those without. */
  hold?(isHeld: boolean): void;
  /** The channels have them. */
  accept(tokens: readonly T[]): void | Promise<void>;
  /** They could not be processed. Absent: there is no such word. */
  giveBack?(tokens: readonly T[]): void | Promise<void>;
  /** False where messages can only be settled as they came, all together. Default true. */
  readonly settlesSingly?: boolean;
  /** Ends the connection in good order; `unused` were never delivered. Does not reject. */
  close(unused: readonly T[]): Promise<void>;
}

export interface SessionEvents<T> {
  onMessage(message: BrokerMessage<T>): void;
  /** The connection is gone, or must be given up: `reason` says why. */
  onEnd(reason: Error): void;
}

export interface Broker<T> {
  /** For people: where messages come from. No secrets. */
  readonly address: string;
  /**
   * Resolves when messages may come; rejects when the broker refuses, is away or does not answer in time, and soon after `signal` aborts.
   * Files are read anew each time.
   */
  connect(events: SessionEvents<T>, context: ComponentContext, signal: AbortSignal): Promise<BrokerSession<T>>;
}

export interface BrokerSourceOptions {
  /** Messages handed to the channels at once. */
  readonly batchSize: number;
  /** Messages that the broker may have handed out and that are not settled. */
  readonly prefetch: number;
  /** Bytes of messages that wait; at that the reading stops. */
  readonly prefetchBytes: number;
  /** Longest wait between two tries to connect, ms. */
  readonly reconnectMsMax: number;
}

const retryMsMin = 100;
const retryMsMax = 5000;
const reconnectMsMin = 100;

export class BrokerSource<T> implements Source {
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly broker: Broker<T>,
    private readonly options: BrokerSourceOptions,
  ) {}

  /** The broker need not be there yet. */
  start(context: SourceContext): Promise<void> {
    this.stopping = new AbortController();
    this.running = this.run(context);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the source stops'));
    await this.running;
  }

  private async run(context: SourceContext): Promise<void> {
    const { signal } = this.stopping;
    const backoff = new Backoff({ initialMs: reconnectMsMin, maxMs: this.options.reconnectMsMax }, systemRandom);
    while (!signal.aborted) {
      try {
        await this.serve(context, backoff);
      } catch (error) {
        if (signal.aborted) return;
        context.count('ConnectionFailCount', 1);
        context.reportError(error);
        // Every try would say the same: the first does, and the status goes on saying it.
        if (backoff.attempt === 0)
          context.logger.warn(`No messages of ${this.broker.address}; it is tried again: ${messageOf(error)}`);
      }
      await context.clock.sleep(backoff.nextMs(), signal).catch(() => undefined);
    }
  }

  /** One connection from its beginning to its end. */
  private async serve(context: SourceContext, backoff: Backoff): Promise<void> {
    const { batchSize, prefetch, prefetchBytes } = this.options;
    const messages = new UnsettledMessages<T>(prefetch, prefetchBytes);
    const ended = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, ended.signal]);
    signal.addEventListener('abort', () => messages.end(), { once: true });
    let held: ((isHeld: boolean) => void) | null = null;
    const session = await this.broker.connect(
      {
        onMessage: (message) => {
          messages.push(message);
          if (messages.isFull) held?.(true);
        },
        onEnd: (reason) => ended.abort(reason),
      },
      context,
      this.stopping.signal,
    );
    held = session.hold?.bind(session) ?? null;
    if (backoff.attempt > 0) context.logger.info(`Connected to ${this.broker.address}.`);
    backoff.reset();
    context.reportError(null);
    const delivery = new BrokerDelivery(context, session, signal);
    let asked = 0;
    let settled = 0;
    try {
      for (;;) {
        const more = Math.min(prefetch - (asked - settled), messages.room(asked));
        if (more > 0) session.request(more);
        asked += Math.max(more, 0);
        if (!messages.isFull) held?.(false);
        const batch = await messages.next(batchSize);
        if (batch === null) break;
        await delivery.deliver(batch);
        settled += batch.length;
      }
    } finally {
      await session.close(messages.drain().map(({ token }) => token));
    }
    if (ended.signal.aborted) throw ended.signal.reason;
  }
}

/** Takes batches through the channels and settles them with the broker. */
class BrokerDelivery<T> {
  private wasRefused = false;

  constructor(
    private readonly context: SourceContext,
    private readonly session: BrokerSession<T>,
    /** Aborts when the source stops or the connection is gone: what is not delivered then comes again. */
    private readonly signal: AbortSignal,
  ) {}

  /** Rejects with the signal's reason where that aborts first. */
  async deliver(messages: readonly BrokerMessage<T>[]): Promise<void> {
    const tokens = messages.map(({ token }) => token);
    const batch = EventBatch.of(messages);
    for (let waitMs = retryMsMin; ; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        await this.context.deliver(batch);
        break;
      } catch (error) {
        this.wasRefused = true;
        this.context.reportError(error);
        if (!(error instanceof ChannelError) && (await this.isSettledOtherwise(messages, waitMs))) return;
      }
      await this.context.clock.sleep(waitMs, this.signal);
    }
    await this.session.accept(tokens);
    if (this.wasRefused) {
      this.wasRefused = false;
      this.context.reportError(null);
    }
  }

  /** True when messages that fail interceptors have been delivered one half after the other, or given back. */
  private async isSettledOtherwise(messages: readonly BrokerMessage<T>[], waitMs: number): Promise<boolean> {
    const { session, context } = this;
    if (messages.length > 1 && session.settlesSingly !== false) {
      const middle = messages.length >> 1;
      await this.deliver(messages.slice(0, middle));
      await this.deliver(messages.slice(middle));
      return true;
    }
    if (session.giveBack === undefined) return false;
    await context.clock.sleep(waitMs, this.signal);
    context.count('EventGiveBackCount', messages.length);
    await session.giveBack(messages.map(({ token }) => token));
    return true;
  }
}
