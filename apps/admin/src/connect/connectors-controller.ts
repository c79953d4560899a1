import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
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
import { ControlStore } from '#control/control-store';
import type { Connector, TargetState } from '#control/connector';
import { Requires } from '../access/requires.js';
import { principalOf } from '../access/principal.js';
import { Section, Summary } from '../operations/summary.js';
import { ConnectorClasses } from './connector-class.js';
import { connectorInfo, connectorStatus, shownConfig } from './connector-answers.js';
import { ConnectorConfig, ConnectorConfigPatch, connectorSpec, NewConnector } from './connector-spec.js';
import { isOn } from './query-flag.js';
import { connectVersion } from '../product-version.js';

/** Connectors by Kafka Connect's REST: what is wanted, and how it is. */
@Section('Connectors')
@Controller('connectors')
export class ConnectorsController {
  constructor(
    private readonly store: ControlStore,
    private readonly classes: ConnectorClasses,
  ) {}

  @Get()
  @Requires(['sinks', 'collectors'], 'read')
  @Summary('Names of all connectors; with ?expand=info and ?expand=status as objects')
  async list(@Query('expand') expand?: string | string[]): Promise<unknown> {
    if (expand === undefined) return this.store.connectorNames();
    const words = [...new Set([expand].flat())].filter((word) => word === 'status' || word === 'info');
    if (words.length === 0) return Object.fromEntries((await this.store.connectorNames()).map((name) => [name, {}]));
    const views = await Promise.all(
      words.map(async (word) => ({ word, byName: word === 'status' ? await this.statuses() : await this.infos() })),
    );
    // Who was added or deleted between the two readings is left out.
    const names = [...(views[0]?.byName.keys() ?? [])].filter((name) => views.every(({ byName }) => byName.has(name)));
    return Object.fromEntries(
      names.map((name) => [name, Object.fromEntries(views.map(({ word, byName }) => [word, byName.get(name)]))]),
    );
  }

  @Post()
  @Requires(['sinks', 'collectors'], 'edit', 'body.name')
  @HttpCode(201)
  @Summary(
    'Adds a sink or a collector; stops nothing that runs. With ?verify=true only if its store answers as it should',
  )
  async create(
    @Body({ schema: NewConnector }) body: z.infer<typeof NewConnector>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @Query('verify') verify?: string,
  ): Promise<unknown> {
    const spec = await connectorSpec(this.classes, {
      name: body.name,
      config: body.config,
      old: null,
      initialState: body.initial_state ?? undefined,
      verify: isOn('verify', verify),
      by: principalOf(request).name,
    });
    const connector = await this.store.createConnector(spec);
    this.locate(request, response, connector);
    return connectorInfo(this.classes, connector);
  }

  @Get(':name')
  @Requires(['sinks', 'collectors'], 'read', 'name')
  @Summary('Config, tasks and type of a connector')
  async get(@Param('name') name: string): Promise<unknown> {
    return connectorInfo(this.classes, await this.find(name));
  }

  @Get(':name/config')
  @Requires(['sinks', 'collectors'], 'read', 'name')
  @Summary('Config as it was given; secrets as ***')
  async config(@Param('name') name: string): Promise<unknown> {
    return shownConfig(this.classes, await this.find(name));
  }

  @Put(':name/config')
  @Requires(['sinks', 'collectors'], 'edit', 'name')
  @Summary('Replaces the config, or creates the connector; *** keeps a secret; ?verify=true asks the store first')
  async putConfig(
    @Param('name') name: string,
    @Body({ schema: ConnectorConfig }) config: z.infer<typeof ConnectorConfig>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @Query('verify') verify?: string,
  ): Promise<unknown> {
    const old = await this.store.findConnector(name);
    const by = principalOf(request).name;
    const spec = await connectorSpec(this.classes, { name, config, old, verify: isOn('verify', verify), by });
    const { connector, isNew } = await this.store.putConnector(spec);
    response.status(isNew ? 201 : 200);
    if (isNew) this.locate(request, response, connector);
    return connectorInfo(this.classes, connector);
  }

