/** Which records a job is about: a topic, some of its partitions, from a place to a place. */
import { z } from 'zod';
import { MillraceError } from '#std/errors';
import type { TopicAdmin } from '#topics/topic-admin';
import { jobErrors } from './errors.js';
import type { OffsetRange } from './range-reader.js';

const place = z.union([
  z.strictObject({ offset: z.int().min(0) }),
  z.strictObject({ timestamp: z.iso.datetime({ offset: true }) }),
]);

export const rangeFields = {
  topic: z.string().min(1).max(249).describe('The topic that is read.'),
  partitions: z.array(z.int().min(0)).min(1).max(10_000).optional().describe('Default: all.'),
  from: z
    .union([z.literal('earliest'), place])
    .default('earliest')
    .describe('`earliest`, {"offset": n} of each partition, or {"timestamp": "2026-01-31T00:00:00Z"}.'),
  to: z
    .union([z.literal('latest'), place])
    .default('latest')
    .describe('Where it ends, without the record at this place; `latest`: what there is when the job begins.'),
} as const;

const Range = z.object(rangeFields);
export type RangeFields = z.output<typeof Range>;

export const KeptRanges = z.array(
  z.object({ topic: z.string(), partition: z.int(), from: z.number(), to: z.number() }),
);

/** The ranges as they are now. Throws `jobs.range` where the topic, or a partition, is not there. */
export async function rangesOf(topics: TopicAdmin, given: RangeFields): Promise<OffsetRange[]> {
  const { topic, partitions } = given;
  if ((await topics.describeTopic(topic)) === null)
    throw new MillraceError(jobErrors.range, `There is no topic ${topic}`);
  const [starts, ends] = await Promise.all([topics.offsets(topic, 'earliest'), topics.offsets(topic, 'latest')]);
  const known = new Set(starts.map(({ partition }) => partition));
  const stray = partitions?.find((partition) => !known.has(partition));
  if (stray !== undefined) throw new MillraceError(jobErrors.range, `Topic ${topic} has no partition ${stray}`);
  const [first, last] = await Promise.all([placesIn(topics, topic, given.from), placesIn(topics, topic, given.to)]);
  return starts
    .filter(({ partition }) => partitions?.includes(partition) ?? true)
    .map(({ partition, offset: start }) => {
      const end = ends.find((each) => each.partition === partition)?.offset ?? start;
      const from = Math.max(start, Math.min(end, first(partition, start, end)));
      return { topic, partition, from, to: Math.max(from, Math.min(end, last(partition, end, end))) };
    });
}

export function recordsIn(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
}

/** Gives the offset of a partition: `word` for the words, `end` where no record is as late. */
async function placesIn(
  topics: TopicAdmin,
  topic: string,
  at: RangeFields['from'] | RangeFields['to'],
): Promise<(partition: number, word: number, end: number) => number> {
  if (typeof at === 'string') return (_partition, word) => word;
  if ('offset' in at) return () => at.offset;
  const found = await topics.offsets(topic, Date.parse(at.timestamp));
  const offsets = new Map(found.map(({ partition, offset }) => [partition, offset]));
  return (partition, _word, end) => {
    const offset = offsets.get(partition) ?? -1;
    return offset < 0 ? end : offset;
  };
}
