import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { JobService } from '#jobs/job-service';
import { rangeFields, rangesOf, recordsIn } from '#jobs/record-range';
import { TopicAdmin } from '#topics/topic-admin';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageQuery, pageSchema, type Page, type PageQuery } from '../page.js';
import { withPlaces } from './job-problems.js';
import { requireRights } from './job-rights.js';
import { JobView } from './job-views.js';
import { JobsController } from './jobs-controller.js';

const place = { offset: z.int().min(0).optional(), timestamp: z.iso.datetime({ offset: true }).optional() };

const ReplayPlan = z
  .object({
    kind: z.literal('ReplayPlan'),
    records: z.int(),
    ranges: z.array(z.object({ partition: z.int(), from: z.int(), to: z.int() })),
  })
  .meta({ id: 'ReplayPlan' });

const NewReplay = z
  .strictObject({
    sink: z.string().optional().describe('Into the store of this sink, beside the sink itself.'),
    target_topic: z.string().optional().describe('Or into this topic.'),
    from: z.strictObject({ topic: z.string(), partitions: z.array(z.int().min(0)).optional(), ...place }),
    to: z.strictObject(place).optional(),
    filter: z.string().optional(),
    rate_limit: z.number().min(0).optional().describe('Records a second.'),
    mode: z
      .literal('shadow')
      .optional()
      .describe('The live sink and its position are not touched. To move the sink itself, change its offsets.'),
  })
  .meta({ id: 'NewReplay' });

/** Replays, which are jobs: a short way to begin one. */
@Section('Jobs')
@Controller('api/v1/replays')
export class ReplaysController {
  constructor(
    private readonly jobs: JobsController,
    private readonly service: JobService,
    private readonly topics: TopicAdmin,
  ) {}

  @Get()
  @Requires('jobs', 'read')
  @Summary('Replays, newest first')
  @Answers({ 200: pageSchema('JobList', JobView) })
  list(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<z.input<typeof JobView>>> {
    return this.jobs.list({ ...query, type: 'replay' }, request, response);
  }

  @Post()
  @HttpCode(202)
  @Requires('jobs', 'operate')
  @Summary(
    'Begins a replay; Location says where to watch it. With ?validate_only=true only says what it would read (200)',
  )
  @Answers({ 200: ReplayPlan, 202: JobView }, 404, 422)
  async begin(
    @Body({ schema: NewReplay }) body: z.output<typeof NewReplay>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<z.input<typeof JobView> | z.input<typeof ReplayPlan>> {
    const { from, to, rate_limit: rate, mode: _mode, ...rest } = body;
    const { topic, partitions } = from;
    const parameters = {
      ...rest,
      topic,
      ...(partitions === undefined ? {} : { partitions }),
      ...(placeOf(from) === undefined ? {} : { from: placeOf(from) }),
      ...(to === undefined || placeOf(to) === undefined ? {} : { to: placeOf(to) }),
      ...(rate === undefined ? {} : { rate }),
    };
    requireRights(request, 'replay', parameters);
    if (query.validate_only) {
      response.status(200);
      return this.plan(parameters);
    }
    return this.jobs.submit({ type: 'replay', parameters }, request, response);
  }

  private async plan(parameters: Readonly<Record<string, unknown>>): Promise<z.input<typeof ReplayPlan>> {
    let checked: unknown;
    try {
      checked = this.service.check('replay', parameters).parameters;
    } catch (error) {
      throw withPlaces(error);
    }
    const ranges = await rangesOf(this.topics, z.object(rangeFields).parse(checked));
    const views = ranges.map(({ partition, from, to }) => ({ partition, from, to }));
    return { kind: 'ReplayPlan', records: recordsIn(ranges), ranges: views };
  }
}

function placeOf({
  offset,
  timestamp,
}: {
  offset?: number | undefined;
  timestamp?: string | undefined;
}): object | undefined {
  if (timestamp !== undefined) return { timestamp };
  return offset === undefined ? undefined : { offset };
}
