import type { Clock } from '#std/clock';
import { MillraceError, messageOf } from '#std/errors';
import type { CommittedOffset, EngineGroups } from './engine.js';
import { logErrors } from './errors.js';
import { Journal, type JournalOptions } from './journal.js';

type OffsetRow = [topic: string, partition: number, offset: number, epoch: number, metadata: string, atMs: number];
type GroupChange =
  | { readonly kind: 'commit'; readonly group: string; readonly offsets: readonly OffsetRow[] }
  | { readonly kind: 'delete'; readonly group: string }
  | { readonly kind: 'forget'; readonly group: string; readonly partitions: readonly (readonly [string, number])[] };

/** Committed offsets in memory, every change durable in a journal before it is seen. */
export class LocalGroups implements EngineGroups {
  /** Group → `topic/partition` → offset. */
  private readonly groups = new Map<string, Map<string, CommittedOffset>>();
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
    const atMs = this.clock.now();
    const rows = offsets.map((row): OffsetRow => [
      row.topic,
      row.partition,
      row.offset,
      row.leaderEpoch,
      row.metadata,
      atMs,
    ]);
    await this.change({ kind: 'commit', group: groupId, offsets: rows });
  }

  committed(groupId: string): readonly CommittedOffset[] {
    return [...(this.groups.get(groupId)?.values() ?? [])];
  }

  find(groupId: string, topic: string, partition: number): CommittedOffset | null {
    return this.groups.get(groupId)?.get(keyOf(topic, partition)) ?? null;
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

  /** A topic is gone: so are the offsets in it, or a new topic of its name would be read from an old position. */
  async forgetTopic(topic: string): Promise<void> {
    const changes: Promise<void>[] = [];
    for (const [groupId, offsets] of this.groups) {
      const partitions = [...offsets.values()].filter((offset) => offset.topic === topic);
      if (partitions.length > 0) changes.push(this.deleteOffsets(groupId, partitions));
    }
    await Promise.all(changes);
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
    const offsets = this.groups.get(change.group) ?? new Map<string, CommittedOffset>();
    if (change.kind === 'commit') {
      for (const [topic, partition, offset, leaderEpoch, metadata, committedAtMs] of change.offsets) {
        offsets.set(keyOf(topic, partition), { topic, partition, offset, leaderEpoch, metadata, committedAtMs });
      }
    } else {
      for (const [topic, partition] of change.partitions) offsets.delete(keyOf(topic, partition));
    }
    if (offsets.size > 0) this.groups.set(change.group, offsets);
    else this.groups.delete(change.group);
  }

  private snapshot(): Buffer[] {
    return [...this.groups].map(([group, offsets]) => {
      const rows = [...offsets.values()].map((row): OffsetRow => [
        row.topic,
        row.partition,
        row.offset,
        row.leaderEpoch,
        row.metadata,
        row.committedAtMs,
      ]);
      const change: GroupChange = { kind: 'commit', group, offsets: rows };
      return Buffer.from(JSON.stringify(change));
    });
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
