import { Body, Controller, Get, HttpCode, Inject, Optional, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { deadLetterErrors } from '#jobs/dead-letters/errors';
import { compileChoice } from '#jobs/dead-letters/letter-filter';
import type { Jobs } from '#jobs/job';
import { MillraceError } from '#std/errors';
import { principalOf } from '../../access/principal.js';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { jobsToken } from '../jobs/jobs-token.js';
import { pageSchema, pageWith, type Page } from '../page.js';
import {
  DiscardBody,
  DiscardPlanView,
  LettersQuery,
  LetterView,
  NeighbourView,
  RedriveBody,
  RedrivePlanView,
  SummaryQuery,
  SummaryView,
} from './dead-letter-schemas.js';
import { DeadLetters } from './dead-letters.js';
import { placeIn, placeOfToken, tokenOfPlace } from './letter-place.js';
import { letterView } from './letter-views.js';

const SubmittedJob = z.object({ id: z.string(), type: z.string(), state: z.string() }).meta({ id: 'SubmittedJob' });

/** What died in sinks: counted, listed, sent again, discarded. */
@Section('Dead letters')
@Controller('api/v1/sinks')
export class DeadLettersController {
  constructor(
    private readonly letters: DeadLetters,
    @Optional() @Inject(jobsToken) private readonly jobs: Jobs | undefined,
  ) {}

  @Get(':sink/dlq')
  @Requires('sinks', 'read', 'sink')
  @Summary('Dead letters by what they died of, where they came from and over time, with how many are still open')
  @Answers({ 200: SummaryView }, 404, 422)
  summary(
    @Param('sink') sink: string,
    @Query({ schema: SummaryQuery }) query: z.output<typeof SummaryQuery>,
  ): Promise<object> {
    return this.letters.summary(sink, query);
  }

  @Get(':sink/dlq/records')
  @Requires('sinks', 'read', 'sink')
  @Summary('Dead letters with where they came from and why they died, by their place in the dead-letter topic')
  @Answers({ 200: pageSchema('DeadLetterList', LetterView) }, 404, 422)
  async list(
    @Param('sink') sink: string,
    @Query({ schema: LettersQuery }) query: z.output<typeof LettersQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const from = query.page_token === undefined ? null : placeOfToken(query.page_token);
    const { letters, next } = await this.letters.list(sink, query, from);
    const data = letters.map((kept) => letterView(kept, false));
    const token = next === null ? null : tokenOfPlace(next);
    return pageWith(data, { kind: 'DeadLetterList', token, request, response });
  }

  @Get(':sink/dlq/records/:partition/:offset')
  @Requires('sinks', 'read', 'sink')
  @Summary('One dead letter whole, with its stack trace')
  @Answers({ 200: LetterView }, 404, 422)
  async get(
    @Param('sink') sink: string,
    @Param('partition') partition: string,
    @Param('offset') offset: string,
  ): Promise<object> {
    return letterView(await this.letters.find(sink, placeIn(partition, offset)), true);
  }

  @Get(':sink/dlq/records/:partition/:offset/neighbour')
  @Requires('sinks', 'read', 'sink')
  @Summary('The nearest record that the sink took, of where a dead letter lay: to see what they do not have alike')
  @Answers({ 200: NeighbourView }, 404, 422)
  neighbour(
    @Param('sink') sink: string,
    @Param('partition') partition: string,
    @Param('offset') offset: string,
  ): Promise<object> {
    return this.letters.neighbour(sink, placeIn(partition, offset));
  }

  @Post([':sink/dlq\\:redrive', ':sink/dlq\\:replay'])
  @HttpCode(202)
  @Requires('sinks', 'operate', 'sink')
  @Summary(
    'Sends chosen dead letters again, each once, as a job; with ?validate_only=true says what would be sent (200)',
  )
  @Answers({ 200: RedrivePlanView, 202: SubmittedJob }, 404, 409, 422)
  async redrive(
    @Param('sink') sink: string,
    @Body({ schema: RedriveBody }) body: z.output<typeof RedriveBody>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    if (query.validate_only) {
      response.status(200);
      return this.letters.planRedrive(sink, body);
    }
    return this.submit('redrive', { sink, body, request, response });
  }

  @Post(':sink/dlq\\:discard')
  @HttpCode(202)
  @Requires('sinks', 'edit', 'sink')
  @Summary('Marks chosen dead letters as discarded, as a job; with ?validate_only=true says how many (200)')
  @Answers({ 200: DiscardPlanView, 202: SubmittedJob }, 404, 409, 422)
  async discard(
    @Param('sink') sink: string,
    @Body({ schema: DiscardBody }) body: z.output<typeof DiscardBody>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    if (query.validate_only) {
      response.status(200);
      return this.letters.planDiscard(sink, body);
    }
    return this.submit('discard', { sink, body, request, response });
  }

  /** What is wrong is said now, not by a job that fails. */
  private async submit(
    type: string,
    given: { sink: string; body: z.output<typeof DiscardBody>; request: Request; response: Response },
  ): Promise<object> {
    const { sink, body, request, response } = given;
    await this.letters.box(sink);
    compileChoice(body);
    if (this.jobs === undefined) {
      throw new MillraceError(deadLetterErrors.noJobs, 'This administration runs no jobs: ask one that does.');
    }
    const job = await this.jobs.submit(type, { sink, ...body }, principalOf(request).name);
    response.setHeader('Location', `/api/v1/jobs/${encodeURIComponent(job.id)}`);
    return { id: job.id, type: job.type, state: job.state };
  }
}
