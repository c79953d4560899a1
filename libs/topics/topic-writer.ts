import type { Timer } from '#std/clock';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { batchHeaderBytes, type Codec } from '#wire/kafka/record-batch';
import { RecordBatchBuilder, type NewRecord } from '#wire/kafka/record-batch-builder';
import { RecordSource, type RecordInput } from '#wire/kafka/record-source';
import type { Cluster } from '#topics/cluster';
import { Delivery } from '#topics/delivery';
import { answerError, asTopicsError, RecordTooLargeError, TopicsError, topicsErrors } from '#topics/errors';
import { PartitionQueue, type ProducerIdentity } from '#topics/partition-queue';
import { partitionOfKey } from '#topics/partitioner';
import { checkedSize, sizeOf, strayPartition, unknownPartition } from '#topics/write-checks';
import { produceLane, ProduceSender, type ProduceSession } from '#topics/produce-sender';

/**
 * Records of one write, laid out in columns; an EventBatch has the first four. Nothing here may change before the write is
 * done. Timestamps that are absent are the time of the write.
 */
export interface WriteColumns extends RecordInput {
  /** One partition for all, or one a record, where a negative one means: choose by key. Absent = choose by key. */
  readonly partitions?: number | Int32Array;
}

export interface WriteRecord {
  /** Absent = chosen by key. */
  readonly partition?: number;
  readonly key?: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly { readonly key: string; readonly value: Buffer | string | null }[];
  /** Milliseconds since the epoch. Absent = now. */
  readonly timestamp?: number;
}

export interface TopicWriterOptions {
  /** -1 all replicas (default), 1 leader, 0 none: then a write is done when it is sent. */
  readonly acks?: -1 | 0 | 1;
  /** No duplicates from retries. Default true with acks -1; impossible with others. */
  readonly idempotent?: boolean;
  /** How long a batch waits for more records, ms. Default 0: what one turn of the event loop brings together. */
  readonly lingerMs?: number;
  /** Largest batch, bytes before compression. Default 1 MiB; a topic's lower max.message.bytes wins. */
  readonly batchBytesMax?: number;
  /** Produce requests under way to one node. Default 5, which is also the most that idempotence allows. */
  readonly inFlightMax?: number;
  /** Bytes of records taken and not yet acknowledged; a write waits for room. Default 32 MiB; one larger write goes alone. */
  readonly bufferBytesMax?: number;
  /** Default none. */
  readonly compression?: Codec;
  /** A write that could not be delivered for so long is rejected, ms. Default 120000. */
  readonly deliveryTimeoutMs?: number;
  /** Writes for a transactional producer, which begins and ends transactions; TransactionalWriter gives it. Default none. */
  readonly session?: ProduceSession;
}

interface TopicState {
  readonly name: string;
  /** `max.message.bytes`. */
  limitBytes: number;
  loaded: boolean;
  /** Writes that came before the topic was known, in order. */
  waiting: (() => void)[];
  /** Why the topic could not be loaded. */
  failure: TopicsError | null;
  queues: PartitionQueue[];
  /** Partition of records without a key; another one with each batch. */
  sticky: number;
  readonly builders: RecordBatchBuilder[];
}

interface WaitingWrite {
  readonly sizeBytes: number;
  readonly startedMs: number;
  run(): void;
  reject(error: TopicsError): void;
}

const limitBytesDefault = 1_048_588;
const inFlightMaxIdempotent = 5;
const buildersKeptMax = 8;
const sweepMs = 1000;
const discardCheckMs = 2;

/** Writes records to topics, batched, in order a partition, retried without duplicates. */
export class TopicWriter {
  private readonly topics = new Map<string, TopicState>();
  private readonly pending = new Set<Delivery>();
  private readonly waiting: WaitingWrite[] = [];
  private readonly sender: ProduceSender;
  private readonly acks: -1 | 0 | 1;
  private readonly idempotent: boolean;
  private readonly batchBytesMax: number;
  private readonly bufferBytesMax: number;
  private deliveryTimeoutMs: number;
  private readonly codec: Codec;
  private bufferedBytes = 0;
  private producer: Promise<ProducerIdentity> | null = null;
  private sweeper: Timer | null = null;
  private closed = false;

