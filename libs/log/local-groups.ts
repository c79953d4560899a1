import type { Clock } from '#std/clock';
import { MillraceError, messageOf } from '#std/errors';
import type { CommittedOffset, EngineGroups, TransactionMarker } from './engine.js';
import { logErrors } from './errors.js';
import { Journal, type JournalOptions } from './journal.js';

type OffsetRow = [topic: string, partition: number, offset: number, epoch: number, metadata: string, atMs: number];
type GroupChange =
  | { readonly kind: 'commit'; readonly group: string; readonly offsets: readonly OffsetRow[] }
  | {
      readonly kind: 'pending';
      readonly group: string;
      readonly producer: number;
      readonly offsets: readonly OffsetRow[];
    }
  | { readonly kind: 'end'; readonly group: string; readonly producer: number; readonly committed: boolean }
  | { readonly kind: 'delete'; readonly group: string }
  | { readonly kind: 'forget'; readonly group: string; readonly partitions: readonly (readonly [string, number])[] };

/** `order` is that of all commits of this node: of two for one partition the later one counts, whenever its transaction ends. */
interface KeptOffset {
  readonly committed: CommittedOffset;
  readonly order: number;
}

type Offsets = Map<string, KeptOffset>;

interface KeptGroup {
  /** By `topic/partition`. */
  readonly offsets: Offsets;
  /** Of open transactions: by producer id, then by `topic/partition`. */
  readonly pending: Map<number, Offsets>;
}

/** Committed offsets, and those of open transactions, in memory; every change is durable in a journal before it is seen. */
export class LocalGroups implements EngineGroups {
  private readonly groups = new Map<string, KeptGroup>();
  private orders = 0;
  private readonly journal: Journal;

  constructor(
    private readonly clock: Clock,
    journal: Omit<JournalOptions, 'replay' | 'snapshot'>,
  ) {
    this.journal = new Journal({
      ...journal,
      replay: (entry) => this.apply(JSON.parse(entry.toString()) as GroupChange),
      snapshot: () => this.snapshot(),
    });
  }

  open(): Promise<void> {
    return this.journal.open();
  }

  close(): Promise<void> {
    return this.journal.close();
  }

  async commit(groupId: string, offsets: readonly Omit<CommittedOffset, 'committedAtMs'>[]): Promise<void> {
    await this.change({ kind: 'commit', group: groupId, offsets: this.rowsOf(offsets) });
  }

  async commitPending(
    groupId: string,
    producerId: number,
    offsets: readonly Omit<CommittedOffset, 'committedAtMs'>[],
  ): Promise<void> {
    await this.change({ kind: 'pending', group: groupId, producer: producerId, offsets: this.rowsOf(offsets) });
  }

  /** Written even where nothing is pending yet: a commit of the transaction may still wait for its sync. */
  async endTransaction(groupId: string, producerId: number, outcome: TransactionMarker['outcome']): Promise<void> {
    await this.change({ kind: 'end', group: groupId, producer: producerId, committed: outcome === 'commit' });
  }

  committed(groupId: string): readonly CommittedOffset[] {
    return [...(this.groups.get(groupId)?.offsets.values() ?? [])].map((kept) => kept.committed);
  }

  find(groupId: string, topic: string, partition: number): CommittedOffset | null {
    return this.groups.get(groupId)?.offsets.get(keyOf(topic, partition))?.committed ?? null;
  }

  isPending(groupId: string, topic: string, partition: number): boolean {
    const pending = this.groups.get(groupId)?.pending;
    if (pending === undefined) return false;
    const key = keyOf(topic, partition);
    for (const offsets of pending.values()) if (offsets.has(key)) return true;
    return false;
  }

  list(): string[] {
    return [...this.groups.keys()];
  }

  async delete(groupId: string): Promise<void> {
    if (this.groups.has(groupId)) await this.change({ kind: 'delete', group: groupId });
  }

  async deleteOffsets(groupId: string, partitions: readonly { topic: string; partition: number }[]): Promise<void> {
    const rows = partitions.map(({ topic, partition }) => [topic, partition] as const);
    await this.change({ kind: 'forget', group: groupId, partitions: rows });
  }

