import type { FetchResult, FetchSlice, Topic } from '#log/engine';
import { kafkaError } from '#wire/kafka/error-codes';
import type { HandlerContext } from './handler.js';
import { epochProblem, leaderEpoch } from './leader-epoch.js';
import { kafkaCodeOf } from './log-error-codes.js';

/** A partition as a fetch asks for it. */
export interface AskedPartition {
  /** Empty where the request names topics by id. */
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly partitionMaxBytes: number;
  /** -1 where the client does not care. */
  readonly currentLeaderEpoch: number;
  /** -1 where the client does not know it. */
  readonly lastFetchedEpoch: number;
}

/** A partition as a fetch answers it. */
export interface FetchedPartition {
  readonly partitionIndex: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly divergingEpoch?: { readonly epoch: number; readonly endOffset: number };
  readonly abortedTransactions: FetchResult['aborted'];
  readonly records: readonly Buffer[];
}

export interface FetchLimits {
  readonly maxBytes: number;
  readonly isolation: 'read_uncommitted' | 'read_committed';
}

export interface FetchPatience {
  readonly minBytes: number;
  readonly maxWaitMs: number;
}

/** Reads partitions for one fetch request: rights and epochs first, then the log. */
export class FetchReader {
  private checkedTopic: string | null = null;
  private mayRead = false;

  constructor(
    private readonly context: HandlerContext,
    private readonly version: number,
    readonly limits: FetchLimits,
  ) {}

  get namesIds(): boolean {
    return this.version >= 13;
  }

  topicOf(asked: AskedPartition): Topic | null {
    const { topics } = this.context.broker.engine;
    return this.namesIds ? topics.byId(asked.topicId) : topics.byName(asked.topic);
  }

  /** One answer a partition, in order. An error of any ends the wait: the client should have it at once. Nobody waits for nothing. */
  async read(partitions: readonly AskedPartition[], patience: FetchPatience): Promise<FetchedPartition[]> {
    const slices: FetchSlice[] = [];
    const refusals: number[] = [];
    this.checkedTopic = null;
    for (const asked of partitions) {
      const topic = this.topicOf(asked);
      const code = this.refusal(topic, asked);
      refusals.push(code);
      if (code !== kafkaError.NONE || topic === null) continue;
      const { partition, fetchOffset: offset, partitionMaxBytes: maxBytes } = asked;
      slices.push({ topicId: topic.id, partition, offset, maxBytes });
    }
    const results = await this.context.broker.engine.fetch(slices, {
      ...this.limits,
      minBytes: patience.minBytes,
      maxWaitMs: slices.length < partitions.length || slices.length === 0 ? 0 : patience.maxWaitMs,
      signal: this.context.signal,
    });
    let sliced = 0;
    return partitions.map((asked, index) => {
      const code = refusals[index] ?? kafkaError.NONE;
      const result = code === kafkaError.NONE ? results[sliced++] : undefined;
      return result === undefined ? unread(asked.partition, code) : this.answer(asked, result);
    });
  }

  private refusal(topic: Topic | null, asked: AskedPartition): number {
    if (topic === null && this.namesIds) return kafkaError.UNKNOWN_TOPIC_ID;
    if (!this.mayReadTopic(topic?.name ?? asked.topic)) return kafkaError.TOPIC_AUTHORIZATION_FAILED;
    if (topic === null || asked.partition < 0 || asked.partition >= topic.partitions) {
      return kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    }
    const problem = epochProblem(asked.currentLeaderEpoch);
    if (problem !== kafkaError.NONE) return problem;
    // Nobody can have read records of an epoch that never was, so there is no offset to go on from.
    return asked.lastFetchedEpoch > leaderEpoch ? kafkaError.OFFSET_OUT_OF_RANGE : kafkaError.NONE;
  }

  /** Partitions of one topic come one after the other, so the right is asked for once a topic. */
  private mayReadTopic(name: string): boolean {
    if (this.checkedTopic !== name) {
      this.checkedTopic = name;
      this.mayRead = this.context.may('read', 'topic', name);
    }
    return this.mayRead;
  }

  private answer(asked: AskedPartition, result: FetchResult): FetchedPartition {
    const { highWatermark, lastStableOffset, logStartOffset, batches: records } = result;
    const common = { partitionIndex: asked.partition, highWatermark, lastStableOffset, logStartOffset, records };
    const abortedTransactions = this.limits.isolation === 'read_committed' ? (result.aborted ?? []) : null;
    const isPastEnd = result.error === 'offset_out_of_range' && asked.fetchOffset > highWatermark;
    if (isPastEnd && asked.lastFetchedEpoch === leaderEpoch) {
      const divergingEpoch = { epoch: leaderEpoch, endOffset: highWatermark };
      return { ...common, errorCode: kafkaError.NONE, abortedTransactions, divergingEpoch };
    }
    return { ...common, errorCode: this.codeOf(result), abortedTransactions };
  }

  /** A topic deleted while the fetch waited is unknown by the name it was asked for: its id from version 13 on. */
  private codeOf(result: FetchResult): number {
    if (result.error === 'unknown_partition' && this.namesIds) return kafkaError.UNKNOWN_TOPIC_ID;
    return kafkaCodeOf[result.error];
  }
}

export function byteCount(records: readonly Buffer[]): number {
  let bytes = 0;
  for (const piece of records) bytes += piece.length;
  return bytes;
}

function unread(partitionIndex: number, errorCode: number): FetchedPartition {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: [],
  };
}
