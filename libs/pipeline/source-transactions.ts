import { Backoff } from '#std/backoff';
import { messageOf } from '#std/errors';
import { systemRandom } from '#std/random';
import type { Cluster } from '#topics/cluster';
import { RecordTooLargeError, TopicsError, topicsErrors } from '#topics/errors';
import type { TopicWriterOptions } from '#topics/topic-writer';
import { TransactionalWriter } from '#topics/transactional-writer';
import type { AgentChannel } from '#pipeline/agent-channel';
import type { ComponentContext, PositionChanges, SourcePositions, TopicPut } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import type { ExactlyOncePlan } from '#pipeline/flume-plan';
import { PositionTopic } from '#pipeline/source-positions';

export interface SourceTransactionsParts {
  readonly plan: ExactlyOncePlan;
  /** The collector's name. */
  readonly owner: string;
  readonly source: string;
  readonly context: ComponentContext;
  /** The way to the topics of all channels; closed with the last stop. */
  readonly openCluster: () => Cluster;
  readonly writer: TopicWriterOptions;
  /** The source cannot go on: it has to load its positions again, or, where `isFinal`, another one has taken over. */
  readonly onLost: (error: Error, isFinal: boolean) => void;
}

/** Events of one delivery for one channel. */
export interface TransactionRoute {
  readonly channel: AgentChannel;
  readonly batch: EventBatch;
  readonly isOptional: boolean;
}

interface Delivery {
  readonly routes: readonly TransactionRoute[];
  readonly moved: PositionChanges | null;
  readonly sizeBytes: number;
  /** Made with the first try. */
  puts: readonly TopicPut[] | null;
  resolve(): void;
  reject(error: ChannelError): void;
}

/** Bytes of bodies after which a transaction takes no more. */
const transactionBytesMax = 4 * 1024 * 1024;
/** The cluster aborts a transaction that its collector left open after so long, and readers of committed records wait for it. */
const transactionTimeoutMs = 30_000;
const closeMs = 2000;
const restMs = 200;
const refusalMs = 10;
const retryBackoff = { initialMs: 100, maxMs: 5000 };

/**
 * Deliveries of one source in transactions that hold the events of all its channels and its positions: a delivery resolves when the
 * transaction with it is committed, and then everything in it holds; after an abort the same deliveries go again, in their order.
 * A transaction takes what comes in `transaction.boundary.interval.ms`, so that one commit serves many.
 *
 * A record that no topic takes (too large) fails its delivery and all behind it with a ChannelError, because they must not overtake it.
 */
export class SourceTransactions implements SourcePositions {
  private cluster: Cluster | null = null;
  private writer: TransactionalWriter | null = null;
  private topic: PositionTopic | null = null;
  private waiting: Delivery[] = [];
  private wake: () => void = () => undefined;
  private running: Promise<void> | null = null;
  private end: ChannelError | null = null;
  private refusal: ChannelError | null = null;
  private hasFailed = false;

  constructor(private readonly parts: SourceTransactionsParts) {}

  /** Whether the source has asked for its positions, and so takes part. */
  get isActive(): boolean {
    return this.writer !== null;
  }

  async load(): Promise<ReadonlyMap<string, string>> {
    await this.stop();
    const { plan, owner, source } = this.parts;
    this.end = null;
    this.cluster = this.parts.openCluster();
    this.topic = new PositionTopic(this.cluster, { topic: plan.positionsTopic, owner, source });
    const writer = new TransactionalWriter(this.cluster, {
      transactionalId: `millrace-source-${owner}.${source}`,
      transactionTimeoutMs,
      writer: this.parts.writer,
    });
    try {
      await this.topic.prepare();
      await writer.init();
      const positions = await this.topic.read();
      this.writer = writer;
      return positions;
    } catch (error) {
      await writer.close(0);
      await this.stop();
      throw error;
    }
  }

