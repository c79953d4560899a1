/**
 * Sends what partition queues hold: one batch a partition, several partitions a request, several requests under way to a node.
 * Everything happens in one turn of the event loop between looking and sending, so batches of a partition cannot overtake
 * each other.
 */
import { Backoff } from '#std/backoff';
import type { Timer } from '#std/clock';
import { apis, type ProduceResponse } from '#wire/kafka/apis';
import { isRetriable, kafkaError } from '#wire/kafka/error-codes';
import type { Cluster } from '#topics/cluster';
import type { Connection } from '#topics/connection';
import { answerError, asTopicsError, RecordTooLargeError, TopicsError, topicsErrors } from '#topics/errors';
import { producerEpochMax, type PartitionQueue, type ProducerIdentity, type WriteBatch } from '#topics/partition-queue';

/** A transactional producer, as far as sending is its affair: it says what may go, and hears what broke its transaction. */
export interface ProduceSession {
  readonly transactionalId: string;
  /** What batches are numbered with now. */
  readonly identity: ProducerIdentity;
  readonly produceVersionMax: number;
  /** Whether the transaction has the partition. Where it will have it soon, the sender is woken then. */
  admits(queue: PartitionQueue): boolean;
  /** The transaction cannot be committed any more. */
  broke(error: TopicsError): void;
}

export interface ProduceSenderOptions {
  /** Null: no transactions. */
  readonly session: ProduceSession | null;
  readonly acks: -1 | 0 | 1;
  readonly lingerMs: number;
  readonly inFlightMax: number;
  readonly batchBytesMax: number;
  /** A batch was refused as too large: the topic's limit is not what we thought. */
  readonly onTooLarge: (topic: string) => number;
  readonly newProducer: () => Promise<ProducerIdentity>;
}

interface SentBatch {
  readonly queue: PartitionQueue;
  readonly batch: WriteBatch;
}

/** One node's produce requests. */
interface NodeLane {
  readonly nodeId: number;
  connection: Connection | null;
  connecting: boolean;
  requests: number;
}

/** Connections for produce requests alone, so that a large one does not hold up a heartbeat. */
export const produceLane = 'produce';
/** Topic ids (version 13) would only save bytes: names are what we have. */
const produceVersionMax = 12;
/** Our own topic service takes 16 MiB in one request; a larger single batch goes alone. */
const requestBytesMax = 8 * 1024 * 1024;
/** While so many batches of a partition are under way, a batch below this size waits for more. */
const eagerBatches = 2;
const eagerBytesMin = 16 * 1024;
const retryBackoff = { initialMs: 20, maxMs: 1000 };
const nodeTimeoutMs = 30_000;
const unreadable = 'A produce request could not be sent, or its answer not be read.';

