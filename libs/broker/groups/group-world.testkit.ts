import { brokerOptions } from '#broker/broker-options';
import { requireOptions } from '#config/options';
import type { CommittedOffset, DurableTable, EngineGroups, Topic } from '#log/engine';
import type { Clock, Timer } from '#std/clock';
import type { Random } from '#std/random';
import { kafkaError } from '#wire/kafka/error-codes';
import { GroupCoordinator } from '#broker/groups/group-coordinator';
import type { JoinAnswer, JoinRequest, SyncAnswer } from '#broker/groups/group-member';
import type { TopicSource } from '#broker/groups/topic-view';

/** Time that passes only in `run`, one timer after another, with everything that follows from each. */
export class SteppedClock implements Clock {
  private nowMs = 0;
  private order = 0;
  private timers: { atMs: number; order: number; callback: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  monotonic(): number {
    return this.nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.nowMs + Math.max(0, delayMs), order: (this.order += 1), callback };
    this.timers.push(timer);
    return { cancel: () => (this.timers = this.timers.filter((other) => other !== timer)) };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  async run(forMs: number): Promise<void> {
    const endMs = this.nowMs + forMs;
    await settle();
    for (;;) {
      const next = this.timers
        .filter((timer) => timer.atMs <= endMs)
        .sort((left, right) => left.atMs - right.atMs || left.order - right.order)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
      await settle();
    }
    this.nowMs = endMs;
  }

  /** The process stands still: time passes, and nothing is done meanwhile. */
  stall(forMs: number): void {
    this.nowMs += forMs;
  }
}

export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Committed offsets in memory; a commit takes `commitMs` to become durable. */
export class MemoryOffsets implements EngineGroups {
  commitMs = 0;
  private readonly groups = new Map<string, Map<string, CommittedOffset>>();
  /** By `producerId groupId`. */
  private readonly pending = new Map<string, Omit<CommittedOffset, 'committedAtMs'>[]>();

  constructor(private readonly clock: Clock) {}

  async commit(groupId: string, offsets: readonly Omit<CommittedOffset, 'committedAtMs'>[]): Promise<void> {
    if (this.commitMs > 0) await this.clock.sleep(this.commitMs);
    const group = this.groups.get(groupId) ?? new Map<string, CommittedOffset>();
    this.groups.set(groupId, group);
    for (const offset of offsets) {
      group.set(`${offset.partition} ${offset.topic}`, { ...offset, committedAtMs: this.clock.now() });
    }
  }

  committed(groupId: string): readonly CommittedOffset[] {
    return [...(this.groups.get(groupId)?.values() ?? [])];
  }

  find(groupId: string, topic: string, partition: number): CommittedOffset | null {
    return this.groups.get(groupId)?.get(`${partition} ${topic}`) ?? null;
  }

  list(): string[] {
    return [...this.groups.keys()];
  }

  delete(groupId: string): Promise<void> {
    this.groups.delete(groupId);
    return Promise.resolve();
  }

  deleteOffsets(groupId: string, partitions: readonly { topic: string; partition: number }[]): Promise<void> {
    for (const { topic, partition } of partitions) this.groups.get(groupId)?.delete(`${partition} ${topic}`);
    return Promise.resolve();
  }

  commitPending(
    groupId: string,
    producerId: number,
    offsets: readonly Omit<CommittedOffset, 'committedAtMs'>[],
  ): Promise<void> {
    const key = `${producerId} ${groupId}`;
    this.pending.set(key, [...(this.pending.get(key) ?? []), ...offsets]);
    return Promise.resolve();
  }

  async endTransaction(groupId: string, producerId: number, outcome: 'commit' | 'abort'): Promise<void> {
    const key = `${producerId} ${groupId}`;
    const offsets = this.pending.get(key) ?? [];
    this.pending.delete(key);
    if (outcome === 'commit' && offsets.length > 0) await this.commit(groupId, offsets);
  }

  isPending(groupId: string, topic: string, partition: number): boolean {
    return [...this.pending].some(
      ([key, offsets]) =>
        key.slice(key.indexOf(' ') + 1) === groupId &&
        offsets.some((offset) => offset.topic === topic && offset.partition === partition),
    );
  }
}

/** A table in memory; a change takes `putMs` to become durable. */
export class MemoryTable implements DurableTable {
  private readonly rows = new Map<string, Buffer>();
  private generation = 0;
  /** While set, changes fail. */
  isBroken = false;
  putMs = 0;

  constructor(private readonly clock: Clock) {}

  get(key: string): Buffer | null {
    return this.rows.get(key) ?? null;
  }

  entries(): IterableIterator<[string, Buffer]> {
    return this.rows.entries();
  }

