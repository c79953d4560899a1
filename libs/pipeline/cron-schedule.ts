import { Cron } from 'croner';
import { messageOf } from '#std/errors';

export interface CronSchedule {
  /** Five fields (minute, hour, day of month, month, day of week), or six with seconds in front. */
  readonly pattern: string;
  /** Of the time zone database: `UTC`, `Europe/Berlin`. */
  readonly timeZone: string;
}

/** Why a schedule will not do; null where it will. */
export function cronProblem(schedule: CronSchedule): string | null {
  try {
    return cronAfter(schedule, 0) === null ? 'there is no such time' : null;
  } catch (error) {
    return messageOf(error);
  }
}

/** The first time of the schedule after `afterMs`, both ms since 1970; null where none follows. Throws where the schedule will not do. */
export function cronAfter({ pattern, timeZone }: CronSchedule, afterMs: number): number | null {
  // Without a function it runs nothing and sets no timer.
  return new Cron(pattern, { timezone: timeZone, paused: true }).nextRun(new Date(afterMs))?.getTime() ?? null;
}
