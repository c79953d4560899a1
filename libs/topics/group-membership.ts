/**
 * Membership in a consumer group under Kafka's eager protocol: join, (as leader) assign, sync, heartbeat; when the group
 * rebalances, everything is given back before joining again.
 *
 * The session is watched from this side too: without a good heartbeat for the session timeout, others may own the partitions
 * already, so they count as lost.
 */
import { Backoff } from '#std/backoff';
import type { Timer } from '#std/clock';
import { apis } from '#wire/kafka/apis';
import { isRetriable, kafkaError } from '#wire/kafka/error-codes';
import { assign, type AssignorName } from '#topics/assignors';
import type { Cluster } from '#topics/cluster';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  groupByTopic,
  type TopicPartition,
} from '#topics/consumer-protocol';
import { answerError, asTopicsError, TopicsError, topicsErrors } from '#topics/errors';
import { offsetVersionMax } from '#topics/offset-versions';

export interface MembershipOptions {
  readonly groupId: string;
  readonly groupInstanceId: string | null;
  readonly lane: string;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly assignors: readonly AssignorName[];
}

export interface MembershipEvents {
  /** The topics to subscribe, now. */
  topics(): Promise<readonly string[]>;
  /** `signal` aborts when the group moves on while this is under way. */
  assigned(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void>;
  revoked(partitions: readonly TopicPartition[]): Promise<void>;
  lost(partitions: readonly TopicPartition[]): Promise<void>;
  /** Membership ended for good. */
  failed(error: TopicsError): void;
}

/** Why a generation ended. */
type Ending = 'rebalance' | 'lost' | 'stop';

interface Generation {
  readonly id: number;
  readonly abort: AbortController;
  partitions: readonly TopicPartition[];
  /** Of all topics of the group, where we lead it: what the assignment was made from. */
  groupTopics: ReadonlyMap<string, number> | null;
  subscription: readonly string[];
  lastBeatMs: number;
  ending: Ending | null;
  end(ending: Ending): void;
  readonly ended: Promise<Ending>;
}

const backoff = { initialMs: 50, maxMs: 2000 };
const commitPatienceMs = 15_000;
const consumerType = 'consumer';

export class GroupMembership {
  private memberId = '';
  private generation: Generation | null = null;
  private heartbeatTimer: Timer | null = null;
  private running: Promise<void> | null = null;
  private readonly stopping = new AbortController();

  constructor(
    private readonly cluster: Cluster,
    private readonly options: MembershipOptions,
    private readonly events: MembershipEvents,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Gives back what is held and leaves the group. A static member only goes silent, so that its place is kept. */
  async stop(): Promise<void> {
    this.stopping.abort();
    // A join that is held open may last as long as the slowest member.
    if (this.generation === null) this.cluster.closeLane(this.options.lane);
    else this.generation.end('stop');
    await this.running;
  }

  /** Joins again if the topics, or (where we lead) their partition counts, are other ones than at the last join. */
  async review(): Promise<void> {
    const generation = this.generation;
    if (generation === null) return;
    const topics = await this.events.topics();
    const counted = [...(generation.groupTopics ?? [])];
    if (counted.length > 0) await this.cluster.refresh(counted.map(([topic]) => topic));
    const isOther =
      topics.join() !== generation.subscription.join() ||
      counted.some(([topic, count]) => this.partitionsOf(topic) !== count);
    if (isOther) generation.end('rebalance');
  }

  /** Resolves when durable; see TopicReader.commit. */
  async commit(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    const generation = this.generation;
    const { groupId, groupInstanceId, lane } = this.options;
    if (generation === null || generation.ending === 'lost')
      throw this.fenced(positions, kafkaError.ILLEGAL_GENERATION);
    const offsets = new Map(positions.map((position) => [`${position.partition} ${position.topic}`, position.offset]));
    for (const { topic, partition } of positions) {
      const isOurs = generation.partitions.some((own) => own.topic === topic && own.partition === partition);
      if (!isOurs) throw this.fenced(positions, kafkaError.ILLEGAL_GENERATION);
    }
    const codes = await this.cluster.attempt(commitPatienceMs, async () => {
      const answer = await this.coordinated(() =>
        this.cluster.request(
          { group: groupId },
          apis.offsetCommit,
          {
            groupId,
            generationIdOrMemberEpoch: generation.id,
            memberId: this.memberId,
            groupInstanceId,
            topics: [...groupByTopic(positions)].map(([name, partitions]) => ({
              name,
              partitions: partitions.map((partitionIndex) => ({
                partitionIndex,
                committedOffset: offsets.get(`${partitionIndex} ${name}`) ?? 0,
                committedMetadata: '',
              })),
            })),
          },
          { lane, versionMax: offsetVersionMax },
        ),
      );
      const found = answer.topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode));
      const passing = found.find((code) => isRetriable(code));
      if (passing === undefined) return found;
      this.cluster.forgetCoordinator(groupId);
      throw answerError(passing, `Committing offsets of group ${groupId}`);
    });
    for (const code of codes) this.checkCommit(generation, code, positions);
  }

