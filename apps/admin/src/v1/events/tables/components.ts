import type { LiveReport } from '#control/live-reports';
import { fieldOf, numberOf, textOf } from '../said.js';

/** A component of a flume.conf, as the collector that runs it says. */
export interface SaidComponent {
  readonly kind: 'source' | 'channel' | 'sink';
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly error: string | null;
  /** By Flume's names, since the agent's start. */
  readonly counters: Readonly<Record<string, number>>;
  readonly lastEventAt: number | null;
  readonly interceptors: readonly SaidInterceptor[];
}

export interface SaidInterceptor {
  readonly name: string;
  readonly type: string;
  readonly received: number;
  readonly passed: number;
  readonly failed: number;
}

export function componentsOf({ details }: LiveReport): readonly SaidComponent[] {
  return listOf(details['components']).flatMap((said) => {
    const kind = textOf(fieldOf(said, 'kind'));
    if (kind !== 'source' && kind !== 'channel' && kind !== 'sink') return [];
    return [
      {
        kind,
        name: textOf(fieldOf(said, 'name')) ?? '',
        type: textOf(fieldOf(said, 'type')) ?? '',
        state: textOf(fieldOf(said, 'state')) ?? '',
        error: textOf(fieldOf(said, 'error')),
        counters: numbersOf(fieldOf(said, 'counters')),
        lastEventAt: numberOf(fieldOf(said, 'lastEventAt')),
        interceptors: listOf(fieldOf(said, 'interceptors')).map((each) => ({
          name: textOf(fieldOf(each, 'name')) ?? '',
          type: textOf(fieldOf(each, 'type')) ?? '',
          received: numberOf(fieldOf(each, 'received')) ?? 0,
          passed: numberOf(fieldOf(each, 'passed')) ?? 0,
          failed: numberOf(fieldOf(each, 'failed')) ?? 0,
        })),
      },
    ];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numbersOf(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
