import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { TopicAdmin } from '#topics/topic-admin';
import type { Connector } from '#control/connector';
import { systemClock } from '#std/clock';
import { principalOf } from '../../access/principal.js';
import { Requires, RequiresForEach } from '../../access/requires.js';
import { requireClass } from '../../connect/connector-spec.js';
import { SinkOffsets } from '../../connect/sink-offsets.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { DesiredConnectors, type Wanted } from '../connectors/desired-connectors.js';
import { listConnectors } from '../connectors/list-connectors.js';
import { mergePatch } from '../merge-patch.js';
import { pageSchema, type Page } from '../page.js';
import { parsedBody } from '../parsed-body.js';
import { requireRevision, sendRevision } from '../revision.js';
import { flatConfig, sinkForm } from './sink-form.js';
import { DeleteQuery, MergePatch, NewSink, SinkBody, SinkListQuery, SinkView } from './sink-schemas.js';

/** Sinks as they are wanted. A verb follows a name behind a colon, in routes as `\\\\:`: Express 5 reads a bare one as a parameter. */
@Section('Sinks')
@Controller('api/v1/sinks')
export class SinksController {
  constructor(
    private readonly desired: DesiredConnectors,
    private readonly topics: TopicAdmin,
  ) {}

  @Get()
  @RequiresForEach('sinks', 'read')
  @Summary('Sinks by name, with how they are in brief')
  @Answers({ 200: pageSchema('SinkList', SinkView) })
  list(
    @Query({ schema: SinkListQuery }) query: z.output<typeof SinkListQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const { classes } = this.desired;
    const matches = ({ config }: Connector): boolean =>
      (query.type === undefined || classes.find(config['connector.class'] ?? '', config)?.name === query.type) &&
      (query.topic === undefined || readsTopic(config, query.topic));
    return listConnectors(this.desired, sinkForm, { query, matches, request, response });
  }

  @Post()
  @HttpCode(201)
  @Requires('sinks', 'edit', 'body.name')
  @Summary('Adds a sink; stops nothing that runs. With ?validate_only=true only says what would be (200)')
  @Answers({ 200: SinkView, 201: SinkView }, 409, 422)
  async create(
    @Body({ schema: NewSink }) body: z.output<typeof NewSink>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.write(body.name, body, null, { isDryRun: query.validate_only, request, response });
  }

  @Get(':name')
  @Requires('sinks', 'read', 'name')
  @Summary('A sink as it is wanted; secrets as {"$secret": "***"}')
  @Answers({ 200: SinkView }, 404)
  async get(@Param('name') name: string, @Res({ passthrough: true }) response: Response): Promise<object> {
    const connector = await this.desired.find(sinkForm, name);
    sendRevision(response, connector.revision);
    return sinkForm.show(this.desired.classes, connector);
  }

  @Put(':name')
  @Requires('sinks', 'edit', 'name')
  @Summary('Replaces a sink or adds it (201); what is left out takes its default, labels apart. Honours If-Match')
  @Answers({ 200: SinkView, 201: SinkView }, 409, 412, 422)
  async put(
    @Param('name') name: string,
    @Body({ schema: SinkBody }) body: SinkBody,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const old = await this.desired.lookUp(sinkForm, name);
    if (old === null) requireRevision(request, `sink ${name}`, 0);
    return this.write(name, body, old, { isDryRun: query.validate_only, request, response });
  }

  @Patch(':name')
  @Requires('sinks', 'edit', 'name')
  @Summary('Changes what is named, by JSON Merge Patch; null removes. Honours If-Match')
  @Answers({ 200: SinkView }, 404, 412, 422)
  async patch(
    @Param('name') name: string,
    @Body({ schema: MergePatch }) patch: z.output<typeof MergePatch>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const old = await this.desired.find(sinkForm, name);
    const body = parsedBody(SinkBody, mergePatch(sinkForm.show(this.desired.classes, old), patch));
    return this.write(name, body, old, { isDryRun: query.validate_only, request, response });
  }

  @Delete(':name')
  @HttpCode(204)
  @Requires('sinks', 'edit', 'name')
  @Summary('Removes a sink; its committed offsets stay, unless ?offsets=drop. Its history stays for 30 days')
  @Answers({ 204: null }, 404, 409, 412)
  async delete(
    @Param('name') name: string,
    @Query({ schema: DeleteQuery }) query: z.output<typeof DeleteQuery>,
    @Req() request: Request,
  ): Promise<void> {
    const connector = await this.desired.find(sinkForm, name);
    requireRevision(request, `sink ${name}`, connector.revision);
    if (query.validate_only) return;
    const offsets = query.offsets === 'drop' ? this.movableOffsets(connector) : null;
    const isGuarded = request.headers['if-match'] !== undefined;
    await this.desired.store.deleteConnector(name, {
      by: principalOf(request).name,
      ...(isGuarded ? { expectedRevision: connector.revision } : {}),
    });
    await offsets?.drop();
  }

  /** Throws 409 where the store itself says where to go on. */
  private movableOffsets(connector: Connector): SinkOffsets {
    const connectorClass = requireClass(this.desired.classes, connector.config);
    const fixed = connectorClass.offsetsFixed(connector.config);
    if (fixed !== null) throw new ConflictException(fixed);
    return new SinkOffsets({ topics: this.topics, clock: systemClock }, connectorClass, connector);
  }

  private async write(
    name: string,
    body: SinkBody,
    old: Connector | null,
    given: { isDryRun: boolean; request: Request; response: Response },
  ): Promise<object> {
    const { response, isDryRun } = given;
    const { connector, isNew } = await this.desired.write(sinkForm, this.wanted(name, body, old), given);
    response.status(isNew && !isDryRun ? 201 : 200);
    if (!isDryRun) sendRevision(response, connector.revision);
    if (isNew && !isDryRun) response.setHeader('Location', `/api/v1/sinks/${encodeURIComponent(connector.name)}`);
    return sinkForm.show(this.desired.classes, connector);
  }

  private wanted(name: string, body: SinkBody, old: Connector | null): Wanted {
    return {
      name,
      config: { ...flatConfig(this.desired.classes, body), name: body.name ?? name },
      old,
      labels: body.labels,
      initialState: body.initial_state,
    };
  }
}

function readsTopic(config: Readonly<Record<string, string>>, topic: string): boolean {
  const regex = config['topics.regex'] ?? '';
  if (regex === '') return (config['topics'] ?? '').split(',').some((name) => name.trim() === topic);
  return new RegExp(`^(?:${regex})$`).test(topic);
}