  /**
   * A topic is gone: so are the offsets in it, those of open transactions too, or a new topic of its name would be read from an old
   * position.
   */
  async forgetTopic(topic: string): Promise<void> {
    const changes: Promise<void>[] = [];
    for (const [groupId, group] of this.groups) {
      const partitions = rowsIn(group)
        .map(({ kept }) => kept.committed)
        .filter((offset) => offset.topic === topic);
      if (partitions.length > 0) changes.push(this.deleteOffsets(groupId, partitions));
    }
    await Promise.all(changes);
  }

  private rowsOf(offsets: readonly Omit<CommittedOffset, 'committedAtMs'>[]): OffsetRow[] {
    const committedAtMs = this.clock.now();
    return offsets.map((offset) => rowOf({ ...offset, committedAtMs }));
  }

  private async change(change: GroupChange): Promise<void> {
    try {
      await this.journal.append(Buffer.from(JSON.stringify(change)), () => this.apply(change));
    } catch (error) {
      throw new MillraceError(logErrors.storage, `Group ${change.group} cannot be changed: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  private apply(change: GroupChange): void {
    if (change.kind === 'delete') {
      this.groups.delete(change.group);
      return;
    }
    const group = this.groups.get(change.group) ?? { offsets: new Map(), pending: new Map() };
    switch (change.kind) {
      case 'commit':
        this.keep(group.offsets, change.offsets);
        break;
      case 'pending': {
        const offsets = group.pending.get(change.producer) ?? new Map<string, KeptOffset>();
        group.pending.set(change.producer, offsets);
        this.keep(offsets, change.offsets);
        break;
      }
      case 'end':
        if (change.committed) promote(group.pending.get(change.producer), group.offsets);
        group.pending.delete(change.producer);
        break;
      case 'forget':
        for (const [topic, partition] of change.partitions) forget(group, keyOf(topic, partition));
    }
    if (group.offsets.size > 0 || group.pending.size > 0) this.groups.set(change.group, group);
    else this.groups.delete(change.group);
  }

  private keep(offsets: Offsets, rows: readonly OffsetRow[]): void {
    this.orders += 1;
    for (const [topic, partition, offset, leaderEpoch, metadata, committedAtMs] of rows) {
      const committed = { topic, partition, offset, leaderEpoch, metadata, committedAtMs };
      offsets.set(keyOf(topic, partition), { committed, order: this.orders });
    }
  }

  /** One entry for each run of rows that were kept the same way, in the order in which they came. */
  private snapshot(): Buffer[] {
    const changes: (GroupChange & { offsets: OffsetRow[] })[] = [];
    for (const [groupId, group] of this.groups) {
      const rows = rowsIn(group).sort((one, other) => one.kept.order - other.kept.order);
      let run: { readonly producer: number | null; readonly offsets: OffsetRow[] } | null = null;
      for (const { producer, kept } of rows) {
        if (run === null || run.producer !== producer) {
          run = { producer, offsets: [] };
          const { offsets } = run;
          if (producer === null) changes.push({ kind: 'commit', group: groupId, offsets });
          else changes.push({ kind: 'pending', group: groupId, producer, offsets });
        }
        run.offsets.push(rowOf(kept.committed));
      }
    }
    return changes.map((change) => Buffer.from(JSON.stringify(change)));
  }
}

/** Every offset of a group, with the producer whose open transaction holds it; null for those that are committed. */
function rowsIn(group: KeptGroup): { readonly producer: number | null; readonly kept: KeptOffset }[] {
  const rows = [...group.offsets.values()].map((kept) => ({ producer: null as number | null, kept }));
  for (const [producer, offsets] of group.pending) {
    for (const kept of offsets.values()) rows.push({ producer, kept });
  }
  return rows;
}

/** A commit without a transaction that came after the transaction's stays. */
function promote(pending: Offsets | undefined, offsets: Offsets): void {
  if (pending === undefined) return;
  for (const [key, kept] of pending) {
    if ((offsets.get(key)?.order ?? 0) < kept.order) offsets.set(key, kept);
  }
}

function forget(group: KeptGroup, key: string): void {
  group.offsets.delete(key);
  for (const [producer, offsets] of group.pending) {
    offsets.delete(key);
    if (offsets.size === 0) group.pending.delete(producer);
  }
}

function rowOf(offset: CommittedOffset): OffsetRow {
  const { topic, partition, leaderEpoch, metadata, committedAtMs } = offset;
  return [topic, partition, offset.offset, leaderEpoch, metadata, committedAtMs];
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
