import type { OnModuleDestroy } from '@nestjs/common';
import type { z } from 'zod';
import { deadLetterErrors } from '#jobs/dead-letters/errors';
import { LetterBox, type KeptLetter, type LetterBoxParts } from '#jobs/dead-letters/letter-box';
import { compileChoice, stateOf, type LetterChoice, type LetterConditions } from '#jobs/dead-letters/letter-filter';
import type { LetterState } from '#jobs/dead-letters/letter-ledger';
import { noRedrives, redriveVerdict, type RedriveFields } from '#jobs/dead-letters/letter-redrive';
import { letterAt } from '#jobs/dead-letters/letter';
import { readRanges, wholeTopic, type OffsetRange } from '#jobs/range-reader';
import { MillraceError } from '#std/errors';
import { TopicAdmin } from '#topics/topic-admin';
import type { DiscardPlanView, NeighbourView, RedrivePlanView, SummaryView } from './dead-letter-schemas.js';
import { goodNeighbour } from './good-neighbour.js';
import { LetterSummary } from './letter-summary.js';
import type { LetterPlace } from './letter-place.js';
import { contentView } from './letter-views.js';

type Conditions = LetterConditions & { readonly state?: LetterState | undefined; readonly scan_max: number };

/** How long one request may read, ms; what it has by then is its answer. */
const readMsMax = 8000;
const samplesMax = 5;
const sampleBytesMax = 4096;

export interface LetterList {
  readonly letters: readonly KeptLetter[];
  /** Where to go on; null at the end. */
  readonly next: LetterPlace | null;
}

/** Dead letters as REST asks for them: looks that are bounded in records and in time, and change nothing. */
export class DeadLetters implements OnModuleDestroy {
  constructor(private readonly parts: LetterBoxParts) {}

  /** The server stops. */
  onModuleDestroy(): Promise<void> {
    return this.parts.ledger.stop();
  }

  box(sink: string): Promise<LetterBox> {
    return LetterBox.open(this.parts, sink);
  }

  /** Counts the newest `scan_max`. */
  async summary(sink: string, query: Conditions): Promise<z.output<typeof SummaryView>> {
    const box = await this.box(sink);
    const chosen = compileChoice(query);
    const whole = await box.ranges();
    const total = sizeOf(whole);
    const summary = new LetterSummary();
    const newest = newestOf(whole, query.scan_max);
    const { scanned, isComplete } = await this.look(box, newest, (kept) => {
      const isWanted = query.state === undefined || stateOf(kept.handled) === query.state;
      if (isWanted && chosen.matches(kept.letter)) summary.add(kept);
      return true;
    });
    const complete = isComplete && sizeOf(newest) === total;
    return { kind: 'DeadLetterSummary', sink, topic: box.topic, total, scanned, complete, ...summary.view() };
  }

  /** By partition and offset; `from` is where an earlier list has ended. */
  async list(
    sink: string,
    query: Conditions & { readonly page_size: number },
    from: LetterPlace | null,
  ): Promise<LetterList> {
    const box = await this.box(sink);
    const chosen = compileChoice(query);
    const ranges = (await box.ranges())
      .toSorted((left, right) => left.partition - right.partition)
      .filter(({ partition }) => from === null || partition >= from.partition)
      .map((range) =>
        from?.partition === range.partition ? { ...range, from: Math.max(range.from, from.offset) } : range,
      );
    const letters: KeptLetter[] = [];
    let left = query.scan_max;
    for (const [index, range] of ranges.entries()) {
      let next = range.from;
      const part = { ...range, to: Math.min(range.to, range.from + left) };
      const { isComplete } = await this.look(box, [part], (kept) => {
        if (letters.length === query.page_size) return false;
        next = kept.letter.offset + 1;
        const isWanted = query.state === undefined || stateOf(kept.handled) === query.state;
        if (isWanted && chosen.matches(kept.letter)) letters.push(kept);
        return true;
      });
      if (isComplete) next = part.to;
      left -= next - range.from;
      if (next < range.to) return { letters, next: { partition: range.partition, offset: next } };
      const following = ranges[index + 1];
      if (following !== undefined && (letters.length === query.page_size || left <= 0)) {
        return { letters, next: { partition: following.partition, offset: following.from } };
      }
    }
    return { letters, next: null };
  }

  /** Throws `dead.letters.unknown` (404). */
  async find(sink: string, { partition, offset }: LetterPlace): Promise<KeptLetter> {
    const box = await this.box(sink);
    const found = await box.find(partition, offset, AbortSignal.timeout(readMsMax));
    if (found !== null) return found;
    const what = `There is no dead letter of sink ${sink} at ${box.topic}-${partition}, offset ${offset}`;
    throw new MillraceError(deadLetterErrors.noLetter, what);
  }

