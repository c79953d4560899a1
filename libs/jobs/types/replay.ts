import { z } from 'zod';
import { checkRecordCel } from '#connectors/transforms/cel/cel-record';
import { TopicAdmin } from '#topics/topic-admin';
import type { JobType } from '../job.js';
import { RecordCopy } from '../record-copy.js';
import { compileRecordFilter, filterField } from '../record-filter.js';
import { KeptRanges, rangeFields, rangesOf, recordsIn } from '../record-range.js';
import { SinkReplay } from '../sink-replay.js';

const Parameters = z
  .strictObject({
    ...rangeFields,
    sink: z.string().min(1).max(150).optional().describe('Into the store of this sink, beside the sink itself.'),
    target_topic: z.string().min(1).max(249).optional().describe('Or into this topic, which has to be there.'),
    filter: filterField.optional(),
    rate: z.number().min(0).max(10_000_000).default(0).describe('Records a second; 0: as fast as it goes.'),
  })
  .refine(({ sink, target_topic }) => (sink === undefined) !== (target_topic === undefined), {
    path: ['sink'],
    error: 'name either a sink or a target_topic',
  })
  .refine(({ sink, filter }) => sink === undefined || filter === undefined || checkRecordCel(filter) === null, {
    path: ['filter'],
    error: 'for a sink must be an expression over topic, partition, offset, timestamp, key, body, headers and json',
  });
type Parameters = z.output<typeof Parameters>;

const State = z.object({ ranges: KeptRanges });

/** `replay`, and `backfill`: the same from the earliest record on, as that is what it is asked for. */
function replayJobOf(name: string, summary: string): JobType<Parameters, z.output<typeof State>> {
  return {
    name,
    summary,
    unit: 'records',
    parameters: Parameters,
    state: State,
    async run(job, { cluster, store, environment, clock }) {
      const { sink, target_topic: targetTopic, filter, rate } = job.parameters;
      const topics = new TopicAdmin(cluster);
      const ranges = job.state?.ranges ?? (await rangesOf(topics, job.parameters));
      await job.checkpoint({ ranges });
      const { id: jobId, signal } = job;
      const progress = (done: number, total: number): void => job.progress(done, total);
      const log = (line: string): void => job.log(line);
      if (sink === undefined) {
        const copy = new RecordCopy({
          ...{
            jobId,
            isFirst: job.state === null,
            source: cluster,
            target: cluster,
            targetTopic: targetTopic ?? '',
            ranges,
            rate,
            clock,
            signal,
          },
          ...{ filter: filter === undefined ? null : compileRecordFilter(filter), provenance: true, progress, log },
        });
        return { ...(await copy.run()), target_topic: targetTopic };
      }
      const replay = new SinkReplay({
        ...{ jobId, sink, rate, filter: filter ?? null, createdBy: `Job:${jobId}`, store, topics, environment },
        ...{ ranges: ranges.filter(({ from, to }) => from < to), clock, signal, progress, log },
      });
      if (recordsIn(ranges) === 0) return { replayed: 0, sink };
      return { replayed: await replay.run(), sink };
    },
  };
}

export const replayJob = replayJobOf(
  'replay',
  'Gives records of the past once more to the store of a sink, beside the sink itself, or to a topic.',
);
export const backfillJob = replayJobOf(
  'backfill',
  'Gives a sink what lies in a topic from before the sink was there; a replay under the name that people look for.',
);