  constructor(
    readonly cluster: Cluster,
    readonly options: TopicWriterOptions = {},
  ) {
    this.acks = options.acks ?? -1;
    this.idempotent = (options.idempotent ?? true) && this.acks === -1;
    this.batchBytesMax = options.batchBytesMax ?? 1024 * 1024;
    this.bufferBytesMax = options.bufferBytesMax ?? 32 * 1024 * 1024;
    this.deliveryTimeoutMs = options.deliveryTimeoutMs ?? 120_000;
    this.codec = options.compression ?? 'none';
    const inFlightMax = options.inFlightMax ?? inFlightMaxIdempotent;
    this.sender = new ProduceSender(cluster, {
      acks: this.acks,
      lingerMs: options.lingerMs ?? 0,
      inFlightMax: this.idempotent ? Math.min(inFlightMax, inFlightMaxIdempotent) : inFlightMax,
      batchBytesMax: this.batchBytesMax,
      onTooLarge: (topic) => this.askLimitAgain(topic),
      newProducer: () => this.askProducer(),
      session: options.session ?? null,
    });
  }

  /**
   * Resolves when all records are acknowledged. Rejects with a TopicsError: RecordTooLargeError before anything was sent;
   * a retriable one when the cluster did not take the records in `deliveryTimeoutMs`, and then some of them may be there.
   */
  write(topic: string, columns: WriteColumns): Promise<void> {
    return new Promise((resolve, reject) => {
      if (columns.starts.length === 0) return resolve();
      const startedMs = this.cluster.clock.monotonic();
      this.whenLoaded(topic, startedMs, reject, (state) => {
        const source = new RecordSource(columns, this.cluster.clock.now());
        const sizeBytes = checkedSize(source, topic, this.codec === 'none' ? state.limitBytes : Infinity);
        if (sizeBytes instanceof TopicsError) return reject(sizeBytes);
        const stray = strayPartition(columns.partitions, state.queues.length);
        if (stray !== null) return reject(unknownPartition(topic, stray, state.queues.length));
        this.whenRoom(sizeBytes, startedMs, reject, () => {
          const delivery = this.begin(sizeBytes, startedMs, (failure) =>
            failure === null ? resolve() : reject(failure),
          );
          this.append(state, source, columns.partitions, delivery);
          delivery.batchDone(null);
        });
      });
    });
  }

  /**
   * One record, for dead letters and tools; gives where it lies. The offset is -1 where the cluster knows only that the record
   * is there already, and with acks 0.
   */
  writeRecord(topic: string, record: WriteRecord): Promise<{ partition: number; offset: number }> {
    return new Promise((resolve, reject) => {
      const startedMs = this.cluster.clock.monotonic();
      const ready: NewRecord = {
        key: record.key ?? null,
        value: record.value,
        headers: (record.headers ?? []).map(({ key, value }) => ({
          key,
          value: typeof value === 'string' ? Buffer.from(value) : value,
        })),
        timestampMs: record.timestamp ?? this.cluster.clock.now(),
      };
      this.whenLoaded(topic, startedMs, reject, (state) => {
        const sizeBytes = sizeOf(ready);
        if (this.codec === 'none' && sizeBytes > state.limitBytes) {
          return reject(new RecordTooLargeError(topic, sizeBytes, state.limitBytes, 0));
        }
        const partition = record.partition ?? this.choose(state, ready.key);
        const queue = state.queues[partition];
        if (queue === undefined) return reject(unknownPartition(topic, partition, state.queues.length));
        this.whenRoom(sizeBytes, startedMs, reject, () => {
          const delivery = this.begin(sizeBytes, startedMs, (failure) => {
            if (failure === null) resolve({ partition: delivery.place.partition, offset: delivery.place.offset });
            else reject(failure);
          });
          queue.appendRecord(ready, delivery, this.cluster.clock.monotonic());
          this.sender.offer(queue);
          delivery.batchDone(null);
        });
      });
    });
  }

