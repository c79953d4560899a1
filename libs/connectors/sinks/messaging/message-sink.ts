import {
  FatalSinkError,
  PoisonRecordError,
  RefusedRecordsError,
  RetriableSinkError,
  type RecordRefusal,
} from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import type { Clock } from '#std/clock';
import { messageOf as textOf } from '#std/errors';
import { messageOf, type MessageLayout, type OutgoingMessage } from './outgoing-message.js';
import { SendRound, type SendOutcome, type SendRoundOptions } from './send-round.js';

/** One connection to a broker. */
export interface MessageSender {
  readonly isOpen: boolean;
  /** The rounds that follow each other; `fail` of the present one is called when the connection ends. */
  begin(round: SendRound): void;
  sendOne: SendRoundOptions['sendOne'];
  close(): Promise<void>;
}

export interface ConnectParts {
  /** Of the connector. */
  readonly name: string;
  readonly clock: Clock;
  /** Aborts where it takes too long. */
  readonly deadline: AbortSignal;
}

export interface MessageBroker {
  /** Rejects with FatalSinkError where the login is refused, or a setting can not be used; else whatever it wants. */
  connect(parts: ConnectParts): Promise<MessageSender>;
}

export interface MessageSinkSettings {
  readonly layout: MessageLayout;
  readonly inFlightMax: number;
  /** Without any answer for so long the connection is left, ms. */
  readonly answerMsMax: number;
}

const checksPerTimeout = 4;
const connectMsMax = 10_000;

/**
 * Records as messages of a broker. An offset counts when the broker has answered for the message. What it refuses for good is told by
 * record; what it does not take now, or did not answer for, is sent again, from the first such message on.
 */
export class MessageSink implements Sink {
  private context: SinkContext | null = null;
  private sender: MessageSender | null = null;
  private readonly stored = new Map<string, StoredOffset>();
  /** Of a put that failed half-way: the offset below which the broker has everything, so that the next try leaves it out. */
  private readonly taken = new Map<string, number>();

  constructor(
    private readonly broker: MessageBroker,
    private readonly settings: MessageSinkSettings,
  ) {}

  async start(context: SinkContext): Promise<void> {
    this.context = context;
    await this.connected();
  }

  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const key = keyOf(batch);
    const from = firstAtOrAfter(batch, this.taken.get(key) ?? 0);
    const { indexes, messages, refusals } = this.make(batch, from);
    const { outcomes, failure } = await this.send(messages);
    const refused = outcomes.flatMap((outcome, at) =>
      outcome?.kind === 'refused' ? [{ index: indexes[at] ?? 0, message: outcome.reason }] : [],
    );
    const again = outcomes.find((outcome) => outcome?.kind === 'again');
    if (failure !== null || again !== undefined) {
      this.noteTaken(batch, from, indexes, outcomes);
      const [culprit] = refused;
      // A broker that ends the connection over a message would do so at each try: what stands around it goes without it.
      if (failure !== null && culprit !== undefined) throw new PoisonRecordError(culprit.message, culprit.index);
      throw failure ?? new RetriableSinkError(`The broker does not take messages now: ${again?.reason ?? ''}`);
    }
    this.taken.delete(key);
    const { topic, partition } = batch;
    this.stored.set(key, { topic, partition, offset: batch.offset(batch.count - 1) + 1 });
    refusals.push(...refused);
    if (refusals.length > 0)
      throw new RefusedRecordsError(refusals.toSorted((left, right) => left.index - right.index));
  }

  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.stored.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) {
      this.stored.delete(keyOf(at));
      this.taken.delete(keyOf(at));
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const { sender } = this;
    this.sender = null;
    await sender?.close();
  }

  private make(batch: SinkBatch, from: number) {
    const indexes: number[] = [];
    const messages: OutgoingMessage[] = [];
    const refusals: RecordRefusal[] = [];
    for (let index = from; index < batch.count; index += 1) {
      const made = messageOf(batch, index, this.settings.layout, this.context?.name ?? '');
      if ('refusal' in made) {
        refusals.push({
          index,
          message: `Record ${batch.topic}-${batch.partition} ${batch.offset(index)}: ${made.refusal}`,
        });
      } else {
        indexes.push(index);
        messages.push(made);
      }
    }
    return { indexes, messages, refusals };
  }

  private async send(messages: readonly OutgoingMessage[]): Promise<SendRound> {
    const sender = await this.connected();
    const { inFlightMax } = this.settings;
    const round = new SendRound({ messages, inFlightMax, sendOne: (message, index) => sender.sendOne(message, index) });
    sender.begin(round);
    const watch = this.watch(round);
    round.pump();
    await round.done;
    watch.abort();
    if (round.failure !== null) {
      this.sender = null;
      await sender.close();
    }
    return round;
  }

  /** Gives up a round in which nothing moves. */
  private watch(round: SendRound): AbortController {
    const stop = new AbortController();
    const { clock } = this.started();
    const { answerMsMax } = this.settings;
    const look = async (): Promise<void> => {
      let [count, since] = [round.answeredCount, clock.monotonic()];
      while (!stop.signal.aborted) {
        await clock.sleep(answerMsMax / checksPerTimeout, stop.signal).catch(() => undefined);
        if (round.answeredCount !== count) [count, since] = [round.answeredCount, clock.monotonic()];
        if (clock.monotonic() - since >= answerMsMax) {
          round.fail(new RetriableSinkError(`The broker gave no answer for ${answerMsMax} ms; the connection is left`));
        }
      }
    };
    void look();
    return stop;
  }

  private async connected(): Promise<MessageSender> {
    if (this.sender?.isOpen === true) return this.sender;
    const { name, clock } = this.started();
    await this.sender?.close();
    this.sender = null;
    try {
      this.sender = await this.broker.connect({ name, clock, deadline: AbortSignal.timeout(connectMsMax) });
    } catch (error) {
      if (error instanceof FatalSinkError) throw error;
      throw new RetriableSinkError(textOf(error), { cause: error });
    }
    return this.sender;
  }

  private started(): SinkContext {
    assert(this.context !== null, 'a sink is started before it is used');
    return this.context;
  }

  /** Up to the first record that the broker has not taken. */
  private noteTaken(
    batch: SinkBatch,
    from: number,
    indexes: readonly number[],
    outcomes: readonly (SendOutcome | null)[],
  ): void {
    let next = from;
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome?.kind !== 'taken' || indexes[at] !== next) break;
      next += 1;
    }
    if (next > from) this.taken.set(keyOf(batch), batch.offset(next - 1) + 1);
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

function firstAtOrAfter(batch: SinkBatch, offset: number): number {
  let index = 0;
  while (index < batch.count && batch.offset(index) < offset) index += 1;
  return index;
}
