/** How far somebody is with the tour; kept in this browser. */
import { useSyncExternalStore } from 'react';
import { tourBegun, type TourProgress } from './tour-steps.js';

const key = 'millrace.tour';
const listeners = new Set<() => void>();
let progress: TourProgress = read();

function read(): TourProgress {
  try {
    return { ...tourBegun, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<TourProgress>) };
  } catch {
    // Somebody else's word under our key: begin anew.
    return tourBegun;
  }
}

export function useTourProgress(): TourProgress {
  return useSyncExternalStore(subscribe, () => progress);
}

export function setTourProgress(change: Partial<TourProgress>): void {
  progress = { ...progress, ...change };
  localStorage.setItem(key, JSON.stringify(progress));
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