  async put(changes: Parameters<DurableTable['put']>[0]): Promise<void> {
    const generation = this.generation;
    if (this.putMs > 0) await this.clock.sleep(this.putMs);
    else await Promise.resolve();
    if (this.isBroken || generation !== this.generation) throw new Error('the disk is gone');
    for (const { key, value } of changes) {
      if (value === null) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }

  /** What is under way never becomes durable. */
  kill(): void {
    this.generation += 1;
  }
}

/** Topics that a test makes, grows and deletes. */
export class MemoryTopics implements TopicSource {
  private readonly topics = new Map<string, Topic>([[topic, topicOf(topic, partitions)]]);

  byName(name: string): Topic | null {
    return this.topics.get(name) ?? null;
  }

  byId(id: string): Topic | null {
    return this.list().find((each) => each.id === id) ?? null;
  }

  list(): Topic[] {
    return [...this.topics.values()];
  }

  /** Null partitions delete it. */
  set(name: string, count: number | null): void {
    if (count === null) this.topics.delete(name);
    else this.topics.set(name, topicOf(name, count));
  }
}

function topicOf(name: string, count: number): Topic {
  return { id: `id-of-${name}`, name, partitions: count, configs: {}, internal: false };
}

export const groupId = 'readers';
export const topic = 'orders';
export const partitions = 6;

/** A coordinator with time, chance and offsets of the test's own. */
export class GroupWorld {
  readonly clock = new SteppedClock();
  readonly offsets = new MemoryOffsets(this.clock);
  readonly table = new MemoryTable(this.clock);
  readonly topics = new MemoryTopics();
  /** The one that serves now; `restart` makes another one of what was kept. */
  coordinator: GroupCoordinator;

  constructor(
    private readonly random: Random,
    private readonly settings: Readonly<Record<string, string>> = {},
  ) {
    this.coordinator = this.newCoordinator();
  }

  /** As after kill -9: what was not durable is gone, and nobody is answered any more. */
  restart(): void {
    this.table.kill();
    this.coordinator.stop();
    this.coordinator = this.newCoordinator();
    this.coordinator.start();
  }

  private newCoordinator(): GroupCoordinator {
    return new GroupCoordinator({
      offsets: this.offsets,
      table: this.table,
      topics: this.topics,
      clock: this.clock,
      random: this.random,
      config: requireOptions('the test', brokerOptions, { 'group.initial.rebalance.delay.ms': '0', ...this.settings }),
    });
  }

  join(given: Partial<JoinRequest> = {}): Promise<JoinAnswer> {
    return this.coordinator.join({
      groupId,
      memberId: '',
      groupInstanceId: null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('m') }],
      requireKnownMemberId: false,
      supportsSkippingAssignment: true,
      signal: new AbortController().signal,
      ...given,
    });
  }

  sync(
    joined: Pick<JoinAnswer, 'memberId' | 'generationId'>,
    assignments: Readonly<Record<string, string>> = {},
    given: { readonly groupInstanceId?: string; readonly signal?: AbortSignal } = {},
  ): Promise<SyncAnswer> {
    return this.coordinator.sync(groupId, {
      memberId: joined.memberId,
      generationId: joined.generationId,
      groupInstanceId: given.groupInstanceId ?? null,
      protocolType: null,
      protocolName: null,
      assignments: Object.entries(assignments).map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) })),
      signal: given.signal ?? new AbortController().signal,
    });
  }

  beat(joined: Pick<JoinAnswer, 'memberId' | 'generationId'>, groupInstanceId: string | null = null): number {
    const { memberId, generationId } = joined;
    return this.coordinator.heartbeat(groupId, { memberId, generationId, groupInstanceId });
  }

  /** The error of committing `offset` of partition 0. */
  async commit(joined: Pick<JoinAnswer, 'memberId' | 'generationId'>, offset = 1, partition = 0): Promise<number> {
    const { memberId, generationId } = joined;
    const entry = { topic, partition, offset, leaderEpoch: -1, metadata: '' };
    const [code] = await this.coordinator.offsets.commit(groupId, { memberId, generationId, groupInstanceId: null }, [
      entry,
    ]);
    return code ?? kafkaError.UNKNOWN_SERVER_ERROR;
  }

  /** Members that joined at once and share a stable generation; the first one leads. */
  async stable(count: number): Promise<JoinAnswer[]> {
    let joined: JoinAnswer[] = [];
    for (let size = 1; size <= count; size += 1) {
      const fresh = this.join();
      const known = joined.map(({ memberId }) => this.join({ memberId }));
      joined = await Promise.all([...known, fresh]);
    }
    await Promise.all(
      joined.map((member) => this.sync(member, member.members.length > 0 ? { [member.memberId]: 'a' } : {})),
    );
    return joined;
  }
}