  /** Of whichever sink it is. Throws as `find`. */
  async findIn(topic: string, { partition, offset }: LetterPlace): Promise<KeptLetter> {
    const described = await new TopicAdmin(this.parts.cluster).describeTopic(topic);
    const range = { topic, partition, from: offset, to: offset + 1 };
    const isThere = described !== null && partition < described.partitions;
    const whole = isThere ? await wholeTopic(new TopicAdmin(this.parts.cluster), topic) : [];
    const known = whole.find((candidate) => candidate.partition === partition);
    if (described !== null && known !== undefined && offset >= known.from && offset < known.to) {
      for await (const polled of readRanges(this.parts.cluster, [range], AbortSignal.timeout(readMsMax))) {
        const letter = letterAt(polled, 0);
        const sink = letter.origin.connector;
        const book = { sink: sink ?? '', topicId: described.id };
        const handled = sink === null ? null : ((await this.parts.ledger.handled(book, range)).get(offset) ?? null);
        return { letter, handled };
      }
    }
    throw new MillraceError(deadLetterErrors.noLetter, `There is no record at ${topic}-${partition}, offset ${offset}`);
  }

  /** Throws as `find`. */
  async neighbour(sink: string, place: LetterPlace): Promise<z.output<typeof NeighbourView>> {
    const { letter } = await this.find(sink, place);
    const connector = await this.parts.store.findConnector(sink);
    const group = connector?.config['consumer.override.group.id'] ?? `connect-${sink}`;
    const signal = AbortSignal.timeout(readMsMax);
    try {
      return await goodNeighbour(this.parts.cluster, { box: await this.box(sink), letter, group, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return { record: null, reason: `Looking for one took longer than ${readMsMax / 1000} seconds.` };
    }
  }

  /** What a redrive would do; sends nothing. */
  async planRedrive(sink: string, fields: RedriveFields): Promise<z.output<typeof RedrivePlanView>> {
    const box = await this.box(sink);
    const chosen = compileChoice(fields);
    const counts = { ...noRedrives };
    const targets = new Map<string, number>();
    const samples: z.output<typeof RedrivePlanView>['samples'] = [];
    const given = { fields, chosen, box, job: 'plan', partitionsOf: () => null };
    const { scanned, isComplete } = await this.look(box, await box.ranges(chosen), (kept) => {
      const verdict = redriveVerdict(kept, given);
      if (verdict.kind === 'other') return true;
      if (verdict.kind !== 'send') {
        counts[verdict.kind] += 1;
        return true;
      }
      counts.sent += 1;
      targets.set(verdict.topic, (targets.get(verdict.topic) ?? 0) + 1);
      if (samples.length < samplesMax) {
        const { topic, partition, offset } = kept.letter;
        const { key = null, value } = verdict.record;
        samples.push({
          letter: { topic, partition, offset },
          topic: verdict.topic,
          key: contentView(key, sampleBytesMax),
          value: contentView(value, sampleBytesMax),
        });
      }
      return true;
    });
    await this.requireTopics([...targets.keys()]);
    const list = [...targets].map(([topic, count]) => ({ topic, count }));
    return { kind: 'RedrivePlan', topic: box.topic, scanned, complete: isComplete, counts, targets: list, samples };
  }

  /** What a discard would mark; marks nothing. */
  async planDiscard(sink: string, choice: LetterChoice): Promise<z.output<typeof DiscardPlanView>> {
    const box = await this.box(sink);
    const chosen = compileChoice(choice);
    let count = 0;
    const { scanned, isComplete } = await this.look(box, await box.ranges(chosen), ({ letter, handled }) => {
      if (stateOf(handled) === 'open' && chosen.matches(letter)) count += 1;
      return true;
    });
    return { kind: 'DiscardPlan', topic: box.topic, scanned, complete: isComplete, count };
  }

  private async requireTopics(names: readonly string[]): Promise<void> {
    const topics = new TopicAdmin(this.parts.cluster);
    for (const name of names) {
      if ((await topics.describeTopic(name)) !== null) continue;
      const what = `There is no topic ${name}, which dead letters came from or are to go to. Create it, or name another target_topic.`;
      throw new MillraceError(deadLetterErrors.target, what);
    }
  }

  /** Shows letters until all were seen, `see` gives false, or the time is up. */
  private async look(
    box: LetterBox,
    ranges: readonly OffsetRange[],
    see: (kept: KeptLetter) => boolean,
  ): Promise<{ scanned: number; isComplete: boolean }> {
    const signal = AbortSignal.timeout(readMsMax);
    let scanned = 0;
    try {
      for await (const page of box.read(ranges, signal)) {
        if (!page.letters.every(see)) return { scanned, isComplete: false };
        scanned += page.scanned;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      return { scanned, isComplete: false };
    }
    return { scanned, isComplete: true };
  }
}

function sizeOf(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
}

/** The ends of the partitions, equally much of each. */
function newestOf(ranges: readonly OffsetRange[], recordsMax: number): readonly OffsetRange[] {
  const each = Math.max(1, Math.floor(recordsMax / Math.max(1, ranges.length)));
  return ranges.map((range) => ({ ...range, from: Math.max(range.from, range.to - each) }));
}
