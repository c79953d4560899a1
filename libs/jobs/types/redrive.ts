/**
 * Sends dead letters again, into the topic that each came from, exactly once: the copies and the position in the dead-letter topic are one
 * transaction, under a group of the job's own. The ledger says before that they are being sent and after that they are; whoever redrives
 * next settles what a process left in between by the group's position.
 *
 * The transactional id is the sink's: of two redrives of one sink the later one ends the earlier.
 */
import { z } from 'zod';
import { messageOf, MillraceError } from '#std/errors';
import { TopicAdmin } from '#topics/topic-admin';
import { TransactionalWriter } from '#topics/transactional-writer';
import { deadLetterErrors } from '../dead-letters/errors.js';
import { compileChoice } from '../dead-letters/letter-filter.js';
import { LetterBox } from '../dead-letters/letter-box.js';
import { LetterLedger } from '../dead-letters/letter-ledger.js';
import {
  noRedrives,
  RedriveCounts,
  redriveFields,
  redriveVerdict,
  type RedriveVerdict,
} from '../dead-letters/letter-redrive.js';
import type { JobParts, JobResult, JobRun, JobType } from '../job.js';
import { Pace } from '../pace.js';
import type { OffsetRange } from '../range-reader.js';

const Parameters = z.strictObject({
  sink: z.string().min(1).max(200).describe('Whose dead letters.'),
  ...redriveFields,
});
type Parameters = z.output<typeof Parameters>;

const State = z.object({
  /** What is still to be looked at. */
  ranges: z.array(z.object({ topic: z.string(), partition: z.int(), from: z.int(), to: z.int() })),
  scanned: z.int(),
  counts: RedriveCounts,
});
type State = z.output<typeof State>;

type Sent = Extract<RedriveVerdict, { kind: 'send' }>;

const batchRecordsMax = 500;
const closeMs = 2000;

export const redriveJob: JobType<Parameters, State> = {
  name: 'redrive',
  summary: 'Sends dead letters of a sink again, each once, into the topics that they came from.',
  unit: 'records',
  parameters: Parameters,
  state: State,
  async run(job, parts) {
    const ledger = new LetterLedger(parts);
    const { sink } = job.parameters;
    const writer = new TransactionalWriter(parts.cluster, { transactionalId: `millrace-redrive-${sink}` });
    try {
      const box = await LetterBox.open({ ...parts, ledger }, sink);
      return await new Redrive(job, parts, { box, ledger, writer }).run();
    } finally {
      await writer.close(closeMs);
      await ledger.stop();
    }
  },
};

class Redrive {
  private readonly topics: TopicAdmin;
  private readonly targets = new Map<string, number>();
  private readonly group: string;
  private state: State = { ranges: [], scanned: 0, counts: noRedrives };
  private total = 0;
  private readonly pace: Pace;
  private sent = 0;

  constructor(
    private readonly job: JobRun<Parameters, State>,
    parts: JobParts,
    private readonly own: {
      readonly box: LetterBox;
      readonly ledger: LetterLedger;
      readonly writer: TransactionalWriter;
    },
  ) {
    this.topics = new TopicAdmin(parts.cluster);
    this.pace = new Pace(parts.clock, job.parameters.rate);
    this.group = groupOf(job.id);
  }

  async run(): Promise<JobResult> {
    const { job, own } = this;
    const { box, ledger, writer } = own;
    const chosen = compileChoice(job.parameters);
    await writer.init();
    await ledger.settle(box.book, (id) => this.committed(groupOf(id)));
    this.state = job.state ?? (await this.begin(await box.ranges(chosen)));
    this.total = this.state.scanned + this.state.ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    for await (const page of box.read(await this.unread(), job.signal)) {
      for (let from = 0; from < page.letters.length; from += this.batchSize) {
        const letters = page.letters.slice(from, from + this.batchSize);
        const verdicts: { offset: number; verdict: RedriveVerdict }[] = [];
        for (const kept of letters) {
          const partitionsOf = (topic: string): number | null => this.targets.get(topic) ?? null;
          const judge = (): RedriveVerdict =>
            redriveVerdict(kept, { fields: job.parameters, chosen, box, job: job.id, partitionsOf });
          let verdict = judge();
          if (verdict.kind === 'send' && !this.targets.has(verdict.topic)) {
            await this.learn(verdict.topic);
            verdict = judge();
          }
          verdicts.push({ offset: kept.letter.offset, verdict });
        }
        const last = from + this.batchSize >= page.letters.length;
        const nextOffset = last ? page.nextOffset : (letters.at(-1)?.letter.offset ?? 0) + 1;
        await this.take(page.partition, nextOffset, verdicts);
      }
      if (page.letters.length === 0) await this.take(page.partition, page.nextOffset, []);
    }
    await ledger.prune(box.book, await this.topics.offsets(box.topic, 'earliest'));
    // The copies hold and are known; an older cluster without such a call lets the group expire.
    await this.topics.deleteGroup(this.group).catch((error: unknown) => {
      if (this.sent > 0) job.log(`Group ${this.group} stays: ${messageOf(error)}`);
    });
    return { ...this.state.counts, dead_letter_topic: box.topic };
  }

