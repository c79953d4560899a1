import { useCallback, useEffect, useRef, useState } from 'react';
import { requestLines } from '../../api/request.js';
import { pathOf } from './collector-api.js';

export interface TappedEvent {
  /** In the order of arrival, from 1. */
  readonly number: number;
  /** When it was seen here, ms since 1970. */
  readonly at: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
  readonly bodyBytes: number;
}

type TapLine = Omit<TappedEvent, 'number' | 'at'> | { readonly passed: number; readonly dropped: number };

export interface TapState {
  readonly isOpen: boolean;
  /** Newest first. */
  readonly events: readonly TappedEvent[];
  /** Since it was opened; `unseen` of them were not sent, because only a sample is. */
  readonly passed: number;
  readonly unseen: number;
  readonly error: unknown;
}

export const tapKeptMax = 100;
/** So often is drawn what has come, ms. */
const drawMs = 250;
export const tapSeconds = 120;
const tapEventsMax = 5_000;
const closed: TapState = { isOpen: false, events: [], passed: 0, unseen: 0, error: null };

/** Events as they pass an edge, for two minutes at most; while `isHeld` what comes is counted and not shown. */
export function useTap(collector: string, isHeld: boolean) {
  const [state, setState] = useState<TapState>(closed);
  const held = useRef(isHeld);
  held.current = isHeld;
  const leaving = useRef<AbortController | null>(null);
  const stop = useCallback(() => leaving.current?.abort(), []);
  useEffect(() => stop, [stop]);
  const start = useCallback(
    async (edge: string): Promise<void> => {
      leaving.current?.abort();
      const { signal } = (leaving.current = new AbortController());
      setState({ ...closed, isOpen: true });
      const query = { edge, max: tapEventsMax, seconds: tapSeconds };
      let number = 0;
      let counts = { passed: 0, unseen: 0 };
      let fresh: TappedEvent[] = [];
      let drawnAt = 0;
      const draw = (): void => {
        const newest = fresh;
        fresh = [];
        drawnAt = performance.now();
        const shown = counts;
        setState((old) => ({ ...old, ...shown, events: [...newest, ...old.events].slice(0, tapKeptMax) }));
      };
      try {
        for await (const line of requestLines<TapLine>('GET', `${pathOf(collector)}/tap`, { query, signal })) {
          // Each look ends with how many have passed.
          if ('passed' in line) {
            counts = { passed: line.passed, unseen: line.dropped };
            if (performance.now() - drawnAt >= drawMs) draw();
          } else if (!held.current) {
            number += 1;
            fresh = [{ ...line, number, at: Date.now() }, ...fresh].slice(0, tapKeptMax);
          }
        }
        draw();
      } catch (error) {
        if (!signal.aborted) setState((old) => ({ ...old, error }));
      }
      if (leaving.current?.signal === signal) setState((old) => ({ ...old, isOpen: false }));
    },
    [collector],
  );
  return { state, start, stop };
}