  deliver(routes: readonly TransactionRoute[], moved: PositionChanges | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const refusal = this.end ?? this.refusal;
      if (refusal !== null) return reject(refusal);
      const sizeBytes = routes.reduce((total, route) => total + route.batch.bodyBytes, 0);
      this.waiting.push({ routes, moved, sizeBytes, puts: null, resolve, reject });
      this.wake();
      this.running ??= this.run();
    });
  }

  /** What is not committed within two seconds is rejected. */
  async stop(): Promise<void> {
    this.end ??= new ChannelError(pipelineErrors.channelClosed, 'The channels of the source are closed.');
    this.wake();
    const { writer, cluster, running } = this;
    const { clock } = this.parts.context;
    const patience = clock.after(closeMs, () => void cluster?.close());
    await running;
    this.writer = null;
    this.cluster = null;
    await writer?.close(closeMs);
    patience.cancel();
    await cluster?.close();
  }

  private async run(): Promise<void> {
    const backoff = new Backoff(retryBackoff, systemRandom);
    try {
      while (this.waiting.length > 0 && this.end === null) {
        const failure = await this.transaction();
        if (failure === null) {
          backoff.reset();
          if (this.hasFailed) this.parts.context.reportError(null);
          this.hasFailed = false;
          continue;
        }
        if (!this.hasFailed) {
          this.parts.context.logger.warn(`A transaction failed, and is tried again: ${messageOf(failure)}`);
        }
        this.hasFailed = true;
        this.parts.context.reportError(failure);
        if (this.end === null) await this.rest(backoff.nextMs());
      }
    } finally {
      this.running = null;
      if (this.end !== null) this.rejectFrom(0, this.end);
    }
  }

  /** Runs one transaction over what waits; null when it is committed. What it did not commit waits again, in its order. */
  private async transaction(): Promise<Error | null> {
    const { writer } = this;
    if (writer === null) return this.end;
    const broken = writer.begin();
    const group: Delivery[] = [];
    const writes: Promise<void>[] = [];
    try {
      await this.gather(writer, group, writes, broken);
      const writing = Promise.all(writes).then(() => null);
      writing.catch(() => undefined);
      const failure = await Promise.race([writing, broken]);
      if (failure !== null) throw failure;
      await writer.commit();
    } catch (error) {
      this.waiting = [...group, ...this.waiting];
      return await this.recover(writer, group, error instanceof Error ? error : new Error(messageOf(error)));
    }
    for (const delivery of group) {
      for (const route of delivery.routes) if (!route.isOptional) route.channel.countPut(route.batch);
      delivery.resolve();
    }
    return null;
  }

  /** Writes what waits, and what comes until the transaction is full or its time is over; then the positions. */
  private async gather(
    writer: TransactionalWriter,
    group: Delivery[],
    writes: Promise<void>[],
    broken: Promise<TopicsError>,
  ): Promise<void> {
    const { clock } = this.parts.context;
    const endMs = clock.monotonic() + this.parts.plan.boundaryMs;
    let sizeBytes = 0;
    let isBroken = false;
    void broken.then(() => {
      isBroken = true;
      this.wake();
    });
    while (!isBroken) {
      while (this.waiting[0] !== undefined && sizeBytes < transactionBytesMax) {
        const delivery = this.waiting.shift();
        if (delivery === undefined) break;
        group.push(delivery);
        sizeBytes += delivery.sizeBytes;
        this.begin(writer, delivery, writes);
      }
      const leftMs = endMs - clock.monotonic();
      if (leftMs <= 0 || sizeBytes >= transactionBytesMax || this.end !== null) break;
      await this.pause(leftMs);
    }
    this.writePositions(writer, group, writes);
  }

  private begin(writer: TransactionalWriter, delivery: Delivery, writes: Promise<void>[]): void {
    const add = (write: Promise<void>): void => {
      // Looked at by the one who waits for all; until then it is no failure that nobody sees.
      write.catch(() => undefined);
      writes.push(write);
    };
    try {
      delivery.puts ??= delivery.routes.map((route) => route.channel.putInTransaction(route.batch));
      for (const [index, { topic, columns }] of delivery.puts.entries()) {
        const route = delivery.routes[index];
        const write = writer.write(topic, columns);
        if (route?.isOptional === true) add(write.catch((error: unknown) => this.dropOptional(route, error)));
        else add(write.catch((error: unknown) => Promise.reject(asPoison(delivery, error))));
      }
    } catch (error) {
      add(Promise.reject(new PoisonedDelivery(delivery, error)));
    }
  }

  private writePositions(writer: TransactionalWriter, group: readonly Delivery[], writes: Promise<void>[]): void {
    const { topic } = this;
    const moved = new Map(group.flatMap((delivery) => [...(delivery.moved ?? [])]));
    if (topic === null || moved.size === 0) return;
    const name = this.parts.plan.positionsTopic;
    const columns = topic.columnsOf(moved);
    if (columns !== null) writes.push(writer.write(name, columns));
    for (const [key, position] of moved) {
      if (position !== null) continue;
      writes.push(writer.writeRecord(name, { key: topic.keyOf(key), value: null }).then(() => undefined));
    }
    for (const write of writes) write.catch(() => undefined);
  }

  /** Nothing of an optional channel's batch was sent where its write was refused before; else the transaction is broken. */
  private dropOptional({ channel, batch }: TransactionRoute, error: unknown): void {
    if (!(error instanceof RecordTooLargeError) || error.index < 0) throw error;
    const { context } = this.parts;
    context.count('OptionalChannelDropCount', batch.count);
    context.logger.warn(`An optional channel did not take a batch, which it loses: ${messageOf(error)}`, {
      channel: channel.name,
      events: batch.count,
    });
  }

  private async recover(writer: TransactionalWriter, group: readonly Delivery[], failure: Error): Promise<Error> {
    this.parts.context.count('ChannelWriteFail', 1);
    try {
      await writer.abort();
    } catch (error) {
      if (this.end !== null) return failure;
      return this.lose(error instanceof Error ? error : failure);
    }
    if (failure instanceof PoisonedDelivery) {
      const at = group.indexOf(failure.delivery);
      this.refuse(Math.max(0, at), asChannelError(failure.cause));
    }
    return failure;
  }

  /** This session is over: what waits is refused, and the source has to begin again or to give up. */
  private lose(error: Error): Error {
    const isFinal = error instanceof TopicsError && error.kind === topicsErrors.producerFenced;
    this.end = asChannelError(error);
    this.parts.onLost(error, isFinal);
    return error;
  }

  /** What comes at once was begun before its source could know of the refusal: it must not overtake what was refused. */
  private refuse(at: number, error: ChannelError): void {
    this.refusal = error;
    this.parts.context.clock.after(refusalMs, () => {
      this.refusal = null;
    });
    this.rejectFrom(at, error);
  }

  private rejectFrom(at: number, error: ChannelError): void {
    for (const delivery of this.waiting.splice(at)) delivery.reject(error);
  }

  /** Until a stop at most. */
  private async rest(waitMs: number): Promise<void> {
    const endMs = this.parts.context.clock.monotonic() + waitMs;
    for (let leftMs = waitMs; leftMs > 0 && this.end === null; leftMs = endMs - this.parts.context.clock.monotonic()) {
      await this.pause(Math.min(leftMs, restMs));
    }
  }

  /** Until a delivery comes, or something else has to be seen to. */
  private async pause(waitMs: number): Promise<void> {
    const waiting = new AbortController();
    this.wake = () => waiting.abort();
    await this.parts.context.clock.sleep(waitMs, waiting.signal).catch(() => undefined);
    this.wake = () => undefined;
  }
}

/** A delivery that no try will bring through as it is. */
class PoisonedDelivery extends Error {
  constructor(
    readonly delivery: Delivery,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
  }
}

function asPoison(delivery: Delivery, error: unknown): unknown {
  const isPoison = error instanceof RecordTooLargeError || (error instanceof TopicsError && isOfTheRecords(error));
  return isPoison ? new PoisonedDelivery(delivery, error) : error;
}

function isOfTheRecords(error: TopicsError): boolean {
  return error.kind === topicsErrors.unknownPartition;
}

function asChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  return new ChannelError(pipelineErrors.channelFailed, messageOf(error), { cause: error });
}
