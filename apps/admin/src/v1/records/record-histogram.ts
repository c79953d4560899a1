/** How many records there are in each step of time, by the time indexes of the partitions: nothing is read. */
import { z } from 'zod';
import type { TopicAdmin } from '#topics/topic-admin';

const stepsMax = 120;

export const HistogramQuery = z
  .object({
    from: z.iso.datetime({ offset: true }).optional().describe('Default: the time of the first record.'),
    to: z.iso.datetime({ offset: true }).optional().describe('Default: now.'),
    steps: z.coerce.number().int().min(1).max(stepsMax).default(60),
  })
  .meta({ id: 'RecordHistogramQuery' });

export const RecordHistogram = z
  .object({
    from: z.iso.datetime().nullable().describe('Null: there are no records.'),
    step_ms: z.number(),
    counts: z.array(z.int()).describe('Offsets in each step, all partitions.'),
  })
  .meta({ id: 'RecordHistogram' });

/** Lookups at a time. */
const concurrency = 8;

export async function histogramOf(
  topics: TopicAdmin,
  topic: string,
  query: z.output<typeof HistogramQuery>,
): Promise<z.input<typeof RecordHistogram>> {
  const [firsts, ends] = await Promise.all([topics.offsets(topic, 0), topics.offsets(topic, 'latest')]);
  const known = firsts.flatMap(({ timestamp, offset }) => (offset >= 0 && timestamp >= 0 ? [timestamp] : []));
  if (known.length === 0) return { from: null, step_ms: 0, counts: [] };
  const from = query.from === undefined ? Math.min(...known) : Date.parse(query.from);
  const to = Math.max(from + query.steps, query.to === undefined ? topics.cluster.clock.now() : Date.parse(query.to));
  const stepMs = Math.ceil((to - from) / query.steps);
  const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]));
  const placeAt = async (ms: number): Promise<number> => {
    const found = await topics.offsets(topic, ms);
    // No record is as late: all are before.
    return found.reduce((sum, { partition, offset }) => sum + (offset < 0 ? (endOf.get(partition) ?? 0) : offset), 0);
  };
  const moments = Array.from({ length: query.steps + 1 }, (_, step) => from + step * stepMs);
  const places: number[] = [];
  for (let at = 0; at < moments.length; at += concurrency) {
    places.push(...(await Promise.all(moments.slice(at, at + concurrency).map(placeAt))));
  }
  const counts = places.slice(1).map((place, step) => Math.max(0, place - (places[step] ?? place)));
  return { from: new Date(from).toISOString(), step_ms: stepMs, counts };
}
