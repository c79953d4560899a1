import { FatalSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';

export interface StormOptions {
  /** So many bad records within the window are one too many; 0 = any number may be bad. */
  readonly recordsMax: number;
  /** So many per cent of the records within the window, once there are a hundred; 0 = any part may be bad. */
  readonly percentMax: number;
  readonly windowMs: number;
}

const slotCount = 12;
/** Of a few records one bad one is a large part. */
const percentRecordsMin = 100;

/**
 * Stops a task whose records are nearly all bad, which is a wrong converter or a changed table rather than bad data, before its dead-letter
 * topic holds a copy of the whole topic. Counts over a sliding window in slots.
 */
export class StormGuard {
  private readonly good = new Float64Array(slotCount);
  private readonly bad = new Float64Array(slotCount);
  private slot = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: StormOptions,
  ) {}

  /** Records that the sink took. */
  passed(count: number): void {
    this.turn();
    this.good[this.slot % slotCount] = (this.good[this.slot % slotCount] ?? 0) + count;
  }

  /** A record that is about to be put aside. Throws FatalSinkError where it is one too many. */
  refused(where: string, reason: string): void {
    this.turn();
    this.bad[this.slot % slotCount] = (this.bad[this.slot % slotCount] ?? 0) + 1;
    const { recordsMax, percentMax, windowMs } = this.options;
    const bad = sum(this.bad);
    const all = bad + sum(this.good);
    const isMany = recordsMax > 0 && bad > recordsMax;
    const isMost = percentMax > 0 && all >= percentRecordsMin && bad * 100 > percentMax * all;
    if (!isMany && !isMost) return;
    const limit = isMany ? `errors.storm.records.max=${recordsMax}` : `errors.storm.percent.max=${percentMax}`;
    throw new FatalSinkError(
      `${bad} of ${all} records within ${windowMs} ms were bad, more than ${limit} lets pass, so the task stops before more of them go ` +
        `to the dead letters. The last one, ${where}: ${reason}. Look at the converter and the store; restart the task to go on`,
      { isLasting: true },
    );
  }

  /** Empties the slots whose time is over. */
  private turn(): void {
    const now = Math.floor((this.clock.monotonic() * slotCount) / this.options.windowMs);
    const steps = Math.min(slotCount, now - this.slot);
    for (let step = 0; step < steps; step += 1) {
      this.good[(now - step) % slotCount] = 0;
      this.bad[(now - step) % slotCount] = 0;
    }
    this.slot = now;
  }
}

function sum(slots: Float64Array): number {
  return slots.reduce((total, count) => total + count, 0);
}
