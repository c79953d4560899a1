/**
 * Fetches ahead for the partitions of one reader, within a budget of bytes, and hands out in order.
 *
 * A partition's `position` is what comes next for the reader, `fetchOffset` what comes next from the cluster; what lies
 * between is buffered. A seek empties the buffer and raises `epoch`: an answer that was asked for under an older epoch is
 * dropped. A pause keeps both, so nothing is lost or repeated by it.
 */
import { messageOf } from '#std/errors';
import { apis, type FetchResponse } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeRecords, type RecordColumns } from '#wire/kafka/record-columns';
import type { Cluster } from '#topics/cluster';
import { groupByTopic, type TopicPartition } from '#topics/consumer-protocol';
import { answerError, asTopicsError, TopicsError, topicsErrors } from '#topics/errors';
import { listOffsets } from '#topics/offset-lookup';

export interface FetcherOptions {
  readonly lane: string;
  readonly isolation: 'read_uncommitted' | 'read_committed';
  readonly outOfRange: 'earliest' | 'latest' | 'fail';
  readonly bytesMax: number;
  readonly partitionBytesMax: number;
  readonly fetchWaitMs: number;
}

export interface FetchedRecords extends TopicPartition {
  readonly records: RecordColumns;
  readonly nextOffset: number;
  readonly highWatermark: number;
}

interface Buffered {
  readonly records: RecordColumns;
  readonly bytes: number;
  nextOffset: number;
  readonly highWatermark: number;
}

interface PartitionState extends TopicPartition {
  epoch: number;
  position: number;
  fetchOffset: number;
  buffered: Buffered[];
  bufferedBytes: number;
  paused: boolean;
  /** Being given back: nothing is handed out or fetched any more. */
  suspended: boolean;
  /** Something is being waited for before the next fetch. */
  resting: boolean;
  failure: TopicsError | null;
}

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/** Topic ids (version 13) need sessions of metadata that we do not keep. */
const fetchVersionMax = 12;
const retryMs = 200;
const answerPatienceMs = 30_000;
/** A fetch of idle partitions must not be held open for long while a busy one of the same node waits for the next. */
const fullWaitMs = 5;
const unknownPosition = -1;

export class PartitionFetcher {
  private readonly states = new Map<string, PartitionState>();
  /** Nodes with a fetch under way. */
  private readonly busy = new Set<number>();
  private readonly refreshing = new Set<string>();
  private bufferedBytes = 0;
  private askedBytes = 0;
  private turn = 0;
  private epoch = 0;
  private failure: TopicsError | null = null;
  private waiter: (() => void) | null = null;
  private stopped = false;

  constructor(
    private readonly cluster: Cluster,
    private readonly options: FetcherOptions,
  ) {}

