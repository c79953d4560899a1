import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Connector } from '#control/connector';
import { planChange } from '#pipeline/agent-plan-change';
import { principalOf } from '../../access/principal.js';
import { Requires, RequiresForEach } from '../../access/requires.js';
import { reportText, type ConfLine } from '../../connect/conf-report.js';
import type { ConnectorClass } from '../../connect/connector-class.js';
import { hideSecrets } from '../../connect/secrets.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { ListQuery, WriteQuery } from '../connectors/connector-schemas.js';
import { DesiredConnectors, type Wanted } from '../connectors/desired-connectors.js';
import { listConnectors } from '../connectors/list-connectors.js';
import { mergePatch } from '../merge-patch.js';
import { pageSchema, type Page } from '../page.js';
import { parsedBody } from '../parsed-body.js';
import { requireRevision, sendRevision } from '../revision.js';
import { MergePatch } from '../sinks/sink-schemas.js';
import { collectorForm, flatCollector } from './collector-form.js';
import {
  CollectorBody,
  CollectorQuery,
  CollectorValidation,
  CollectorView,
  type CollectorEffect,
} from './collector-schemas.js';

const TextOrPatch = z.union([z.string().max(1_000_000), MergePatch]).default({});
/** JSON, or the text of a flume.conf. */
const TextOrBody = z.union([z.string(), CollectorBody]);
type TextOrBody = z.output<typeof TextOrBody>;
type Given = z.output<typeof CollectorQuery>;

/** Collectors as they are wanted. */
@Section('Collectors')
@Controller('api/v1')
export class CollectorsController {
  constructor(private readonly desired: DesiredConnectors) {}

  @Get('collectors')
  @RequiresForEach('collectors', 'read')
  @Summary('Collectors by name, with how they are in brief')
  @Answers({ 200: pageSchema('CollectorList', CollectorView) })
  list(
    @Query({ schema: ListQuery }) query: z.output<typeof ListQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    return listConnectors(this.desired, collectorForm, { query, request, response });
  }

  @Post('collectors')
  @HttpCode(201)
  @Requires('collectors', 'edit', 'body.name')
  @Summary('Adds a collector, from JSON, or from a flume.conf as text/plain with ?name=&agent=')
  @Answers({ 200: CollectorView, 201: CollectorView }, 409, 422)
  create(
    @Body({ schema: TextOrBody }) given: TextOrBody,
    @Query({ schema: CollectorQuery }) query: Given,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const body = bodyOf(given, query);
    const name = body.name ?? query.name ?? '';
    return this.write(name, body, null, { isDryRun: query.validate_only, request, response });
  }

  @Post('collectors\\:validate')
  @HttpCode(200)
  @Requires('collectors', 'read')
  @Summary('Says line by line what a flume.conf means here; with Accept: text/plain as text. Changes nothing')
  @Answers({ 200: CollectorValidation }, 422)
  async validate(
    @Body({ schema: TextOrBody }) given: TextOrBody,
    @Query({ schema: CollectorQuery }) query: Given,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    const body = bodyOf(given, query);
    const wanted = { name: body.name ?? query.name ?? 'validated', config: flatCollector(body), old: null };
    return this.report(wanted, request, response);
  }

  @Post('collectors/:name\\:validate')
  @HttpCode(200)
  @Requires('collectors', 'read', 'name')
  @Summary(
    'The same of a collector that is there, or of what a text or a merge patch would make of it; and what that restarts',
  )
  @Answers({ 200: CollectorValidation }, 404, 422)
  async validateKept(
    @Param('name') name: string,
    @Body({ schema: TextOrPatch }) given: z.output<typeof TextOrPatch>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    const old = await this.desired.find(collectorForm, name);
    const patch = typeof given === 'string' ? { flume_conf: given } : given;
    const shown = collectorForm.show(this.desired.classes, old);
    if ('components' in patch) delete shown['flume_conf'];
    const config = flatCollector(parsedBody(CollectorBody, mergePatch(shown, patch)));
    return this.report({ name, config, old }, request, response);
  }

  @Get('collectors/:name')
  @Requires('collectors', 'read', 'name')
  @Summary('A collector as it is wanted; secrets in its text as ***')
  @Answers({ 200: CollectorView }, 404)
  async get(@Param('name') name: string, @Res({ passthrough: true }) response: Response): Promise<object> {
    const connector = await this.desired.find(collectorForm, name);
    sendRevision(response, connector.revision);
    return collectorForm.show(this.desired.classes, connector);
  }

