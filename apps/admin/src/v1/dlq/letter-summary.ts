import type { z } from 'zod';
import { commonMessage } from '#jobs/dead-letters/common-message';
import type { KeptLetter } from '#jobs/dead-letters/letter-box';
import { diedAt, stateOf } from '#jobs/dead-letters/letter-filter';
import type { SummaryView } from './dead-letter-schemas.js';

type View = z.output<typeof SummaryView>;
type Group = View['groups'][number];

const groupsMax = 200;
const groupsKeptMax = 10_000;
const originsMax = 1000;
const stepsMax = 60;
const classesMax = 20;
const otherClasses = 'others';

/** Counts dead letters by what they died of, by where they came from and over time. */
export class LetterSummary {
  private readonly counts = { open: 0, sending: 0, redriven: 0, discarded: 0 };
  private readonly groups = new Map<string, Group>();
  private readonly origins = new Map<string, View['origins'][number]>();
  private readonly deaths: { readonly at: number; readonly errorClass: string }[] = [];
  private readonly classes = new Set<string>();

  add(kept: KeptLetter): void {
    const { letter, handled } = kept;
    const { origin } = letter;
    const state = stateOf(handled);
    const diedMs = diedAt(letter);
    this.counts[state] += 1;
    this.deaths.push({ at: diedMs, errorClass: this.classOf(origin.errorClass) });
    const message = origin.message === null ? null : commonMessage(origin.message);
    const at = new Date(diedMs).toISOString();
    const example = { topic: letter.topic, partition: letter.partition, offset: letter.offset };
    const key = JSON.stringify([origin.stage, origin.errorClass, message]);
    const group = this.groups.get(key);
    const isOpen = state === 'open' ? 1 : 0;
    if (group !== undefined) {
      const isNewest = at >= group.last_at;
      Object.assign(group, {
        count: group.count + 1,
        open: group.open + isOpen,
        first_at: at < group.first_at ? at : group.first_at,
        ...(isNewest ? { last_at: at, example } : {}),
      });
    } else if (this.groups.size < groupsKeptMax) {
      const { stage, errorClass } = origin;
      const born = {
        stage,
        error_class: errorClass,
        message,
        count: 1,
        open: isOpen,
        first_at: at,
        last_at: at,
        example,
      };
      this.groups.set(key, born);
    }
    const place = JSON.stringify([origin.topic, origin.partition]);
    const known = this.origins.get(place);
    if (known !== undefined) this.origins.set(place, { ...known, count: known.count + 1 });
    else if (this.origins.size < originsMax) {
      this.origins.set(place, { topic: origin.topic, partition: origin.partition, count: 1 });
    }
  }

  view(): Pick<View, 'counts' | 'groups' | 'origins' | 'timeline'> {
    const byCount = (left: { count: number }, right: { count: number }): number => right.count - left.count;
    return {
      counts: this.counts,
      groups: [...this.groups.values()].sort(byCount).slice(0, groupsMax),
      origins: [...this.origins.values()].sort(byCount),
      timeline: this.timeline(),
    };
  }

  /** Classes beyond the limit are counted together. */
  private classOf(errorClass: string | null): string {
    const name = errorClass ?? '';
    if (this.classes.size < classesMax) this.classes.add(name);
    return this.classes.has(name) ? name : otherClasses;
  }

  private timeline(): View['timeline'] {
    if (this.deaths.length === 0) return [];
    const first = this.deaths.reduce((least, { at }) => Math.min(least, at), Infinity);
    const last = this.deaths.reduce((most, { at }) => Math.max(most, at), -Infinity);
    const stepMs = Math.max(1000, Math.ceil((last - first + 1) / stepsMax));
    const steps = Array.from({ length: Math.floor((last - first) / stepMs) + 1 }, () => new Map<string, number>());
    for (const { at, errorClass } of this.deaths) {
      const step = steps[Math.floor((at - first) / stepMs)];
      step?.set(errorClass, (step.get(errorClass) ?? 0) + 1);
    }
    return steps.map((classes, step) => ({
      at: new Date(first + step * stepMs).toISOString(),
      count: [...classes.values()].reduce((sum, count) => sum + count, 0),
      classes: Object.fromEntries(classes),
    }));
  }
}
