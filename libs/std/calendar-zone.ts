/**
 * Wall-clock fields of a time zone, fast enough for one look-up a record: the zone's distance from UTC is asked of Intl once a
 * quarter of an hour of record time (no zone in use changes it in between) and kept.
 */
export class CalendarZone {
  private readonly offsets = new Map<number, number>();

  private constructor(private readonly offsetOf: (timeMs: number) => number) {}

  /**
   * An IANA name (`Europe/Berlin`), or Java's `UTC`, `Z` or `GMT+02:00`; null is the zone of this machine. Gives null where there is
   * no such zone. (Java would silently take GMT.)
   */
  static find(name: string | null): CalendarZone | null {
    const fixed = name === null ? null : fixedOffsetMs(name);
    if (fixed !== null) return new CalendarZone(() => fixed);
    try {
      const format = new Intl.DateTimeFormat('en-US', {
        timeZone: name ?? undefined,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
      return new CalendarZone((timeMs) => intlOffsetMs(format, timeMs));
    } catch {
      return null;
    }
  }

  /** Milliseconds to add to UTC. */
  offsetMs(timeMs: number): number {
    const slot = Math.floor(timeMs / slotMs);
    let offset = this.offsets.get(slot);
    if (offset === undefined) {
      if (this.offsets.size >= slotsMax) this.offsets.clear();
      offset = this.offsetOf(slot * slotMs);
      this.offsets.set(slot, offset);
    }
    return offset;
  }

  /** A date whose UTC fields (getUTCHours …) are this zone's. */
  fields(timeMs: number): Date {
    return new Date(timeMs + this.offsetMs(timeMs));
  }
}

const slotMs = 900_000;
const slotsMax = 4096;

function fixedOffsetMs(name: string): number | null {
  if (/^(UTC|GMT|Z)$/i.test(name)) return 0;
  const match = /^(?:GMT|UTC)([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(name);
  if (match === null) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return (match[1] === '-' ? -1 : 1) * minutes * 60_000;
}

function intlOffsetMs(format: Intl.DateTimeFormat, timeMs: number): number {
  const parts = new Map(format.formatToParts(timeMs).map((part) => [part.type, Number(part.value)]));
  const field = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const local = Date.UTC(
    field('year'),
    field('month') - 1,
    field('day'),
    field('hour'),
    field('minute'),
    field('second'),
  );
  return local - Math.floor(timeMs / 1000) * 1000;
}
