/** Moves of this browser, so that each can be taken back; the newest first, at most twenty. */
import { request } from '../../api/request.js';
import { pathOf, type ResetPlan } from './group-api.js';

export interface KeptMove {
  readonly group: string;
  readonly topic: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly partitions: ResetPlan['partitions'];
}

const key = 'millrace.moves';
const movesMax = 20;

export function keptMoves(group: string): KeptMove[] {
  return all().filter((move) => move.group === group);
}

export function keepMove(plan: ResetPlan): void {
  const { group, topic, partitions } = plan;
  localStorage.setItem(
    key,
    JSON.stringify([{ group, topic, at: Date.now(), partitions }, ...all()].slice(0, movesMax)),
  );
}

/** Puts each partition back to where it was; partitions that had no offset stay where they are. */
export async function takeBack({ group, topic, at, partitions }: KeptMove): Promise<void> {
  for (const [offset, numbers] of byOldOffset(partitions)) {
    await request('POST', `${pathOf(group)}/offsets:reset`, { body: { topic, partitions: numbers, to: { offset } } });
  }
  localStorage.setItem(key, JSON.stringify(all().filter((move) => move.at !== at || move.group !== group)));
}

export function byOldOffset(partitions: ResetPlan['partitions']): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const { partition, old_offset } of partitions) {
    if (old_offset !== null) found.set(old_offset, [...(found.get(old_offset) ?? []), partition]);
  }
  return found;
}

function all(): KeptMove[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(kept) ? (kept as KeptMove[]) : [];
  } catch {
    return [];
  }
}
