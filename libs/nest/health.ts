/** Named checks behind `/readyz`; each is bounded in time, and they run side by side. */
import { messageOf } from '#std/errors';
import { withDeadline } from './deadline.js';

export interface HealthCheck {
  readonly name: string;
  /** Throws when it is not well. Gives a short text for people, or nothing. */
  check(): Promise<string | void>;
}

/** Checks that an app adds to those that administration has anyway. */
export class FurtherChecks {
  constructor(readonly list: readonly HealthCheck[]) {}
}

export interface HealthReport {
  readonly status: 'ready' | 'not ready';
  readonly checks: readonly HealthResult[];
}

export interface HealthResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly message: string | null;
}

const checkMsMax = 2_000;

export async function checkHealth(checks: readonly HealthCheck[]): Promise<HealthReport> {
  const results = await Promise.all(checks.map(runCheck));
  return { status: results.every((result) => result.ok) ? 'ready' : 'not ready', checks: results };
}

async function runCheck(health: HealthCheck): Promise<HealthResult> {
  const startedAt = performance.now();
  const done = (ok: boolean, message: string | null): HealthResult => {
    return { name: health.name, ok, ms: Math.round(performance.now() - startedAt), message };
  };
  try {
    return done(true, (await withDeadline(checkMsMax, health.check())) ?? null);
  } catch (error) {
    return done(false, messageOf(error));
  }
}