  private checkCommit(generation: Generation, code: number, positions: readonly TopicPartition[]): void {
    switch (code) {
      case kafkaError.NONE:
        return;
      case kafkaError.REBALANCE_IN_PROGRESS:
        generation.end('rebalance');
        throw new TopicsError(
          topicsErrors.rebalancing,
          `Group ${this.options.groupId} is rebalancing; commit again after it.`,
          {
            kafkaCode: code,
          },
        );
      case kafkaError.ILLEGAL_GENERATION:
      case kafkaError.UNKNOWN_MEMBER_ID:
      case kafkaError.FENCED_INSTANCE_ID:
        generation.end('lost');
        throw this.fenced(positions, code);
    }
    throw answerError(code, `Committing offsets of group ${this.options.groupId}`);
  }

  private async run(): Promise<void> {
    const waits = new Backoff(backoff, this.cluster.random);
    while (!this.isStopping) {
      try {
        const generation = await this.join();
        waits.reset();
        await this.live(generation);
      } catch (error) {
        const reason = asTopicsError(error, `Membership in group ${this.options.groupId} failed.`);
        if (this.isStopping) break;
        if (!reason.retriable) {
          this.events.failed(reason);
          break;
        }
        await this.cluster.clock.sleep(waits.nextMs(), this.stopping.signal).catch(() => undefined);
      }
    }
    this.heartbeatTimer?.cancel();
    await this.leave().catch(() => undefined);
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** One generation, from its assignment to its end; what was assigned is given back at the end in any case. */
  private async live(generation: Generation): Promise<void> {
    let failure: unknown = null;
    const isTold = generation.ending === null;
    try {
      if (isTold) await this.events.assigned(generation.partitions, generation.abort.signal);
    } catch (error) {
      // A group that moved on meanwhile is no failure.
      if (!generation.abort.signal.aborted) failure = error;
    }
    if (failure === null) await generation.ended;
    if (isTold && generation.ending === 'lost') await this.events.lost(generation.partitions);
    else if (isTold) await this.giveBack(generation);
    this.generation = null;
    this.heartbeatTimer?.cancel();
    if (failure !== null) throw failure;
  }

  private async giveBack(generation: Generation): Promise<void> {
    const { rebalanceTimeoutMs, groupId } = this.options;
    const enough = new AbortController();
    const late = this.cluster.clock.sleep(rebalanceTimeoutMs, enough.signal).then(
      () => true,
      () => false,
    );
    const done = this.events.revoked(generation.partitions).then(() => false);
    const isLate = await Promise.race([done, late]);
    enough.abort();
    if (isLate) {
      done.catch(() => undefined);
      this.cluster.logger.warn('Giving back partitions took too long; the group goes on without them.', { groupId });
    }
  }

  private async join(): Promise<Generation> {
    const { groupId, groupInstanceId, lane, sessionTimeoutMs, rebalanceTimeoutMs, assignors } = this.options;
    const subscription = await this.events.topics();
    const metadata = encodeSubscription({ topics: subscription });
    await this.cluster.coordinatorOf(groupId);
    if (this.isStopping) throw new TopicsError(topicsErrors.closed, `The reader of group ${groupId} was stopped.`);
    const answer = await this.coordinated(() =>
      this.cluster.request(
        { group: groupId },
        apis.joinGroup,
        {
          groupId,
          sessionTimeoutMs,
          rebalanceTimeoutMs,
          memberId: this.memberId,
          groupInstanceId,
          protocolType: consumerType,
          protocols: assignors.map((name) => ({ name, metadata })),
        },
        { lane, timeoutMs: rebalanceTimeoutMs + 10_000 },
      ),
    );
    if (answer.errorCode === kafkaError.MEMBER_ID_REQUIRED) {
      this.memberId = answer.memberId;
      return this.join();
    }
    if (answer.errorCode === kafkaError.UNKNOWN_MEMBER_ID || answer.errorCode === kafkaError.ILLEGAL_GENERATION) {
      this.memberId = '';
    }
    this.checkAnswer(answer.errorCode, `Joining group ${groupId}`);
    this.memberId = answer.memberId;
    const generation = this.begin(answer.generationId, subscription);
    const isLeader = answer.leader === answer.memberId;
    if (isLeader && answer.skipAssignment) await this.noteTopics(generation, answer.members);
    const assignments =
      isLeader && !answer.skipAssignment
        ? await this.assignAll(generation, answer.protocolName ?? '', answer.members)
        : [];
    const synced = await this.coordinated(() =>
      this.cluster.request(
        { group: groupId },
        apis.syncGroup,
        {
          groupId,
          generationId: answer.generationId,
          memberId: this.memberId,
          groupInstanceId,
          protocolType: consumerType,
          protocolName: answer.protocolName,
          assignments,
        },
        { lane, timeoutMs: rebalanceTimeoutMs + 10_000 },
      ),
    );
    if (synced.errorCode === kafkaError.UNKNOWN_MEMBER_ID) this.memberId = '';
    this.checkAnswer(synced.errorCode, `Syncing with group ${groupId}`);
    generation.partitions = decodeAssignment(synced.assignment);
    this.generation = generation;
    this.armHeartbeat(generation);
    return generation;
  }

  private begin(id: number, subscription: readonly string[]): Generation {
    const abort = new AbortController();
    let resolve: (ending: Ending) => void = () => undefined;
    const ended = new Promise<Ending>((settle) => {
      resolve = settle;
    });
    const generation: Generation = {
      id,
      abort,
      partitions: [],
      groupTopics: null,
      subscription,
      lastBeatMs: this.cluster.clock.monotonic(),
      ending: this.isStopping ? 'stop' : null,
      ended,
      end: (ending) => {
        if (generation.ending === 'lost' || generation.ending === ending) return;
        generation.ending = ending;
        abort.abort();
        resolve(ending);
      },
    };
    if (this.isStopping) resolve('stop');
    return generation;
  }

  private async assignAll(
    generation: Generation,
    protocol: string,
    members: readonly { memberId: string; groupInstanceId: string | null; metadata: Buffer }[],
  ): Promise<{ memberId: string; assignment: Buffer }[]> {
    const subscribers = await this.noteTopics(generation, members);
    const name = this.options.assignors.find((candidate) => candidate === protocol) ?? 'range';
    const assigned = assign(name, subscribers, (topic) => this.partitionsOf(topic));
    return [...assigned].map(([memberId, partitions]) => ({ memberId, assignment: encodeAssignment(partitions) }));
  }

  /** Learns the partition counts of all topics of the group, and keeps them to see when they change. */
  private async noteTopics(
    generation: Generation,
    members: readonly { memberId: string; groupInstanceId: string | null; metadata: Buffer }[],
  ) {
    const subscribers = members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      groupInstanceId,
      topics: decodeSubscription(metadata).topics,
    }));
    const topics = [...new Set(subscribers.flatMap((subscriber) => subscriber.topics))];
    if (topics.length > 0) await this.cluster.attempt(commitPatienceMs, () => this.cluster.refresh(topics));
    generation.groupTopics = new Map(topics.map((topic) => [topic, this.partitionsOf(topic)]));
    return subscribers;
  }

  private partitionsOf(topic: string): number {
    return this.cluster.metadata.topic(topic)?.partitions.length ?? 0;
  }

  private armHeartbeat(generation: Generation): void {
    this.heartbeatTimer?.cancel();
    this.heartbeatTimer = this.cluster.clock.after(this.options.heartbeatMs, () => void this.beat(generation));
  }

  private async beat(generation: Generation): Promise<void> {
    const { groupId, groupInstanceId, lane, sessionTimeoutMs } = this.options;
    const { clock } = this.cluster;
    const sentMs = clock.monotonic();
    try {
      const answer = await this.coordinated(() =>
        this.cluster.request(
          { group: groupId },
          apis.heartbeat,
          { groupId, generationId: generation.id, memberId: this.memberId, groupInstanceId },
          { lane, timeoutMs: sessionTimeoutMs },
        ),
      );
      if (this.generation !== generation) return;
      switch (answer.errorCode) {
        case kafkaError.NONE:
          generation.lastBeatMs = sentMs;
          break;
        case kafkaError.REBALANCE_IN_PROGRESS:
          generation.lastBeatMs = sentMs;
          generation.end('rebalance');
          break;
        case kafkaError.UNKNOWN_MEMBER_ID:
        case kafkaError.FENCED_INSTANCE_ID:
          this.memberId = '';
          generation.end('lost');
          break;
        case kafkaError.ILLEGAL_GENERATION:
          generation.end('lost');
          break;
        default:
          this.cluster.forgetCoordinator(groupId);
      }
    } catch {
      // The next beat tries again; the session decides how long.
    }
    if (this.generation !== generation) return;
    if (clock.monotonic() - generation.lastBeatMs > sessionTimeoutMs) generation.end('lost');
    if (generation.ending !== 'lost') this.armHeartbeat(generation);
  }

  private async leave(): Promise<void> {
    const { groupId, groupInstanceId, lane } = this.options;
    if (this.memberId === '' || groupInstanceId !== null) return;
    const { memberId } = this;
    this.memberId = '';
    await this.cluster.request(
      { group: groupId },
      apis.leaveGroup,
      { groupId, memberId, members: [{ memberId, groupInstanceId: null }] },
      { lane, timeoutMs: 5000 },
    );
  }

  private async coordinated<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      this.cluster.forgetCoordinator(this.options.groupId);
      throw error;
    }
  }

  /** Errors that another join cures are retriable here, whatever they are elsewhere. */
  private checkAnswer(code: number, doing: string): void {
    switch (code) {
      case kafkaError.NONE:
        return;
      case kafkaError.NOT_COORDINATOR:
      case kafkaError.COORDINATOR_NOT_AVAILABLE:
        this.cluster.forgetCoordinator(this.options.groupId);
        break;
      case kafkaError.UNKNOWN_MEMBER_ID:
      case kafkaError.ILLEGAL_GENERATION:
      case kafkaError.REBALANCE_IN_PROGRESS:
        throw new TopicsError(topicsErrors.rebalancing, `${doing} has to begin anew.`, { kafkaCode: code });
    }
    throw answerError(code, doing);
  }

  private fenced(positions: readonly TopicPartition[], kafkaCode: number): TopicsError {
    const list = positions.map(({ topic, partition }) => `${topic}-${partition}`).join(', ');
    return new TopicsError(
      topicsErrors.fenced,
      `Group ${this.options.groupId} has given ${list} to another member; the offsets were not committed.`,
      { kafkaCode },
    );
  }
}
