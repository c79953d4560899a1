/** Texts that are being edited, kept over tabs and pages until this tab of the browser is closed: they may hold secrets. */
import { useSyncExternalStore } from 'react';

export interface Draft {
  readonly text: string;
  /** `ETag` of what it was made of. */
  readonly base: string;
  /** What it was made of. */
  readonly baseText: string;
}

const drafts = new Map<string, Draft>();
const listeners = new Set<() => void>();

/** Null: there is none. */
export function useDraft(collector: string): Draft | null {
  return useSyncExternalStore(subscribe, () => drafts.get(collector) ?? null);
}

export function setDraft(collector: string, draft: Draft | null): void {
  if (draft === null) drafts.delete(collector);
  else drafts.set(collector, draft);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
