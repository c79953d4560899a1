import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Job } from '#jobs/job';
import { JobService } from '#jobs/job-service';
import { systemClock } from '#std/clock';
import { principalOf } from '../../access/principal.js';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { keyOfToken, pageSchema, pageWith, tokenOfKey, type Page } from '../page.js';
import { withPlaces } from './job-problems.js';
import { requireRights } from './job-rights.js';
import { JobLog, JobsQuery, JobTypeView, JobView, jobView, NewJob } from './job-views.js';

type View = z.input<typeof JobView>;

const eventMs = 500;

/** Long work on the server: what runs, how far it is, what came of it. */
@Section('Jobs')
@Controller('api/v1')
export class JobsController {
  constructor(private readonly jobs: JobService) {}

  @Get('job-types')
  @Requires('jobs', 'read')
  @Summary('What jobs there are, with the JSON Schema of their parameters')
  @Answers({ 200: z.array(JobTypeView) })
  types(): z.input<typeof JobTypeView>[] {
    return this.jobs.jobTypes.map(({ name, summary, unit, parameters }) => {
      const { $schema: _dialect, ...schema } = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' });
      return { name, summary, unit, parameters: schema };
    });
  }

  @Get('jobs')
  @Requires('jobs', 'read')
  @Summary('Jobs, newest first')
  @Answers({ 200: pageSchema('JobList', JobView) })
  async list(
    @Query({ schema: JobsQuery }) query: z.output<typeof JobsQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<View>> {
    const { type, state, page_size: limit, page_token: after } = query;
    const found = await this.jobs.list({
      limit: limit + 1,
      ...(type === undefined ? {} : { type }),
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { before: keyOfToken(after) }),
    });
    const data = found.slice(0, limit);
    const last = found.length > limit ? data.at(-1) : undefined;
    const token = last === undefined ? null : tokenOfKey(last.id);
    return pageWith(data.map(jobView), { kind: 'JobList', token, request, response });
  }

  @Post('jobs')
  @HttpCode(202)
  @Requires('jobs', 'operate')
  @Summary('Begins a job; Location says where to watch it')
  @Answers({ 202: JobView }, 404, 422)
  async submit(
    @Body({ schema: NewJob }) body: z.output<typeof NewJob>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<View> {
    requireRights(request, body.type, body.parameters);
    const job = await this.submitted(body, principalOf(request).name);
    response.setHeader('Location', `/api/v1/jobs/${job.id}`);
    return jobView(job);
  }

  @Get('jobs/:id')
  @Requires('jobs', 'read')
  @Summary('A job: state, progress, what it found')
  @Answers({ 200: JobView }, 404)
  async get(@Param('id') id: string): Promise<View> {
    return jobView(await this.require(id));
  }

  @Get('jobs/:id/log')
  @Requires('jobs', 'read')
  @Summary('The newest lines of a job’s log')
  @Answers({ 200: JobLog }, 404)
  async log(@Param('id') id: string): Promise<z.input<typeof JobLog>> {
    await this.require(id);
    return { lines: [...(await this.jobs.log(id))] };
  }

  @Post('jobs/:id\\:cancel')
  @HttpCode(202)
  @Requires('jobs', 'operate')
  @Summary('Stops a job; one that has ended stays as it is')
  @Answers({ 202: JobView }, 404)
  async cancel(@Param('id') id: string): Promise<View> {
    const job = await this.jobs.cancel(id);
    if (job === null) throw new NotFoundException(`There is no job ${id}`);
    return jobView(job);
  }

  @Post('jobs/:id\\:resume')
  @HttpCode(202)
  @Requires('jobs', 'operate')
  @Summary('Lets a job that was cancelled or has failed go on from where it was; any other stays as it is')
  @Answers({ 202: JobView }, 404)
  async resume(@Param('id') id: string): Promise<View> {
    const job = await this.jobs.resume(id);
    if (job === null) throw new NotFoundException(`There is no job ${id}`);
    return jobView(job);
  }

  /** Server-sent events: the job at each change, until it has ended. */
  @Get('jobs/:id/events')
  @Requires('jobs', 'read')
  @Summary('A job as it goes on, as server-sent events, until it has ended')
  @Answers({ 200: 'text/event-stream' }, 404)
  async events(@Param('id') id: string, @Res() response: Response): Promise<void> {
    let job: Job | null = await this.require(id);
    const leaving = new AbortController();
    response.once('close', () => leaving.abort());
    response.status(200).type('text/event-stream').setHeader('Cache-Control', 'no-store');
    let shown = '';
    while (job !== null && !leaving.signal.aborted) {
      const text = JSON.stringify(jobView(job));
      if (text !== shown) response.write(`event: job\ndata: ${text}\n\n`);
      shown = text;
      if (job.finishedAt !== null) break;
      await systemClock.sleep(eventMs, leaving.signal).catch(() => undefined);
      job = await this.jobs.find(id);
    }
    response.end();
  }

  private async require(id: string): Promise<Job> {
    const job = await this.jobs.find(id);
    if (job === null) throw new NotFoundException(`There is no job ${id}`);
    return job;
  }

  private async submitted({ type, parameters }: z.output<typeof NewJob>, by: string): Promise<Job> {
    try {
      return await this.jobs.submit(type, parameters, by);
    } catch (error) {
      throw withPlaces(error);
    }
  }
}
