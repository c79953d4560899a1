import { z } from 'zod';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import type { JobType } from '../job.js';
import { RecordCopy } from '../record-copy.js';
import { compileRecordFilter, filterField } from '../record-filter.js';
import { KeptRanges, rangeFields, rangesOf } from '../record-range.js';

export const copyFields = {
  ...rangeFields,
  filter: filterField.optional(),
  rate: z.number().min(0).max(10_000_000).default(0).describe('Records a second; 0: as fast as it goes.'),
  provenance: z
    .boolean()
    .default(false)
    .describe('Headers `__source.topic`, `__source.partition` and `__source.offset` say where a record came from.'),
} as const;

const Parameters = z.strictObject({
  ...copyFields,
  target_topic: z.string().min(1).max(249).describe('Has to be there. Partitions are kept where it has as many.'),
  target_bootstrap: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('Another cluster, `host:port,…`, without TLS and login. Default: the same.'),
});
type Parameters = z.output<typeof Parameters>;

/** What is copied is settled when the job begins; how far it is, the target knows. */
const State = z.object({ ranges: KeptRanges });

export const copyJob: JobType<Parameters, z.output<typeof State>> = {
  name: 'copy',
  summary: 'Copies records of a topic into another one, here or in another cluster, each once.',
  unit: 'records',
  parameters: Parameters,
  state: State,
  async run(job, { cluster, clock, logger }) {
    const { target_topic: targetTopic, target_bootstrap: bootstrap, filter, provenance, rate } = job.parameters;
    const ranges = job.state?.ranges ?? (await rangesOf(new TopicAdmin(cluster), job.parameters));
    await job.checkpoint({ ranges });
    const clientId = `millrace-job-${job.id}`;
    const target =
      bootstrap === undefined
        ? cluster
        : new Cluster({ bootstrap: parseBootstrap(bootstrap), clientId, clock, logger });
    try {
      const copy = new RecordCopy({
        ...{
          jobId: job.id,
          isFirst: job.state === null,
          source: cluster,
          target,
          targetTopic,
          ranges,
          provenance,
          rate,
          clock,
        },
        filter: filter === undefined ? null : compileRecordFilter(filter),
        signal: job.signal,
        progress: (done, total) => job.progress(done, total),
        log: (line) => job.log(line),
      });
      return { ...(await copy.run()), target_topic: targetTopic };
    } finally {
      if (target !== cluster) await target.close();
    }
  },
};