  /** Resolves when everything taken so far is acknowledged or rejected. */
  async flush(): Promise<void> {
    const settled = [...this.pending].map((delivery) => new Promise<void>((resolve) => delivery.onSettled(resolve)));
    await Promise.all(settled);
    if (this.waiting.length > 0) await this.flush();
  }

  /** Looks again at what waits to be sent. */
  wake(): void {
    for (const state of this.topics.values()) {
      for (const queue of state.queues) if (!queue.isIdle) this.sender.offer(queue);
    }
  }

  /** Batches from here on carry another identity, as the next transaction may. Only while nothing is under way. */
  renumber(identity: ProducerIdentity): void {
    this.producer = null;
    for (const state of this.topics.values()) for (const queue of state.queues) queue.renumber(identity);
  }

  /**
   * Rejects everything that is not acknowledged, when requests under way are answered; what comes later carries another identity.
   * The session must admit nothing meanwhile.
   */
  async discard(identity: () => Promise<ProducerIdentity>, error: TopicsError): Promise<void> {
    const queues = (): PartitionQueue[] => [...this.topics.values()].flatMap((state) => state.queues);
    while (queues().some((queue) => queue.outstanding > 0)) await this.cluster.clock.sleep(discardCheckMs);
    for (const write of this.waiting.splice(0)) write.reject(error);
    for (const state of this.topics.values()) {
      if (state.loaded) continue;
      this.topics.delete(state.name);
      state.failure = error;
      for (const run of state.waiting.splice(0)) run();
    }
    const next = await identity();
    this.producer = null;
    for (const queue of queues()) queue.discard(next, error);
  }

  /**
   * Delivers what was taken, then lets go of everything. Later writes are rejected. What is not delivered `withinMs` is rejected
   * with `topics.delivery.timeout`; by default it has its own delivery timeout.
   */
  async close(withinMs?: number): Promise<void> {
    this.closed = true;
    const patience = withinMs === undefined ? null : this.cluster.clock.after(withinMs, () => this.abandon());
    await this.flush();
    patience?.cancel();
    this.sweeper?.cancel();
    this.sweeper = null;
    this.sender.stop();
  }

  private whenLoaded(
    topic: string,
    startedMs: number,
    reject: (error: TopicsError) => void,
    run: (state: TopicState) => void,
  ): void {
    if (this.closed) return reject(new TopicsError(topicsErrors.closed, `The writer to ${topic} was closed.`));
    let state = this.topics.get(topic);
    if (state === undefined) {
      state = {
        name: topic,
        limitBytes: 0,
        loaded: false,
        waiting: [],
        failure: null,
        queues: [],
        sticky: 0,
        builders: [],
      };
      this.topics.set(topic, state);
      void this.load(state);
    }
    const known = state;
    if (known.loaded) return run(known);
    known.waiting.push(() => {
      if (this.closed) reject(new TopicsError(topicsErrors.closed, `The writer to ${topic} was closed.`));
      else if (known.loaded) run(known);
      else reject(known.failure ?? this.notDelivered(topic, startedMs));
    });
  }

  /** Tries until the topic, its limit and our producer id are known, or the oldest write has waited too long. */
  private async load(state: TopicState): Promise<void> {
    try {
      await this.cluster.attempt(this.deliveryTimeoutMs, async () => {
        const metadata = await this.cluster.topic(state.name, { create: true });
        state.limitBytes = await this.askLimit(state.name);
        const producer = this.idempotent ? await (this.producer ??= this.askProducer()) : null;
        this.grow(state, metadata.partitions.length, producer);
      });
      state.sticky = Math.floor(this.cluster.random.next() * state.queues.length);
      state.loaded = true;
    } catch (error) {
      this.topics.delete(state.name);
      state.failure = asTopicsError(error, `Writing to ${state.name} could not begin.`);
    }
    for (const run of state.waiting.splice(0)) run();
  }

