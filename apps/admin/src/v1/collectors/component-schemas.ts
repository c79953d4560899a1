/** What runs inside a collector, and what becomes of sample lines in it. */
import { z } from 'zod';

export const ComponentView = z
  .object({
    kind: z.enum(['source', 'interceptor', 'channel', 'sink']),
    name: z.string(),
    source: z.string().nullable().describe('Of an interceptor: its source.'),
    type: z.string(),
    state: z
      .enum(['RUNNING', 'STARTING', 'FAILED', 'PAUSED', 'STOPPED', 'WAITING'])
      .describe('FAILED: its start is tried again; WAITING: no worker runs it.'),
    reason: z.string().nullable().describe('Why it is not well, in words; null while it is.'),
    received: z.number().nullable().describe('Events since it started; null: it does not run.'),
    passed: z.number().nullable().describe('What it gave on.'),
    dropped: z.number().nullable().describe('Left out by an interceptor, a selector or an optional channel.'),
    failures: z.number().nullable().describe('Tries that failed; what was tried comes again.'),
    size: z.number().nullable().describe('Events that a channel holds.'),
    capacity: z.number().nullable(),
    fill: z.number().nullable().describe('0 to 1.'),
    takes_from: z.array(z.string()).describe('Channels.'),
    puts_into: z.array(z.string()).describe('Channels.'),
    last_event_at: z.iso.datetime().nullable(),
    started_at: z.iso.datetime().nullable(),
    counters: z.record(z.string(), z.number()).describe('By Flume’s names.'),
  })
  .meta({ id: 'CollectorComponent' });
export type ComponentView = z.output<typeof ComponentView>;

export const ComponentList = z
  .object({
    kind: z.literal('CollectorComponentList'),
    agent: z.string(),
    agent_state: z
      .string()
      .nullable()
      .describe('RUNNING, DEGRADED: some component is not well; null: it does not run.'),
    worker_id: z.string().nullable(),
    reported_at: z.iso.datetime().nullable(),
    running_revision: z.int().nullable().describe('Which revision its worker runs.'),
    data: z.array(ComponentView),
  })
  .meta({ id: 'CollectorComponentList' });

export const TapQuery = z.object({
  edge: z
    .string()
    .min(1)
    .max(400)
    .describe('`source.r1` as read, `interceptors.r1` behind its interceptors, `channel.c1` into it, `sink.k1` to it.'),
  max: z.coerce.number().int().min(1).max(100_000).default(100).describe('Ends after so many events.'),
  seconds: z.coerce.number().int().min(1).max(3600).default(10),
});

export const PreviewBody = z
  .strictObject({
    flume_conf: z.string().max(1_000_000).optional().describe('Default: that of the collector.'),
    agent: z.string().min(1).optional().describe('Default: the only one of the text.'),
    source: z.string().min(1).optional().describe('Default: the first one.'),
    text: z.string().describe('Each line is the body of an event: at most 1,000 lines and 1 MB.'),
    headers: z
      .record(z.string().min(1).max(200), z.string().max(4096))
      .refine((headers) => Object.keys(headers).length <= 50, 'at most 50 headers')
      .default({})
      .describe('That the source gives to each event.'),
  })
  .meta({ id: 'CollectorPreviewRequest' });
export type PreviewBody = z.output<typeof PreviewBody>;

const headers = z.record(z.string(), z.string());
export const Preview = z
  .object({
    source: z.string(),
    interceptors: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        ran: z.boolean(),
        note: z.string().nullable().describe('Why it did not run, or what is other than on a worker.'),
      }),
    ),
    selector: z.string(),
    channels: z.array(z.string()),
    counts: z.record(z.string(), z.int()).describe('Events delivered, dropped, unrouted, failed.'),
    ended_by: z.string().nullable().describe('Why not all lines had their turn; null: they had.'),
    ms: z.int(),
    events: z.array(
      z.object({
        line: z.int(),
        body: z.string(),
        outcome: z
          .enum(['delivered', 'dropped', 'unrouted', 'failed'])
          .describe('unrouted: no channel wants it, and it is dropped; failed: the source would try again for ever.'),
        by: z.string().nullable().describe('Interceptor that dropped it or failed, or `selector`.'),
        reason: z.string().nullable(),
        after: z
          .array(
            z.object({
              headers,
              body: z.string(),
              channels: z.array(z.object({ channel: z.string(), optional: z.boolean() })),
            }),
          )
          .describe('What channels get of it.'),
      }),
    ),
  })
  .meta({ id: 'CollectorPreview' });
export type Preview = z.output<typeof Preview>;
