/**
 * What a cluster keeps and for how long, and who is too slow for it: records that a group has not read are lost when retention removes them.
 * A record goes with its segment, some time after its age has come; the times here are the earliest.
 */
import { z } from 'zod';
import { MillraceError } from '#std/errors';
import { TopicAdmin, type GroupLag } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import type { PartitionPosition } from '#topics/topic-reader';
import { jobErrors } from '../errors.js';
import { jobGroupPrefix } from '../job-group.js';
import type { JobParts, JobResult, JobRun, JobType } from '../job.js';
import { timeText } from '../record-line.js';

const Parameters = z.strictObject({
  topics: z.array(z.string().min(1).max(249)).min(1).max(1000).optional().describe('Default: all but internal ones.'),
  within_hours: z
    .number()
    .min(0)
    .max(24 * 365)
    .default(24)
    .describe('A group is at risk where records that it has not read may go within so many hours.'),
});
type Parameters = z.output<typeof Parameters>;

/** Done again from the start after a kill: nothing is written. */
const State = z.null();

const topicsShownMax = 1_000;
const groupsShownMax = 1_000;
/** Partitions whose first records are looked at together, and for how long. */
const lookPartitions = 100;
const lookMs = 5_000;
const lookBytes = 64 * 1024;
const hourMs = 60 * 60 * 1000;

interface Retention {
  readonly policy: string;
  /** Null: no limit. */
  readonly ms: number | null;
  readonly bytes: number | null;
}

/** A group that reads a partition. */
type Reading = GroupLag & { readonly group: string; readonly at: number };

export const retentionReportJob: JobType<Parameters, null> = {
  name: 'retention-report',
  summary:
    'Tells what topics keep and for how long, and which groups have lost or will lose records they have not read.',
  unit: 'topics',
  parameters: Parameters,
  state: State,
  run: (job, parts) => new RetentionReport(job, parts).run(),
};

class RetentionReport {
  private readonly topics: TopicAdmin;
  private readonly shown: object[] = [];
  private readonly lost: object[] = [];
  private readonly atRisk: { readonly from: number; readonly row: object }[] = [];
  private readonly counts = { topics: 0, records: 0, lost: 0, atRisk: 0 };

  constructor(
    private readonly job: JobRun<Parameters, null>,
    private readonly parts: JobParts,
  ) {
    this.topics = new TopicAdmin(parts.cluster);
  }

  async run(): Promise<JobResult> {
    const { job } = this;
    const names = await this.names();
    const readings = await this.readings(new Set(names));
    for (const [index, name] of names.entries()) {
      job.signal.throwIfAborted();
      await this.look(name, readings.get(name) ?? []);
      job.progress(index + 1, names.length);
    }
    const { counts, shown, lost, atRisk } = this;
    return {
      matches: counts.lost + counts.atRisk === 0,
      topic_count: counts.topics,
      records: counts.records,
      lost_count: counts.lost,
      at_risk_count: counts.atRisk,
      lost,
      at_risk: atRisk.toSorted((left, right) => left.from - right.from).map(({ row }) => row),
      topics: shown,
    };
  }

  private async names(): Promise<readonly string[]> {
    const all = await this.topics.listTopics();
    const wanted = this.job.parameters.topics;
    if (wanted === undefined) return all.filter(({ internal }) => !internal).map(({ name }) => name);
    const known = new Set(all.map(({ name }) => name));
    const stray = wanted.find((name) => !known.has(name));
    if (stray !== undefined) throw new MillraceError(jobErrors.range, `There is no topic ${stray}`);
    return [...new Set(wanted)];
  }

  /** Where groups stand, by topic. A group that never committed has nothing to lose. */
  private async readings(topics: ReadonlySet<string>): Promise<ReadonlyMap<string, Reading[]>> {
    const found = new Map<string, Reading[]>();
    for (const { groupId: group } of await this.topics.listGroups()) {
      this.job.signal.throwIfAborted();
      if (group.startsWith(jobGroupPrefix)) continue;
      for (const lag of await this.topics.groupLag(group)) {
        if (lag.committed === null || !topics.has(lag.topic)) continue;
        const reading = { ...lag, group, at: Math.max(lag.committed, lag.start) };
        const known = found.get(lag.topic);
        if (known === undefined) found.set(lag.topic, [reading]);
        else known.push(reading);
      }
    }
    return found;
  }