  private grow(state: TopicState, partitions: number, producer: ProducerIdentity | null): void {
    const bytesMax = Math.min(this.batchBytesMax, state.limitBytes);
    const pool = {
      take: () => state.builders.pop() ?? new RecordBatchBuilder({ bytesMax, codec: this.codec }),
      give: (builder: RecordBatchBuilder) => {
        if (state.builders.length < buildersKeptMax) state.builders.push(builder);
      },
    };
    for (let partition = state.queues.length; partition < partitions; partition += 1) {
      state.queues.push(new PartitionQueue(state.name, partition, pool, producer));
    }
  }

  private async askProducer(): Promise<ProducerIdentity> {
    if (this.options.session !== undefined) return this.options.session.identity;
    try {
      const answer = await this.cluster.request('any', apis.initProducerId, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      });
      if (answer.errorCode !== kafkaError.NONE) throw answerError(answer.errorCode, 'Asking for a producer id');
      return { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
    } catch (error) {
      this.producer = null;
      throw error;
    }
  }

  private async askLimit(topic: string): Promise<number> {
    const answer = await this.cluster.request('any', apis.describeConfigs, {
      resources: [{ resourceType: 2, resourceName: topic, configurationKeys: ['max.message.bytes'] }],
    });
    const value = Number(answer.results[0]?.configs[0]?.value ?? Number.NaN);
    // Who may not read the settings gets Kafka's default; a larger record is then refused by the node.
    return Number.isSafeInteger(value) && value > 0 ? value : limitBytesDefault;
  }

  /** Forgets the topic's limit, so that the next write asks; gives what was thought to hold. */
  private askLimitAgain(topic: string): number {
    const state = this.topics.get(topic);
    if (state === undefined) return limitBytesDefault;
    this.askLimit(topic).then(
      (limitBytes) => {
        state.limitBytes = limitBytes;
        state.builders.length = 0;
      },
      () => undefined,
    );
    return state.limitBytes;
  }

  private whenRoom(sizeBytes: number, startedMs: number, reject: (error: TopicsError) => void, run: () => void): void {
    if (this.waiting.length === 0 && this.hasRoom(sizeBytes)) return run();
    this.waiting.push({ sizeBytes, startedMs, run, reject });
    this.armSweeper();
  }

  private hasRoom(sizeBytes: number): boolean {
    return this.bufferedBytes === 0 || this.bufferedBytes + sizeBytes <= this.bufferBytesMax;
  }

  private begin(sizeBytes: number, startedMs: number, settle: (failure: TopicsError | null) => void): Delivery {
    this.bufferedBytes += sizeBytes;
    const delivery: Delivery = new Delivery(sizeBytes, startedMs, (failure) => {
      this.pending.delete(delivery);
      this.bufferedBytes -= sizeBytes;
      settle(failure);
      while (this.waiting[0] !== undefined && this.hasRoom(this.waiting[0].sizeBytes)) this.waiting.shift()?.run();
    });
    this.pending.add(delivery);
    this.armSweeper();
    return delivery;
  }

  private append(
    state: TopicState,
    source: RecordSource,
    partitions: number | Int32Array | undefined,
    delivery: Delivery,
  ): void {
    const nowMs = this.cluster.clock.monotonic();
    if (typeof partitions === 'number' && partitions >= 0) {
      const queue = state.queues[partitions];
      if (queue !== undefined) this.appendAll(queue, source, delivery, nowMs);
    } else if (typeof partitions !== 'object' && source.keys === null) {
      this.appendSticky(state, source, delivery, nowMs);
    } else {
      this.appendEach(state, source, typeof partitions === 'object' ? partitions : null, delivery, nowMs);
    }
  }

  private appendAll(queue: PartitionQueue, source: RecordSource, delivery: Delivery, nowMs: number): void {
    const { count } = source;
    let from = 0;
    while (from < count) {
      from = queue.appendRange(source, from, count, delivery, nowMs);
      if (from < count) queue.seal(nowMs);
    }
    this.sender.offer(queue);
  }