export class ProduceSender {
  private readonly lanes = new Map<number, NodeLane>();
  private readonly ready = new Set<PartitionQueue>();
  private readonly refreshing = new Set<string>();
  private immediate: NodeJS.Immediate | null = null;
  private timer: Timer | null = null;
  private timerAtMs = Infinity;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: ProduceSenderOptions,
  ) {}

  /** The queue has something: it is looked at when this turn of the event loop has brought all it brings. */
  offer(queue: PartitionQueue): void {
    this.ready.add(queue);
    this.immediate ??= setImmediate(() => this.send());
  }

  stop(): void {
    if (this.immediate !== null) clearImmediate(this.immediate);
    this.timer?.cancel();
    this.ready.clear();
  }

  private send(): void {
    this.immediate = null;
    const nowMs = this.cluster.clock.monotonic();
    const blocked = new Set<NodeLane>();
    let progress = true;
    while (progress) {
      progress = false;
      const requests = new Map<NodeLane, { batches: SentBatch[]; bytes: number }>();
      for (const queue of this.ready) {
        if (queue.isIdle) {
          this.ready.delete(queue);
          continue;
        }
        const lane = this.laneFor(queue, nowMs);
        if (lane === null || blocked.has(lane)) continue;
        const request = requests.get(lane) ?? { batches: [], bytes: 0 };
        if (request.bytes > 0 && request.bytes + this.options.batchBytesMax > requestBytesMax) continue;
        if (queue.sealedCount === 0) queue.seal(nowMs);
        const batch = queue.take();
        if (batch === null) continue;
        request.batches.push({ queue, batch });
        request.bytes += batch.bytes.length;
        requests.set(lane, request);
      }
      for (const [lane, request] of requests) {
        progress = true;
        this.dispatch(lane, request.batches);
        if (lane.requests >= this.options.inFlightMax || lane.connection?.isOpen !== true) blocked.add(lane);
      }
    }
  }

  /** Where the queue's next batch can go right now; null when it has to wait, and then something will look again. */
  private laneFor(queue: PartitionQueue, nowMs: number): NodeLane | null {
    if (!queue.isOrderly) return null;
    if (queue.notBeforeMs > nowMs) return this.lookAgainAt(queue.notBeforeMs);
    if (queue.sealedCount === 0) {
      const dueMs = queue.openedMs + this.options.lingerMs;
      if (dueMs > nowMs) return this.lookAgainAt(dueMs);
      if (queue.outstanding >= eagerBatches && queue.openBytes < eagerBytesMin) return null;
    }
    const topic = this.cluster.metadata.topic(queue.topic);
    const leader = topic?.partitions[queue.partition]?.leader ?? -1;
    if (leader < 0) {
      this.refresh(queue);
      return null;
    }
    let lane = this.lanes.get(leader);
    if (lane === undefined) {
      lane = { nodeId: leader, connection: null, connecting: false, requests: 0 };
      this.lanes.set(leader, lane);
    }
    if (lane.connection?.isOpen !== true) {
      this.connect(lane);
      return null;
    }
    if (lane.requests >= this.options.inFlightMax || this.options.session?.admits(queue) === false) return null;
    return lane;
  }

  private lookAgainAt(atMs: number): null {
    if (atMs >= this.timerAtMs) return null;
    this.timer?.cancel();
    this.timerAtMs = atMs;
    this.timer = this.cluster.clock.after(Math.max(0, atMs - this.cluster.clock.monotonic()), () => {
      this.timerAtMs = Infinity;
      this.send();
    });
    return null;
  }

  wake(): void {
    this.immediate ??= setImmediate(() => this.send());
  }

  private connect(lane: NodeLane): void {
    if (lane.connecting) return;
    lane.connecting = true;
    this.cluster.connect({ node: lane.nodeId }, produceLane).then(
      (connection) => {
        lane.connection = connection;
        lane.connecting = false;
        this.wake();
      },
      () => {
        // The node may be gone for good: who leads now is asked before the next try.
        lane.connecting = false;
        for (const queue of this.ready) this.refresh(queue);
      },
    );
  }

  /** Asks who leads the queue's topic, then looks again; a failure is tried again with the next look. */
  private refresh(queue: PartitionQueue): void {
    const { topic } = queue;
    if (this.refreshing.has(topic)) return;
    this.refreshing.add(topic);
    this.cluster.refresh([topic]).then(
      () => {
        this.refreshing.delete(topic);
        const known = this.cluster.metadata.topic(topic)?.partitions[queue.partition];
        if ((known?.leader ?? -1) >= 0) this.wake();
        else this.lookAgainAt(this.cluster.clock.monotonic() + 100);
      },
      () => {
        this.refreshing.delete(topic);
        this.lookAgainAt(this.cluster.clock.monotonic() + 100);
      },
    );
  }

  private dispatch(lane: NodeLane, batches: readonly SentBatch[]): void {
    const { connection } = lane;
    if (connection === null) return this.lost(batches, new TopicsError(topicsErrors.disconnected, 'No connection.'));
    const byTopic = new Map<string, { index: number; records: Buffer }[]>();
    for (const { queue, batch } of batches) {
      const entry = { index: queue.partition, records: batch.bytes };
      const entries = byTopic.get(queue.topic);
      if (entries === undefined) byTopic.set(queue.topic, [entry]);
      else entries.push(entry);
    }
    const { session } = this.options;
    const versionMax = session?.produceVersionMax ?? produceVersionMax;
    const body = {
      transactionalId: session?.transactionalId ?? null,
      acks: this.options.acks,
      timeoutMs: nodeTimeoutMs,
      topicData: [...byTopic].map(([name, partitionData]) => ({ name, partitionData })),
    };
    lane.requests += 1;
    const done = (): void => {
      lane.requests -= 1;
      this.wake();
    };
    try {
      if (this.options.acks === 0) {
        connection.sendUnanswered(apis.produce, body, { versionMax }).then(
          () => {
            for (const { queue, batch } of batches) queue.succeeded(batch, -1);
            done();
          },
          (error: unknown) => {
            this.lost(batches, asTopicsError(error, unreadable));
            done();
          },
        );
        return;
      }
      connection.send(apis.produce, body, { versionMax }).then(
        (answer) => {
          this.answered(batches, answer);
          done();
        },
        (error: unknown) => {
          this.lost(batches, asTopicsError(error, unreadable));
          done();
        },
      );
    } catch (error) {
      // Too old a node, or bytes that do not encode: nothing was sent.
      this.lost(batches, asTopicsError(error, unreadable));
      done();
    }
  }

  private answered(batches: readonly SentBatch[], answer: ProduceResponse): void {
    const results = new Map<string, ProduceResponse['responses'][number]['partitionResponses'][number]>();
    for (const topic of answer.responses) {
      for (const partition of topic.partitionResponses) results.set(`${partition.index} ${topic.name}`, partition);
    }
    for (const { queue, batch } of batches) {
      const result = results.get(`${queue.partition} ${queue.topic}`);
      if (result === undefined) queue.failed();
      else if (result.errorCode === kafkaError.NONE) queue.succeeded(batch, result.baseOffset);
      else if (result.errorCode === kafkaError.DUPLICATE_SEQUENCE_NUMBER) queue.succeeded(batch, -1);
      else this.refused(queue, batch, result.errorCode, result.errorMessage);
    }
    for (const { queue } of batches) this.recover(queue);
  }

  private refused(queue: PartitionQueue, batch: WriteBatch, code: number, message: string | null): void {
    switch (code) {
      case kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER:
      case kafkaError.UNKNOWN_PRODUCER_ID:
      case kafkaError.INVALID_PRODUCER_EPOCH:
      case kafkaError.INVALID_PRODUCER_ID_MAPPING:
        // Behind a failed batch this is only its echo; of the first one it says that the node has lost count.
        if (queue.identity !== null && (this.options.session === null || !queue.isFirst(batch))) {
          if (queue.isFirst(batch)) queue.mustRenumber = true;
          queue.failed();
          return;
        }
        break;
      case kafkaError.MESSAGE_TOO_LARGE: {
        const limitBytes = this.options.onTooLarge(queue.topic);
        if (batch.count === 1) {
          this.reject(queue, batch, new RecordTooLargeError(queue.topic, batch.bytes.length, limitBytes, -1));
        } else {
          const doing = `Writing a batch of ${batch.bytes.length} bytes to ${queue.topic}-${queue.partition}`;
          this.reject(
            queue,
            batch,
            new TopicsError(
              topicsErrors.refusedForNow,
              `${doing} was refused as too large; the limit was asked for anew.`,
              { kafkaCode: code },
            ),
          );
        }
        return;
      }
    }
    if (isRetriable(code)) {
      // That one is right, and only busy with the end of the transaction before.
      if (code !== kafkaError.CONCURRENT_TRANSACTIONS) this.cluster.metadata.forget(queue.topic);
      queue.failed();
      return;
    }
    const doing = `Writing ${batch.count} records to ${queue.topic}-${queue.partition}`;
    this.reject(queue, batch, answerError(code, doing, message));
  }

  private reject(queue: PartitionQueue, batch: WriteBatch, error: TopicsError): void {
    this.options.session?.broke(error);
    queue.rejected(batch, error);
  }

  /** No answer: whether the records are there is not known, so they go again where that makes no duplicates or was asked for. */
  private lost(batches: readonly SentBatch[], error: TopicsError): void {
    for (const { queue, batch } of batches) {
      if (error.retriable) {
        this.cluster.metadata.forget(queue.topic);
        queue.failed();
      } else {
        this.reject(queue, batch, error);
      }
    }
    for (const { queue } of batches) this.recover(queue);
  }

  /** Once nothing is under way: failed batches go back in front, and numbers begin anew where they have to. */
  recover(queue: PartitionQueue): void {
    if (queue.outstanding > 0) return;
    const attempts = queue.restore();
    if (attempts !== null) {
      const delayMs = new Backoff(
        {
          initialMs: Math.min(retryBackoff.maxMs, retryBackoff.initialMs * 2 ** Math.min(attempts, 10)),
          maxMs: retryBackoff.maxMs,
        },
        this.cluster.random,
      ).nextMs();
      queue.notBeforeMs = this.cluster.clock.monotonic() + delayMs;
    }
    const { identity } = queue;
    if (!queue.mustRenumber || identity === null || this.options.session !== null) return;
    if (identity.producerEpoch < producerEpochMax) {
      queue.renumber({ producerId: identity.producerId, producerEpoch: identity.producerEpoch + 1 });
      return;
    }
    this.options.newProducer().then(
      (fresh) => {
        if (queue.mustRenumber && queue.outstanding === 0) queue.renumber(fresh);
        this.wake();
      },
      () => this.cluster.clock.after(1000, () => this.recover(queue)),
    );
  }
}