  @Patch(':name/config')
  @Requires(['sinks', 'collectors'], 'edit', 'name')
  @Summary('Changes some keys; null removes one')
  async patchConfig(
    @Param('name') name: string,
    @Body({ schema: ConnectorConfigPatch }) patch: z.infer<typeof ConnectorConfigPatch>,
    @Req() request: Request,
  ): Promise<unknown> {
    const old = await this.find(name);
    const merged = Object.entries({ ...old.config, ...patch }).flatMap(([key, value]) =>
      value === null ? [] : [[key, value] as const],
    );
    const by = principalOf(request).name;
    const spec = await connectorSpec(this.classes, { name, config: Object.fromEntries(merged), old, by });
    return connectorInfo(this.classes, (await this.store.putConnector(spec)).connector);
  }

  @Delete(':name')
  @Requires(['sinks', 'collectors'], 'edit', 'name')
  @HttpCode(204)
  @Summary('Removes a connector; its committed offsets stay')
  async delete(@Param('name') name: string, @Req() request: Request): Promise<void> {
    await this.store.deleteConnector(name, { by: principalOf(request).name });
  }

  @Get(':name/status')
  @Requires(['sinks', 'collectors'], 'read', 'name')
  @Summary('State of a connector and of each task, with the trace of what failed')
  async status(@Param('name') name: string): Promise<unknown> {
    const status = await this.store.status(name);
    if (status === null) throw new NotFoundException(`No status found for connector ${name}`);
    return connectorStatus(status, connectVersion);
  }

  @Put(':name/pause')
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @HttpCode(202)
  @Summary('Stops reading, keeps tasks')
  async pause(@Param('name') name: string): Promise<void> {
    await this.setState(name, 'PAUSED');
  }

  @Put(':name/resume')
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @HttpCode(202)
  @Summary('Goes on after pause or stop')
  async resume(@Param('name') name: string): Promise<void> {
    await this.setState(name, 'RUNNING');
  }

  @Put(':name/stop')
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @HttpCode(204)
  @Summary('Stops and removes all tasks; needed before offsets may change')
  async stop(@Param('name') name: string): Promise<void> {
    await this.setState(name, 'STOPPED');
  }

  /** Without parameters only the connector itself restarts, which has nothing that runs; tasks restart with includeTasks. */
  @Post(':name/restart')
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @HttpCode(204)
  @Summary('Restarts with ?includeTasks=true all tasks, with &onlyFailed=true those that failed')
  async restart(
    @Param('name') name: string,
    @Res({ passthrough: true }) response: Response,
    @Query('includeTasks') includeTasks?: string,
    @Query('onlyFailed') onlyFailed?: string,
  ): Promise<unknown> {
    const [withTasks, failedOnly] = [isOn('includeTasks', includeTasks), isOn('onlyFailed', onlyFailed)];
    await this.find(name);
    if (!withTasks && !failedOnly) return undefined;
    if (withTasks) await this.store.restartTasks(name, { onlyFailed: failedOnly });
    const status = await this.store.status(name);
    if (status === null) throw new NotFoundException(`Unknown connector: ${name}`);
    response.status(202);
    const answer = connectorStatus(status, connectVersion);
    return failedOnly ? answer : { ...answer, connector: { ...answer.connector, state: 'RESTARTING' } };
  }

  private async statuses(): Promise<Map<string, unknown>> {
    const statuses = await this.store.statuses(true);
    return new Map(statuses.map((status) => [status.name, connectorStatus(status, connectVersion)]));
  }

  private async infos(): Promise<Map<string, unknown>> {
    const connectors = await this.store.listConnectors();
    return new Map(connectors.map((connector) => [connector.name, connectorInfo(this.classes, connector)]));
  }

  private async setState(name: string, state: TargetState): Promise<void> {
    if ((await this.store.findConnector(name)) === null) throw new NotFoundException(`Unknown connector ${name}`);
    await this.store.setTargetState(name, state);
  }

  private async find(name: string): Promise<Connector> {
    const connector = await this.store.findConnector(name);
    if (connector === null) throw new NotFoundException(`Connector ${name} not found`);
    return connector;
  }

  private locate(request: Request, response: Response, connector: Connector): void {
    const base = `${request.protocol}://${request.headers.host ?? ''}`;
    response.setHeader('Location', `${base}/connectors/${segmentOf(connector.name)}`);
  }
}

/** A name as a part of a path: what RFC 3986 allows there stays, as with Connect. */
function segmentOf(name: string): string {
  return encodeURIComponent(name).replaceAll(/%(?:2B|3A|40|24|26|2C|3B|3D)/g, decodeURIComponent);
}