  private appendSticky(state: TopicState, source: RecordSource, delivery: Delivery, nowMs: number): void {
    const { count } = source;
    let from = 0;
    while (from < count) {
      const queue = this.stickyQueue(state);
      from = queue.appendRange(source, from, count, delivery, nowMs);
      this.sender.offer(queue);
      if (from < count) queue.seal(nowMs);
    }
  }

  private appendEach(
    state: TopicState,
    source: RecordSource,
    partitions: Int32Array | null,
    delivery: Delivery,
    nowMs: number,
  ): void {
    for (let index = 0; index < source.count; index += 1) {
      const wanted = partitions?.[index] ?? -1;
      const partition = wanted >= 0 ? wanted : this.choose(state, source.keys?.[index] ?? null);
      const queue = state.queues[partition];
      if (queue === undefined) continue;
      queue.appendEvent(source, index, delivery, nowMs);
      this.sender.offer(queue);
    }
  }

  private choose(state: TopicState, key: Buffer | null): number {
    return key === null ? this.stickyQueue(state).partition : partitionOfKey(key, state.queues.length);
  }

  /** Stays with a partition while its batch is open, then goes to the next one that has a leader. */
  private stickyQueue(state: TopicState): PartitionQueue {
    const count = state.queues.length;
    const current = state.queues[state.sticky];
    if (current !== undefined && current.openBytes > batchHeaderBytes) return current;
    const metadata = this.cluster.metadata.topic(state.name);
    for (let step = 1; step <= count; step += 1) {
      const next = (state.sticky + step) % count;
      if (metadata === null || (metadata.partitions[next]?.leader ?? -1) >= 0 || step === count) {
        state.sticky = next;
        break;
      }
    }
    const queue = state.queues[state.sticky];
    if (queue === undefined)
      throw new TopicsError(topicsErrors.unknownPartition, `Topic ${state.name} has no partitions.`);
    return queue;
  }

  /** Nothing is waited for any longer, answers under way least of all. */
  private abandon(): void {
    this.deliveryTimeoutMs = 0;
    this.cluster.closeLane(produceLane);
    this.sweep();
  }

  private armSweeper(): void {
    this.sweeper ??= this.cluster.clock.after(sweepMs, () => this.sweep());
  }

  /** Gives up what is too old, looks whether topics have grown, and starts what waits for the leader's return. */
  private sweep(): void {
    this.sweeper?.cancel();
    this.sweeper = null;
    const nowMs = this.cluster.clock.monotonic();
    const beforeMs = nowMs - this.deliveryTimeoutMs;
    while (this.waiting[0] !== undefined && this.waiting[0].startedMs <= beforeMs) {
      const write = this.waiting.shift();
      write?.reject(this.notDelivered('its topic', write.startedMs));
    }
    for (const state of this.topics.values()) {
      // Asks only when what is known is old; a topic that was forgotten is asked for by the sender.
      const ageMs = this.cluster.metadata.ageMs(state.name, nowMs);
      if (state.loaded && ageMs < Infinity) this.cluster.topic(state.name).catch(() => undefined);
      const known = this.cluster.metadata.topic(state.name)?.partitions.length ?? 0;
      if (state.loaded && known > state.queues.length) this.grow(state, known, state.queues[0]?.identity ?? null);
      for (const queue of state.queues) {
        if (queue.isIdle) continue;
        queue.expire(beforeMs, () => this.notDelivered(state.name, beforeMs));
        this.sender.recover(queue);
        this.sender.offer(queue);
      }
    }
    if (this.pending.size > 0 || this.waiting.length > 0) this.armSweeper();
  }

  private notDelivered(topic: string, startedMs: number): TopicsError {
    const waitedMs = Math.round(this.cluster.clock.monotonic() - startedMs);
    return new TopicsError(
      topicsErrors.deliveryTimeout,
      `Records for ${topic} could not be delivered to ${this.cluster.options.bootstrap.join(', ')} within ${waitedMs} ms. ` +
        `They may be written again; see whether the topics can be reached.`,
    );
  }
}
