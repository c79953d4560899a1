import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { NotAudited, Requires } from '../../access/requires.js';
import { CollectorTaps, sendTap } from '../../connect/tap-controller.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { DesiredConnectors } from '../connectors/desired-connectors.js';
import { componentViews, reportedAgent } from './collector-components.js';
import { collectorForm, flatCollector } from './collector-form.js';
import { CollectorSamples } from './collector-samples.js';
import { ComponentList, Preview, PreviewBody, TapQuery } from './component-schemas.js';

/** Looking into collectors: what each component does, what passes it, and what would become of sample lines. Changes nothing. */
@Section('Collectors')
@Controller('api/v1')
export class ComponentsController {
  constructor(
    private readonly desired: DesiredConnectors,
    private readonly taps: CollectorTaps,
    private readonly samples: CollectorSamples,
  ) {}

  @Get('collectors/:name/components')
  @Requires('collectors', 'read', 'name')
  @Summary('Its sources, interceptors, channels and sinks: state, why, events in and out, dropped, how full')
  @Answers({ 200: ComponentList }, 404)
  async components(@Param('name') name: string): Promise<z.output<typeof ComponentList>> {
    const { connector, status } = await this.desired.status(collectorForm, name);
    const task = status.tasks.find(({ state }) => state === 'RUNNING');
    const { agent_state, running_revision, components } = reportedAgent.parse(task?.details ?? {});
    const connectorClass = this.desired.classes.find(connector.config['connector.class'] ?? '');
    return {
      kind: 'CollectorComponentList',
      agent: connector.config['agent'] ?? '',
      agent_state,
      worker_id: task?.workerId ?? null,
      reported_at: task?.reportedAt?.toISOString() ?? null,
      running_revision,
      data: componentViews(connectorClass?.plan?.(connector.config) ?? null, connector.targetState, components),
    };
  }

  @Get('collectors/:name/tap')
  @Requires('collectors', 'read', 'name')
  @Summary('Events as they pass a component, a sample of them, as lines of JSON')
  @Answers({ 200: 'application/x-ndjson' }, 404)
  async tap(
    @Param('name') name: string,
    @Query({ schema: TapQuery }) { edge, max, seconds }: z.output<typeof TapQuery>,
    @Res() response: Response,
  ): Promise<void> {
    await this.desired.find(collectorForm, name);
    const order = { connector: name, edge, eventsMax: max, durationMs: seconds * 1000 };
    await sendTap(this.taps, order, response);
  }

  @Post('collectors\\:preview')
  @HttpCode(200)
  @NotAudited()
  @Requires('collectors', 'operate')
  @Summary('What becomes of sample lines in the interceptors and the selector of a source; nothing is written')
  @Answers({ 200: Preview }, 422)
  preview(@Body({ schema: PreviewBody }) body: PreviewBody): Promise<Preview> {
    return this.tried(body, body.flume_conf, body.agent);
  }

  @Post('collectors/:name\\:preview')
  @HttpCode(200)
  @NotAudited()
  @Requires('collectors', 'operate', 'name')
  @Summary('The same with the flume.conf of a collector that is there; its secrets stay ***')
  @Answers({ 200: Preview }, 404, 422)
  async previewKept(@Param('name') name: string, @Body({ schema: PreviewBody }) body: PreviewBody): Promise<Preview> {
    const connector = await this.desired.find(collectorForm, name);
    // As it is shown: whoever tries lines may not be one who may know its secrets.
    const { flume_conf, agent } = collectorForm.show(this.desired.classes, connector);
    return this.tried(body, body.flume_conf ?? String(flume_conf), body.agent ?? String(agent));
  }

  private tried({ source, text, headers }: PreviewBody, flumeConf?: string, agent?: string): Promise<Preview> {
    const config = flatCollector({ flume_conf: flumeConf, agent });
    const connectorClass = this.desired.classes.find('collector');
    // `${env:…}` stays as it is written: what this process knows is not theirs to see.
    const plan = connectorClass?.plan?.(config, {}) ?? null;
    return this.samples.preview({ plan, source, text, headers });
  }
}