  /** A group of this name can only be of another database of jobs, whose numbers began at 1 too. */
  private async begin(ranges: readonly OffsetRange[]): Promise<State> {
    const left = await this.committed(this.group);
    if (left.size > 0) await this.topics.deleteGroup(this.group);
    const state = { ranges: [...ranges], scanned: 0, counts: noRedrives };
    await this.job.checkpoint(state);
    return state;
  }

  private get batchSize(): number {
    const { rate } = this.job.parameters;
    return rate === 0 ? batchRecordsMax : Math.min(batchRecordsMax, Math.max(1, Math.ceil(rate / 4)));
  }

  /** What a transaction has committed after the last checkpoint is not looked at again. */
  private async unread(): Promise<readonly OffsetRange[]> {
    const committed = await this.committed(this.group);
    return this.state.ranges.map((range) => ({
      ...range,
      from: Math.max(range.from, committed.get(range.partition) ?? 0),
    }));
  }

  private async committed(group: string): Promise<ReadonlyMap<number, number>> {
    const offsets = await this.topics.groupOffsets(group);
    return new Map(
      offsets.flatMap(({ topic, partition, offset }) => (topic === this.own.box.topic ? [[partition, offset]] : [])),
    );
  }

  /** Throws where a topic that records came from, or are to go to, is not there. */
  private async learn(topic: string): Promise<void> {
    const described = await this.topics.describeTopic(topic);
    if (described === null) {
      const what = `There is no topic ${topic}, which dead letters came from or are to go to. Create it, or name another target_topic.`;
      throw new MillraceError(deadLetterErrors.target, what);
    }
    this.targets.set(topic, described.partitions);
  }

  private async take(
    partition: number,
    nextOffset: number,
    verdicts: readonly { offset: number; verdict: RedriveVerdict }[],
  ): Promise<void> {
    const sending = verdicts.flatMap(({ offset, verdict }) =>
      verdict.kind === 'send' ? [{ offset, ...verdict }] : [],
    );
    const sent = sending.length === 0 ? 0 : await this.send(partition, nextOffset, sending);
    const { counts: known } = this.state;
    const counts = { ...known, sent: known.sent + sent, handled: known.handled + sending.length - sent };
    for (const { verdict } of verdicts) {
      if (verdict.kind !== 'send' && verdict.kind !== 'other') counts[verdict.kind] += 1;
    }
    const before = this.state.ranges.find((range) => range.partition === partition);
    const scanned = this.state.scanned + Math.max(0, nextOffset - (before?.from ?? nextOffset));
    const ranges = this.state.ranges.map((range) =>
      range.partition === partition ? { ...range, from: Math.max(range.from, nextOffset) } : range,
    );
    this.state = { ranges, scanned, counts };
    this.job.progress(scanned, this.total);
    await this.job.checkpoint(this.state);
    await this.pace.after(sent, this.job.signal);
  }

  private async send(
    partition: number,
    nextOffset: number,
    sending: readonly (Sent & { offset: number })[],
  ): Promise<number> {
    const { job, own } = this;
    const { box, ledger, writer } = own;
    const offsets = sending.map(({ offset }) => offset);
    // What a discard has marked meanwhile is not sent.
    const marked = await ledger.mark(box.book, 'sending', { job: job.id, partition, offsets });
    const open = sending.filter(({ offset }) => marked.has(offset));
    // A write that fails breaks the transaction, and is told by it.
    void writer.begin();
    try {
      await Promise.all(open.map(({ topic, record }) => writer.writeRecord(topic, record)));
      const committer = { groupId: this.group, generationId: -1, memberId: '', groupInstanceId: null };
      await writer.sendOffsets(committer, [{ topic: box.topic, partition, offset: nextOffset }]);
      await writer.commit();
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    }
    await ledger.confirm(box.book, job.id);
    this.sent += open.length;
    return open.length;
  }
}

function groupOf(job: string): string {
  return `millrace-redrive-${job}`;
}
