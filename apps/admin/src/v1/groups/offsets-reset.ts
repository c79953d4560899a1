import { NotFoundException } from '@nestjs/common';
import { FieldProblems } from '#nest/field-problems';
import type { TopicAdmin } from '#topics/topic-admin';
import type { ResetBody } from './group-views.js';

export interface PartitionMove {
  readonly partition: number;
  /** Null where nothing was committed. */
  readonly old: number | null;
  readonly next: number;
}

/** What a reset would do, partition by partition; it does nothing. */
export async function planReset(topics: TopicAdmin, group: string, body: ResetBody): Promise<readonly PartitionMove[]> {
  const { topic, to } = body;
  if ((await topics.describeTopic(topic)) === null) throw new NotFoundException(`There is no topic ${topic}`);
  const [starts, ends, offsets] = await Promise.all([
    topics.offsets(topic, 'earliest'),
    topics.offsets(topic, 'latest'),
    topics.groupOffsets(group),
  ]);
  const stray = body.partitions?.find((partition) => !starts.some((start) => start.partition === partition));
  if (stray !== undefined) {
    const message = `Topic ${topic} has no partition ${stray}`;
    throw new FieldProblems(message, [{ pointer: '/partitions', code: 'unknown', message }]);
  }
  const committed = offsetsByPartition(offsets.filter((offset) => offset.topic === topic));
  const endOf = offsetsByPartition(ends);
  const isByTime = typeof to === 'object' && 'timestamp' in to;
  const atTime = offsetsByPartition(isByTime ? await topics.offsets(topic, Date.parse(to.timestamp)) : []);
  return starts
    .filter(({ partition }) => body.partitions?.includes(partition) ?? true)
    .map(({ partition, offset: start }) => {
      const end = endOf.get(partition) ?? start;
      const old = committed.get(partition) ?? null;
      const wanted = wantedOffset(to, { start, end, old, atTime: atTime.get(partition) ?? -1 });
      if (wanted === null) {
        const message = `Group ${group} has committed nothing on ${topic}-${partition}, so nothing can be shifted: name the partitions that it has committed, or give an offset`;
        throw new FieldProblems(message, [{ pointer: '/to/shift_by', code: 'no_offset', message }]);
      }
      return { partition, old, next: Math.min(end, Math.max(start, wanted)) };
    });
}

function wantedOffset(
  to: ResetBody['to'],
  { start, end, old, atTime }: { start: number; end: number; old: number | null; atTime: number },
): number | null {
  if (to === 'earliest') return start;
  if (to === 'latest') return end;
  if ('offset' in to) return to.offset;
  // No record is that young: what comes next is.
  if ('timestamp' in to) return atTime < 0 ? end : atTime;
  return old === null ? null : old + to.shift_by;
}

function offsetsByPartition(
  offsets: readonly { readonly partition: number; readonly offset: number }[],
): ReadonlyMap<number, number> {
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]));
}
