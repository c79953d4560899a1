import type { DurableTable } from '#log/engine';
import type { ConsumerGroup } from '#broker/groups/consumer-group';
import { consumerGroupRow, consumerMemberRow, type ClassicGroupRow, type GroupRow } from '#broker/groups/group-rows';

interface Change {
  readonly key: string;
  readonly value: Buffer | null;
}

export interface StoredGroup {
  readonly groupId: string;
  /** The group's own row and those of its members, by member id. */
  readonly row: GroupRow;
  readonly members: ReadonlyMap<string, GroupRow>;
}

/**
 * Groups in their table: the group under `["group"]`, members of the consumer protocol under `["group","member"]`. Writes of one
 * group become durable in the order in which they were asked for.
 */
export class GroupStore {
  /** Writes that are under way, for those who may answer only after them although they change nothing themselves. */
  private readonly writes = new Map<string, Promise<void>>();

  constructor(private readonly table: DurableTable) {}

  load(): StoredGroup[] {
    const groups = new Map<string, { groupId: string; row: GroupRow | null; members: Map<string, GroupRow> }>();
    for (const [key, value] of this.table.entries()) {
      const [groupId = '', memberId] = JSON.parse(key) as string[];
      const row = JSON.parse(value.toString()) as GroupRow;
      const group = groups.get(groupId) ?? { groupId, row: null, members: new Map<string, GroupRow>() };
      groups.set(groupId, group);
      if (memberId === undefined) group.row = row;
      else group.members.set(memberId, row);
    }
    return [...groups.values()].flatMap(({ groupId, row, members }) =>
      row === null ? [] : [{ groupId, row, members }],
    );
  }

  /** Resolves when durable. `formerMembers` are ids of the consumer protocol that the group had before it became classic. */
  saveClassic(groupId: string, row: ClassicGroupRow, formerMembers: readonly string[] = []): Promise<void> {
    return this.write(groupId, [
      { key: keyOf(groupId), value: encode(row) },
      ...formerMembers.map((memberId) => ({ key: keyOf(groupId, memberId), value: null })),
    ]);
  }

  /** Writes what changed since the last time; null where nothing did and nothing is being written. */
  saveConsumer(group: ConsumerGroup): Promise<void> | null {
    const { groupId } = group;
    const changes = group.takeChanges();
    if (changes === null) return this.writes.get(groupId) ?? null;
    const rows: Change[] = changes.removed.map((memberId) => ({ key: keyOf(groupId, memberId), value: null }));
    if (changes.isGroupChanged) {
      rows.push({ key: keyOf(groupId), value: encode(consumerGroupRow(group.epoch, group.subscriptions)) });
    }
    for (const member of changes.changed) {
      rows.push({ key: keyOf(groupId, member.memberId), value: encode(consumerMemberRow(member)) });
    }
    return this.write(groupId, rows).catch((error: unknown) => {
      group.returnChanges(changes);
      throw error;
    });
  }

  async delete(groupId: string, memberIds: readonly string[]): Promise<void> {
    if (this.table.get(keyOf(groupId)) === null && !this.writes.has(groupId)) return;
    const rows = [keyOf(groupId), ...memberIds.map((memberId) => keyOf(groupId, memberId))];
    await this.write(
      groupId,
      rows.map((key) => ({ key, value: null })),
    );
  }

  private write(groupId: string, changes: readonly Change[]): Promise<void> {
    const write = this.table.put(changes);
    this.writes.set(groupId, write);
    const forget = (): void => {
      if (this.writes.get(groupId) === write) this.writes.delete(groupId);
    };
    write.then(forget, forget);
    return write;
  }
}

function keyOf(...path: readonly string[]): string {
  return JSON.stringify(path);
}

function encode(row: GroupRow): Buffer {
  return Buffer.from(JSON.stringify(row));
}
