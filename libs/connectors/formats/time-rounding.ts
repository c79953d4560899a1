import type { CalendarZone } from '#std/calendar-zone';

export type RoundUnit = 'second' | 'minute' | 'hour';

const unitMs: Readonly<Record<RoundUnit, number>> = { second: 1000, minute: 60_000, hour: 3_600_000 };
const unitsAbove: Readonly<Record<RoundUnit, number>> = { second: 60, minute: 60, hour: 24 };

/**
 * Flume's rounding: the field itself is rounded down to a multiple of `value`, on the zone's wall clock, and smaller fields
 * become zero. So 14:59:58 by 10 minutes is 14:50:00, and by 7 hours 14:00:00.
 */
export class TimeRounding {
  constructor(
    private readonly zone: CalendarZone,
    private readonly unit: RoundUnit,
    /** 1 to 60, of hours 1 to 24. */
    private readonly value: number,
  ) {}

  static valueMax(unit: RoundUnit): number {
    return unitsAbove[unit];
  }

  roundDown(timeMs: number): number {
    const size = unitMs[this.unit];
    const localMs = timeMs + this.zone.offsetMs(timeMs);
    const whole = Math.floor(localMs / size);
    const field = ((whole % unitsAbove[this.unit]) + unitsAbove[this.unit]) % unitsAbove[this.unit];
    return timeMs - (localMs - (whole - (field % this.value)) * size);
  }
}