  get assigned(): readonly TopicPartition[] {
    return [...this.states.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Takes over partitions whose position is not known yet; they can be paused and seeked from now on. */
  assign(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      this.epoch += 1;
      this.states.set(keyOf(topic, partition), {
        topic,
        partition,
        epoch: this.epoch,
        position: unknownPosition,
        fetchOffset: unknownPosition,
        buffered: [],
        bufferedBytes: 0,
        paused: false,
        suspended: false,
        resting: false,
        failure: null,
      });
    }
  }

  /** Where partitions begin; one that was seeked meanwhile stays where it is. */
  place(positions: readonly (TopicPartition & { readonly offset: number })[]): void {
    for (const position of positions) {
      for (const state of this.statesOf([position])) {
        if (state.position === unknownPosition) this.moveTo(state, position.offset);
      }
    }
    this.pump();
  }

  /** Assigned partitions that have no position yet. */
  get unplaced(): readonly TopicPartition[] {
    return this.assigned.filter((partition) => this.position(partition) === null);
  }

  /** Nothing of what is assigned is handed out any more. */
  suspend(): void {
    for (const state of this.states.values()) state.suspended = true;
  }

  unassignAll(): void {
    for (const state of this.states.values()) this.bufferedBytes -= state.bufferedBytes;
    this.states.clear();
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const state of this.statesOf(partitions)) state.paused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const state of this.statesOf(partitions)) state.paused = false;
    this.wake();
    this.pump();
  }

  seek(partition: TopicPartition, offset: number): void {
    for (const state of this.statesOf([partition])) this.moveTo(state, offset);
    this.pump();
  }

  position({ topic, partition }: TopicPartition): number | null {
    const position = this.states.get(keyOf(topic, partition))?.position ?? unknownPosition;
    return position === unknownPosition ? null : position;
  }

  /** The reader cannot go on: every poll from now on is rejected. */
  fail(error: TopicsError): void {
    this.failure = error;
    this.wake();
  }

  stop(): void {
    this.stopped = true;
    this.unassignAll();
    this.wake();
  }

  async poll(waitMs: number): Promise<readonly FetchedRecords[]> {
    let ready = this.take();
    if (ready.length === 0 && !this.stopped && waitMs > 0) {
      await this.waitForData(waitMs);
      ready = this.take();
    }
    if (ready.length > 0) this.pump();
    return ready;
  }

  private take(): FetchedRecords[] {
    if (this.failure !== null) throw this.failure;
    const ready: FetchedRecords[] = [];
    const states = [...this.states.values()];
    this.turn += 1;
    for (let step = 0; step < states.length; step += 1) {
      const state = states[(this.turn + step) % states.length];
      if (state === undefined || state.paused || state.suspended) continue;
      if (state.failure !== null) {
        // What others have is handed out first; the failure stays until a seek.
        if (ready.length > 0) continue;
        throw state.failure;
      }
      const next = state.buffered.shift();
      if (next === undefined) continue;
      state.bufferedBytes -= next.bytes;
      this.bufferedBytes -= next.bytes;
      state.position = next.nextOffset;
      const { records, nextOffset, highWatermark } = next;
      ready.push({ topic: state.topic, partition: state.partition, records, nextOffset, highWatermark });
    }
    return ready;
  }

  private waitForData(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.cluster.clock.after(waitMs, () => this.wake());
      const earlier = this.waiter;
      this.waiter = () => {
        timer.cancel();
        earlier?.();
        resolve();
      };
    });
  }

  private wake(): void {
    const waiter = this.waiter;
    this.waiter = null;
    waiter?.();
  }

  private *statesOf(partitions: readonly TopicPartition[]): Generator<PartitionState> {
    for (const { topic, partition } of partitions) {
      const state = this.states.get(keyOf(topic, partition));
      if (state !== undefined) yield state;
    }
  }

  private moveTo(state: PartitionState, offset: number): void {
    this.epoch += 1;
    this.bufferedBytes -= state.bufferedBytes;
    Object.assign(state, {
      epoch: this.epoch,
      position: offset,
      fetchOffset: offset,
      buffered: [],
      bufferedBytes: 0,
      resting: false,
      failure: null,
    });
  }

  /** Sends a fetch to every leader that has none under way and partitions with room. */
  private pump(): void {
    if (this.stopped || this.failure !== null) return;
    const byLeader = new Map<number, PartitionState[]>();
    for (const state of this.states.values()) {
      if (!this.hasRoom(state)) continue;
      const leader = this.cluster.metadata.topic(state.topic)?.partitions[state.partition]?.leader ?? -1;
      if (leader < 0) {
        this.refresh(state.topic);
        continue;
      }
      if (this.busy.has(leader)) continue;
      const asked = byLeader.get(leader);
      if (asked === undefined) byLeader.set(leader, [state]);
      else asked.push(state);
    }
    const waitMs = Math.min(this.options.fetchWaitMs, this.someAreFull() ? fullWaitMs : Infinity);
    for (const [leader, states] of byLeader) {
      if (this.roomBytes <= 0) this.dropPaused();
      const maxBytes = Math.min(this.roomBytes, states.length * this.options.partitionBytesMax);
      if (maxBytes > 0) void this.fetch(leader, states, maxBytes, waitMs);
    }
  }

  /** Whether a partition is left out of a fetch only until the reader takes what is there, which may be at once. */
  private someAreFull(): boolean {
    for (const state of this.states.values()) {
      if (!state.paused && !state.suspended && state.bufferedBytes >= this.options.partitionBytesMax) return true;
    }
    return false;
  }

  private get roomBytes(): number {
    return this.options.bytesMax - this.bufferedBytes - this.askedBytes;
  }

  /** What paused partitions hold must not keep others from going on: it is fetched again when they do. */
  private dropPaused(): void {
    for (const state of this.states.values()) {
      if (state.paused && state.buffered.length > 0) this.moveTo(state, state.position);
    }
  }

  private hasRoom(state: PartitionState): boolean {
    if (
      state.resting ||
      state.paused ||
      state.suspended ||
      state.failure !== null ||
      state.position === unknownPosition
    )
      return false;
    return state.bufferedBytes < this.options.partitionBytesMax;
  }

  private async fetch(
    leader: number,
    states: readonly PartitionState[],
    maxBytes: number,
    waitMs: number,
  ): Promise<void> {
    const asked = new Map(states.map((state) => [keyOf(state.topic, state.partition), { state, epoch: state.epoch }]));
    const { isolation, partitionBytesMax, lane } = this.options;
    this.busy.add(leader);
    this.askedBytes += maxBytes;
    try {
      const answer = await this.cluster.request(
        { node: leader },
        apis.fetch,
        {
          maxWaitMs: waitMs,
          minBytes: 1,
          maxBytes,
          isolationLevel: isolation === 'read_committed' ? 1 : 0,
          sessionId: 0,
          sessionEpoch: -1,
          topics: [...groupByTopic(states)].map(([topic, partitions]) => ({
            topic,
            partitions: partitions.map((partition) => ({
              partition,
              fetchOffset: asked.get(keyOf(topic, partition))?.state.fetchOffset ?? 0,
              partitionMaxBytes: partitionBytesMax,
            })),
          })),
        },
        { lane, versionMax: fetchVersionMax, timeoutMs: waitMs + answerPatienceMs },
      );
      if (answer.errorCode !== kafkaError.NONE) throw answerError(answer.errorCode, `Fetching from node ${leader}`);
      for (const { topic, partitions } of answer.responses) {
        for (const fetched of partitions) {
          const entry = asked.get(keyOf(topic, fetched.partitionIndex));
          if (entry !== undefined && entry.state.epoch === entry.epoch && this.isCurrent(entry.state)) {
            this.absorb(entry.state, fetched);
          }
        }
      }
    } catch (error) {
      const reason = asTopicsError(error, `Fetching from node ${leader} failed.`);
      for (const state of states) {
        if (reason.retriable) this.postpone(state);
        else state.failure = reason;
      }
      this.wake();
    } finally {
      this.busy.delete(leader);
      this.askedBytes -= maxBytes;
    }
    this.pump();
  }

  private isCurrent(state: PartitionState): boolean {
    return this.states.get(keyOf(state.topic, state.partition)) === state;
  }

  private absorb(state: PartitionState, fetched: FetchedPartition): void {
    switch (fetched.errorCode) {
      case kafkaError.NONE:
        break;
      case kafkaError.OFFSET_OUT_OF_RANGE:
        void this.recoverRange(state);
        return;
      default: {
        const error = answerError(fetched.errorCode, `Fetching ${state.topic}-${state.partition}`);
        if (error.retriable) this.postpone(state);
        else state.failure = error;
        this.wake();
        return;
      }
    }
    if (fetched.records === null || fetched.records.length === 0) return;
    try {
      this.buffer(state, fetched, fetched.records);
    } catch (error) {
      const doing = `Records of ${state.topic}-${state.partition} from offset ${state.fetchOffset} on cannot be read`;
      state.failure = new TopicsError(topicsErrors.malformed, `${doing}: ${messageOf(error)}`, { cause: error });
    }
    this.wake();
  }

  private buffer(state: PartitionState, fetched: FetchedPartition, bytes: Buffer): void {
    const { abortedTransactions } = fetched;
    const records = decodeRecords(bytes, { fromOffset: state.fetchOffset, abortedTransactions });
    if (records.nextOffset <= state.fetchOffset) return;
    state.fetchOffset = records.nextOffset;
    const last = state.buffered.at(-1);
    if (records.count > 0) {
      const size = Math.max(bytes.length, records.byteCount);
      state.buffered.push({
        records,
        bytes: size,
        nextOffset: records.nextOffset,
        highWatermark: fetched.highWatermark,
      });
      state.bufferedBytes += size;
      this.bufferedBytes += size;
    } else if (last !== undefined) {
      // Only markers and the like: they are passed along with what comes before them.
      last.nextOffset = records.nextOffset;
    } else {
      state.position = records.nextOffset;
    }
  }

  private async recoverRange(state: PartitionState): Promise<void> {
    const { topic, partition, fetchOffset, epoch } = state;
    const { outOfRange, isolation } = this.options;
    const sentence = `Offset ${fetchOffset} of ${topic}-${partition} is not in the log any more`;
    if (outOfRange === 'fail') {
      state.failure = new TopicsError(topicsErrors.offsetOutOfRange, `${sentence}. Reset the group or seek.`, {
        kafkaCode: kafkaError.OFFSET_OUT_OF_RANGE,
      });
      return this.wake();
    }
    state.resting = true;
    try {
      const [found] = await listOffsets(this.cluster, [{ topic, partition, at: outOfRange }], isolation);
      if (state.epoch !== epoch || !this.isCurrent(state) || found === undefined) return;
      this.cluster.logger.warn(`${sentence}; reading goes on at another offset.`, {
        topic,
        partition,
        from: fetchOffset,
        to: found.offset,
      });
      if (state.buffered.length === 0) this.moveTo(state, found.offset);
      else Object.assign(state, { fetchOffset: found.offset, resting: false });
      this.pump();
    } catch {
      if (state.epoch === epoch) this.postpone(state);
    }
  }

  /** Not again before a moment has passed and the leader was asked for anew. */
  private postpone(state: PartitionState): void {
    this.cluster.metadata.forget(state.topic);
    state.resting = true;
    this.cluster.clock.after(retryMs, () => {
      state.resting = false;
      this.pump();
    });
  }

  private refresh(topic: string): void {
    if (this.refreshing.has(topic)) return;
    this.refreshing.add(topic);
    const again = (): void => {
      this.refreshing.delete(topic);
      if (this.stopped) return;
      if (this.cluster.metadata.topic(topic) === null) this.cluster.clock.after(retryMs, () => this.pump());
      else this.pump();
    };
    this.cluster.refresh([topic]).then(again, again);
  }
}

function keyOf(topic: string, partition: number): string {
  return `${partition} ${topic}`;
}
