import { randomUUID } from 'node:crypto';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import { restProxyV2 } from '#nest/media-types';
import { allows } from '../../access/grants.js';
import { principalOf } from '../../access/principal.js';
import { NotAudited, Requires } from '../../access/requires.js';
import { Section, Summary } from '../../operations/summary.js';
import { NewConsumer, Offsets, Partitions, ReadQuery, Subscription } from './consumer-bodies.js';
import { Consumers } from './consumers.js';
import { checkFormat, sendV2 } from './formats.js';

const readBytesDefault = 4 * 1024 * 1024;

/** Consumers of REST Proxy v2. Each lives in the process that made it, until it is deleted or idle for five minutes. */
@Section('Consumers (v2)')
@Controller('consumers/:group')
export class ConsumersController {
  constructor(private readonly consumers: Consumers) {}

  @Post()
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @HttpCode(200)
  @Summary('Makes a consumer in a group')
  create(
    @Param('group') group: string,
    @Body({ schema: NewConsumer }) body: z.infer<typeof NewConsumer>,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    const name = body.name ?? `rest-consumer-${randomUUID()}`;
    this.consumers.create({
      group,
      name,
      format: body.format,
      reset: body['auto.offset.reset'],
      isAutoCommit: body['auto.commit.enable'],
      bytesMin: body['fetch.min.bytes'],
      timeoutMs: body['consumer.request.timeout.ms'],
    });
    const base = `${request.protocol}://${request.headers.host ?? ''}/consumers`;
    const uri = `${base}/${encodeURIComponent(group)}/instances/${encodeURIComponent(name)}`;
    sendV2(request, response, { instance_id: name, base_uri: uri });
  }

  @Delete('instances/:instance')
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @HttpCode(204)
  @Summary('Closes a consumer; its partitions go to others at once')
  async delete(@Param('group') group: string, @Param('instance') name: string): Promise<void> {
    await this.consumers.delete(group, name);
  }

  @Post('instances/:instance/subscription')
  @Requires(['groups', 'topics'], 'operate')
  @NotAudited()
  @HttpCode(204)
  @Summary('Subscribes to topics, or to all whose name matches a pattern; takes the place of the subscription before')
  async subscribe(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Body({ schema: Subscription }) body: z.infer<typeof Subscription>,
    @Req() request: Request,
  ): Promise<void> {
    const instance = this.consumers.find(group, name);
    mayRead(request, body.topics ?? null);
    await instance.run(() => instance.subscribe(body.topics ?? [], body.topic_pattern ?? null));
  }

  @Get('instances/:instance/subscription')
  @Requires('groups', 'read', 'group')
  @Summary('Topics that the consumer is subscribed to')
  subscription(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    sendV2(request, response, { topics: this.consumers.find(group, name).subscribed });
  }

  @Delete('instances/:instance/subscription')
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @HttpCode(204)
  @Summary('Ends the subscription')
  async unsubscribe(@Param('group') group: string, @Param('instance') name: string): Promise<void> {
    const instance = this.consumers.find(group, name);
    await instance.run(() => instance.release());
  }

  @Post('instances/:instance/assignments')
  @Requires(['groups', 'topics'], 'operate')
  @NotAudited()
  @HttpCode(204)
  @Summary('Reads given partitions, without sharing them with others of the group')
  async assign(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Body({ schema: Partitions }) body: z.infer<typeof Partitions>,
    @Req() request: Request,
  ): Promise<void> {
    const instance = this.consumers.find(group, name);
    mayRead(
      request,
      body.partitions.map(({ topic }) => topic),
    );
    await instance.run(() => instance.assign(body.partitions));
  }

  @Get('instances/:instance/assignments')
  @Requires('groups', 'read', 'group')
  @Summary('Partitions that the consumer reads now')
  assignments(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    sendV2(request, response, { partitions: this.consumers.find(group, name).assigned });
  }

  @Get('instances/:instance/records')
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @Summary('Records, waiting for the first at most timeout ms')
  async records(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Query({ schema: ReadQuery }) query: z.infer<typeof ReadQuery>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const instance = this.consumers.find(group, name);
    const { format, timeoutMs } = instance.settings;
    checkFormat(request, format);
    const limits = {
      timeoutMs: positive(query.timeout) ?? timeoutMs,
      bytesMax: positive(query.max_bytes) ?? readBytesDefault,
    };
    const records = await instance.run(() => instance.take(limits, () => !response.destroyed));
    sendV2(request, response, records, restProxyV2[format]);
  }

  @Post('instances/:instance/offsets')
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @HttpCode(200)
  @Summary('Commits all records that were read, or given offsets of records that were processed')
  async commit(@Param('group') group: string, @Param('instance') name: string, @Req() request: Request): Promise<void> {
    const instance = this.consumers.find(group, name);
    const offsets = bodyOf(Offsets.nullable(), request)?.offsets ?? null;
    await instance.run(() => instance.commit(offsets));
  }

  @Get('instances/:instance/offsets')
  @Requires('groups', 'read', 'group')
  @Summary('Committed offsets of the partitions in the body; without a body, of those that are assigned')
  async committed(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const instance = this.consumers.find(group, name);
    const asked = bodyOf(Partitions.nullable(), request)?.partitions ?? instance.assigned;
    const offsets = await instance.run(() => instance.committed(asked));
    sendV2(request, response, { offsets });
  }

  @Post('instances/:instance/positions')
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @HttpCode(204)
  @Summary('The next read goes on at these offsets')
  async seek(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Body({ schema: Offsets }) body: z.infer<typeof Offsets>,
  ): Promise<void> {
    const instance = this.consumers.find(group, name);
    await instance.run(() => instance.seek(body.offsets));
  }

  @Post('instances/:instance/positions/beginning')
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @HttpCode(204)
  @Summary('The next read begins at the start of these partitions')
  async seekToBeginning(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Body({ schema: Partitions }) body: z.infer<typeof Partitions>,
  ): Promise<void> {
    const instance = this.consumers.find(group, name);
    await instance.run(() => instance.seekTo(body.partitions, 'earliest'));
  }

  @Post('instances/:instance/positions/end')
  @Requires('groups', 'operate', 'group')
  @NotAudited()
  @HttpCode(204)
  @Summary('The next read begins after the last record of these partitions')
  async seekToEnd(
    @Param('group') group: string,
    @Param('instance') name: string,
    @Body({ schema: Partitions }) body: z.infer<typeof Partitions>,
  ): Promise<void> {
    const instance = this.consumers.find(group, name);
    await instance.run(() => instance.seekTo(body.partitions, 'latest'));
  }
}

function positive(value: number | undefined): number | null {
  return value === undefined || value < 0 ? null : value;
}

/** A body that may be left out. Throws 422 for another one. */
function bodyOf<T>(schema: z.ZodType<T>, request: Request): T {
  const body: unknown = request.body;
  const checked = schema.safeParse(body ?? null);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new DetailedHttpError(422, problems.join('; '));
}

/** The route asks for rights on the group; what it reads has names too. Null: topics by a pattern, which may be all. */
function mayRead(request: Request, topics: readonly string[] | null): void {
  const { name, grants } = principalOf(request);
  for (const topic of topics ?? [null]) {
    if (allows(grants, { areas: ['topics'], level: 'read' }, topic)) continue;
    throw new DetailedHttpError(40_301, `${name} may not read ${topic === null ? 'topics by a pattern' : topic}.`);
  }
}