  private async look(topic: string, readings: readonly Reading[]): Promise<void> {
    const [retention, starts, ends] = await Promise.all([
      this.retentionOf(topic),
      this.topics.offsets(topic, 'earliest'),
      this.topics.offsets(topic, 'latest'),
    ]);
    const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]));
    const filled = starts.filter(({ partition, offset }) => offset < (endOf.get(partition) ?? 0));
    const places = [...filled, ...readings.filter(({ at, end }) => at < end).map(placeOf)];
    const times = await this.timesOf(places.map(({ partition, offset }) => ({ topic, partition, offset })));
    const oldest = Math.min(...filled.map((place) => times.get(keyOf(place)) ?? Infinity));
    const records = filled.reduce((sum, { partition, offset }) => sum + (endOf.get(partition) ?? offset) - offset, 0);
    this.counts.topics += 1;
    this.counts.records += records;
    if (this.shown.length < topicsShownMax) {
      this.shown.push({
        topic,
        partitions: starts.length,
        records,
        oldest_record: Number.isFinite(oldest) ? timeText(oldest) : null,
        cleanup_policy: retention.policy,
        retention_ms: retention.ms,
        retention_bytes: retention.bytes,
        groups: new Set(readings.map(({ group }) => group)).size,
      });
    }
    for (const reading of readings) this.judge(reading, retention, times.get(keyOf(placeOf(reading))) ?? null);
  }

  private judge(reading: Reading, retention: Retention, timestamp: number | null): void {
    const { group, topic, partition, committed, start, end, at } = reading;
    const where = { group, topic, partition, committed };
    const gone = start - (committed ?? start);
    if (gone > 0) {
      this.counts.lost += 1;
      if (this.lost.length < groupsShownMax) this.lost.push({ ...where, records: gone, first_kept: start });
    }
    if (at >= end || timestamp === null || retention.ms === null || !retention.policy.includes('delete')) return;
    const from = timestamp + retention.ms;
    const now = this.parts.clock.now();
    if (from > now + this.job.parameters.within_hours * hourMs) return;
    this.counts.atRisk += 1;
    if (this.atRisk.length >= groupsShownMax) return;
    const times = { oldest_unread: timeText(timestamp), lost_from: timeText(from) };
    this.atRisk.push({ from, row: { ...where, unread: end - at, ...times, is_due: from <= now } });
  }

  private async retentionOf(topic: string): Promise<Retention> {
    const configs = await this.topics.describeConfigs(topic);
    const valueOf = (name: string): string => configs.find((config) => config.name === name)?.value ?? '';
    return {
      policy: valueOf('cleanup.policy') || 'delete',
      ms: limitOf(valueOf('retention.ms')),
      bytes: limitOf(valueOf('retention.bytes')),
    };
  }

  /** Times of the first records at or after places. What is not there in time is left out. */
  private async timesOf(positions: readonly PartitionPosition[]): Promise<ReadonlyMap<string, number>> {
    const times = new Map<string, number>();
    // Several groups stand at one place of a partition, or at several: a reader has each partition once.
    let left = [...new Map(positions.map((position) => [keyOf(position), position])).values()];
    while (left.length > 0) {
      const round = new Map<number, PartitionPosition>();
      for (const position of left) {
        if (round.size < lookPartitions && !round.has(position.partition)) round.set(position.partition, position);
      }
      const taken = new Set(round.values());
      left = left.filter((position) => !taken.has(position));
      await this.lookAt(round, times);
    }
    return times;
  }

  private async lookAt(round: Map<number, PartitionPosition>, times: Map<string, number>): Promise<void> {
    const { cluster, clock } = this.parts;
    const reader = new TopicReader(cluster, { partitions: [...round.values()], partitionBytesMax: lookBytes });
    const endMs = clock.monotonic() + lookMs;
    await reader.start();
    try {
      while (round.size > 0 && clock.monotonic() < endMs) {
        this.job.signal.throwIfAborted();
        for (const { topic, partition, records } of await reader.poll(lookMs / 10)) {
          const position = round.get(partition);
          if (position === undefined || records.count === 0) continue;
          times.set(keyOf(position), records.timestamp(0));
          round.delete(partition);
          reader.pause([{ topic, partition }]);
        }
      }
    } finally {
      await reader.stop();
    }
  }
}

function placeOf({ partition, at }: Reading): { readonly partition: number; readonly offset: number } {
  return { partition, offset: at };
}

function keyOf({ partition, offset }: { readonly partition: number; readonly offset: number }): string {
  return `${partition} ${offset}`;
}

/** Null for -1, which is without a limit, and for what is not set. */
function limitOf(text: string): number | null {
  const limit = text === '' ? -1 : Number(text);
  return limit < 0 ? null : limit;
}
