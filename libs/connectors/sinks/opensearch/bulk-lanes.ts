import type { RecordAction } from './document-actions.js';

export interface BulkLimits {
  readonly recordsMax: number;
  /** Of documents. */
  readonly bytesMax: number;
  readonly lanes: number;
  /** Actions of one id go one after the other; else requests are dealt out to the lanes. */
  readonly keysInOrder: boolean;
}

/** Requests, in lanes: those of a lane go one after the other, lanes beside each other. */
export function bulkLanes(
  actions: readonly RecordAction[],
  limits: BulkLimits,
): readonly (readonly (readonly RecordAction[])[])[] {
  if (!limits.keysInOrder) {
    const lanes: (readonly RecordAction[])[][] = [];
    for (const [number, bulk] of cut(actions, limits).entries()) (lanes[number % limits.lanes] ??= []).push(bulk);
    return lanes;
  }
  const byKey: RecordAction[][] = [];
  for (const entry of actions) (byKey[hashOf(entry.action.id ?? '') % limits.lanes] ??= []).push(entry);
  return byKey.filter((lane) => lane !== undefined).map((lane) => cut(lane, limits));
}

function cut(actions: readonly RecordAction[], { recordsMax, bytesMax }: BulkLimits): (readonly RecordAction[])[] {
  const bulks: (readonly RecordAction[])[] = [];
  let from = 0;
  let bytes = 0;
  for (const [at, { action }] of actions.entries()) {
    const size = action.source?.length ?? 0;
    if (at > from && (at - from >= recordsMax || bytes + size > bytesMax)) {
      bulks.push(actions.slice(from, at));
      [from, bytes] = [at, 0];
    }
    bytes += size;
  }
  if (from < actions.length) bulks.push(actions.slice(from));
  return bulks;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
