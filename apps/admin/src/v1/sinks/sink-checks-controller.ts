import { Body, Controller, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import type { Connector } from '#control/connector';
import { Requires } from '../../access/requires.js';
import { hideSecrets } from '../../connect/secrets.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { DesiredConnectors, type Wanted } from '../connectors/desired-connectors.js';
import { mergePatch } from '../merge-patch.js';
import { parsedBody } from '../parsed-body.js';
import { flatConfig, sinkForm } from './sink-form.js';
import { SinkPreviews } from './sink-preview.js';
import { MergePatch, SinkBody, TestResult, Validation } from './sink-schemas.js';

const VerifyQuery = z.object({
  verify: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Ask the store too.'),
});
const Patch = MergePatch.default({});

const PreviewBody = z
  .strictObject({
    topic: z.string().min(1).optional().describe('Default: the first that the sink reads.'),
    partition: z.int().min(0).optional(),
    offset: z.int().min(0).optional().describe('Default: so that the newest are shown.'),
    count: z.int().min(1).max(100).default(10),
    patch: MergePatch.optional().describe('Tried instead of what is wanted now: a merge patch of the sink.'),
  })
  .default({ count: 10 })
  .meta({ id: 'PreviewRequest' });
const NewPreviewBody = z
  .strictObject({
    sink: SinkBody,
    topic: z.string().min(1).optional().describe('Default: the first that the sink would read.'),
    count: z.int().min(1).max(100).default(10),
  })
  .meta({ id: 'NewSinkPreviewRequest' });
const record = z.object({
  key: z.string().nullable(),
  value: z.string().nullable(),
  headers: z.array(z.object({ key: z.string(), value: z.string().nullable() })),
});
const Preview = z
  .object({
    counts: z.record(z.string(), z.int()).describe('Records delivered, dropped, failed.'),
    records: z.array(
      z.object({
        topic: z.string(),
        partition: z.int(),
        offset: z.number(),
        timestamp: z.string().nullable(),
        before: record,
        outcome: z.enum(['delivered', 'dropped', 'failed']),
        after: record.extend({ destination: z.string() }).nullable().describe('As the sink gets it.'),
        error: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'SinkPreview' });

/** What would be: a sink that is tried before it runs. Nothing here changes or writes anything. */
@Section('Sinks')
@Controller('api/v1')
export class SinkChecksController {
  constructor(
    private readonly desired: DesiredConnectors,
    private readonly previews: SinkPreviews,
  ) {}

  @Post('sinks\\:validate')
  @HttpCode(200)
  @Requires('sinks', 'read')
  @Summary('Checks a sink; with ?verify=true against its store too. 200 also with errors')
  @Answers({ 200: Validation }, 422)
  validate(
    @Body({ schema: SinkBody }) body: SinkBody,
    @Query({ schema: VerifyQuery }) query: z.output<typeof VerifyQuery>,
  ): Promise<object> {
    return this.check(this.wanted(body, null), query.verify);
  }

  @Post('sinks/:name\\:validate')
  @HttpCode(200)
  @Requires('sinks', 'read', 'name')
  @Summary('Checks a sink that is there, or what a merge patch would make of it')
  @Answers({ 200: Validation }, 404, 422)
  async validateKept(
    @Param('name') name: string,
    @Body({ schema: Patch }) patch: z.output<typeof Patch>,
    @Query({ schema: VerifyQuery }) query: z.output<typeof VerifyQuery>,
  ): Promise<object> {
    return this.check(await this.patched(name, patch), query.verify);
  }

  @Post('sinks\\:test')
  @HttpCode(200)
  @Requires('sinks', 'operate')
  @Summary('Goes to the store: address, login, rights, table; writes nothing')
  @Answers({ 200: TestResult }, 422)
  test(@Body({ schema: SinkBody }) body: SinkBody): Promise<object> {
    return this.try(this.wanted(body, null));
  }

  @Post('sinks/:name\\:test')
  @HttpCode(200)
  @Requires('sinks', 'operate', 'name')
  @Summary('The same for a sink that is there, or what a merge patch would make of it')
  @Answers({ 200: TestResult }, 404, 422)
  async testKept(@Param('name') name: string, @Body({ schema: Patch }) patch: z.output<typeof Patch>): Promise<object> {
    return this.try(await this.patched(name, patch));
  }

  @Post('sinks/:name\\:preview')
  @HttpCode(200)
  @Requires('sinks', 'operate', 'name')
  @Summary('Ten real records through its converters and transforms, as the sink would get them; writes nothing')
  @Answers({ 200: Preview }, 404, 422)
  async preview(
    @Param('name') name: string,
    @Body({ schema: PreviewBody }) body: z.output<typeof PreviewBody>,
  ): Promise<object> {
    return this.show(await this.patched(name, body.patch ?? {}), body);
  }

  @Post('sinks\\:preview')
  @HttpCode(200)
  @Requires('sinks', 'operate')
  @Summary('The same for a sink that is not there yet')
  @Answers({ 200: Preview }, 422)
  previewNew(@Body({ schema: NewPreviewBody }) body: z.output<typeof NewPreviewBody>): Promise<object> {
    return this.show(this.wanted(body.sink, null), body);
  }

  private async show(wanted: Wanted, place: Parameters<SinkPreviews['preview']>[1]): Promise<object> {
    const { spec } = await this.desired.check(sinkForm, wanted);
    const records = await this.previews.preview(spec.config, place);
    const counts: Record<string, number> = { delivered: 0, dropped: 0, failed: 0 };
    for (const { outcome } of records) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return { counts, records };
  }

  private async check(wanted: Wanted, verify: boolean): Promise<object> {
    const { infos, verified, spec, connectorClass } = await this.desired.check(sinkForm, wanted, { verify });
    const errors = this.desired.problemsOf(sinkForm, infos);
    const flat_config = hideSecrets(connectorClass.options, spec.config);
    return { valid: errors.length === 0, errors, verified, flat_config };
  }

  private async try(wanted: Wanted): Promise<object> {
    const begun = performance.now();
    const { infos, verified } = await this.desired.check(sinkForm, wanted, { verify: true });
    const ms = Math.round(performance.now() - begun);
    const errors = this.desired.problemsOf(sinkForm, infos).map(({ pointer, message }) => `${pointer}: ${message}`);
    const detail = errors.join('\n');
    const isConfigWrong = verified === null && errors.length > 0;
    const steps = [
      { name: 'config', ok: !isConfigWrong, ms: isConfigWrong ? ms : 0, detail: isConfigWrong ? detail : '' },
      verified === true
        ? { name: 'store', ok: errors.length === 0, ms, detail }
        : { name: 'store', ok: null, ms: 0, detail: verified ?? 'not asked' },
    ];
    return { ok: errors.length === 0, steps };
  }

  private wanted(body: SinkBody, old: Connector | null, name = body.name ?? 'checked'): Wanted {
    return { name, config: flatConfig(this.desired.classes, body), old };
  }

  private async patched(name: string, patch: Readonly<Record<string, unknown>>): Promise<Wanted> {
    const old = await this.desired.find(sinkForm, name);
    const body = parsedBody(SinkBody, mergePatch(sinkForm.show(this.desired.classes, old), patch));
    return this.wanted(body, old, name);
  }
}