  @Put('collectors/:name')
  @Requires('collectors', 'edit', 'name')
  @Summary('Replaces a collector or adds it (201), from JSON or text/plain. Honours If-Match')
  @Answers({ 200: CollectorView, 201: CollectorView }, 409, 412, 422)
  async put(
    @Param('name') name: string,
    @Body({ schema: TextOrBody }) given: TextOrBody,
    @Query({ schema: CollectorQuery }) query: Given,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const old = await this.desired.lookUp(collectorForm, name);
    if (old === null) requireRevision(request, `collector ${name}`, 0);
    return this.write(name, bodyOf(given, query), old, { isDryRun: query.validate_only, request, response });
  }

  @Patch('collectors/:name')
  @Requires('collectors', 'edit', 'name')
  @Summary('Changes what is named, by JSON Merge Patch; null removes. Honours If-Match')
  @Answers({ 200: CollectorView }, 404, 412, 422)
  async patch(
    @Param('name') name: string,
    @Body({ schema: MergePatch }) patch: z.output<typeof MergePatch>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const old = await this.desired.find(collectorForm, name);
    const shown = collectorForm.show(this.desired.classes, old);
    // Components take the place of the text that they came as.
    if ('components' in patch) delete shown['flume_conf'];
    const body = parsedBody(CollectorBody, mergePatch(shown, patch));
    return this.write(name, body, old, { isDryRun: query.validate_only, request, response });
  }

  @Delete('collectors/:name')
  @HttpCode(204)
  @Requires('collectors', 'edit', 'name')
  @Summary('Removes a collector; its files and positions stay, its history for 30 days')
  @Answers({ 204: null }, 404, 412)
  async delete(
    @Param('name') name: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
  ): Promise<void> {
    const { revision } = await this.desired.find(collectorForm, name);
    requireRevision(request, `collector ${name}`, revision);
    if (query.validate_only) return;
    const isGuarded = request.headers['if-match'] !== undefined;
    const by = principalOf(request).name;
    await this.desired.store.deleteConnector(name, { by, ...(isGuarded ? { expectedRevision: revision } : {}) });
  }

  private async report(wanted: Wanted, request: Request, response: Response): Promise<unknown> {
    const { spec, infos, connectorClass } = await this.desired.check(collectorForm, wanted);
    const lines = connectorClass.report?.(spec.config) ?? [];
    const errors = this.desired.problemsOf(collectorForm, infos);
    if (request.accepts(['application/json', 'text/plain']) === 'text/plain') {
      response.type('text/plain');
      return `${reportText(lines)}\n${verdictText(errors.length)}\n`;
    }
    const { 'flume.conf': flume_conf = '' } = hideSecrets(connectorClass.options, spec.config);
    const effect = wanted.old === null ? null : effectOf(connectorClass, wanted.old.config, spec.config);
    return { valid: errors.length === 0, errors, counts: countsOf(lines), lines, flume_conf, effect };
  }

  private async write(
    name: string,
    body: CollectorBody,
    old: Connector | null,
    given: { isDryRun: boolean; request: Request; response: Response },
  ): Promise<object> {
    const { response, isDryRun } = given;
    const config = { ...flatCollector(body), name: body.name ?? name };
    const wanted = { name, config, old, labels: body.labels, initialState: body.initial_state };
    const { connector, isNew } = await this.desired.write(collectorForm, wanted, given);
    response.status(isNew && !isDryRun ? 201 : 200);
    if (!isDryRun) sendRevision(response, connector.revision);
    if (isNew && !isDryRun) response.setHeader('Location', `/api/v1/collectors/${encodeURIComponent(connector.name)}`);
    return collectorForm.show(this.desired.classes, connector);
  }
}

/** Null where one of them has errors. */
function effectOf(
  connectorClass: ConnectorClass,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): CollectorEffect | null {
  const [old, next] = [connectorClass.plan?.(before) ?? null, connectorClass.plan?.(after) ?? null];
  if (old === null || next === null) return null;
  const { restarted, added, removed, kept } = planChange(old, next);
  const whole = old.name !== next.name;
  return {
    restarted: whole ? [...kept, ...restarted] : [...restarted],
    added: [...added],
    removed: [...removed],
    kept: whole ? [] : [...kept],
    whole,
  };
}

function bodyOf(given: TextOrBody, query: Given): CollectorBody {
  return typeof given === 'string' ? { flume_conf: given, name: query.name, agent: query.agent } : given;
}

function countsOf(lines: readonly ConfLine[]): Record<string, number> {
  const counts: Record<string, number> = { ok: 0, warning: 0, error: 0, ignored: 0 };
  for (const { verdict } of lines) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

function verdictText(errors: number): string {
  return errors === 0 ? 'It would run.' : `It would not run: ${errors} error(s).`;
}
