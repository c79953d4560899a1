import { Controller, Get, NotFoundException, Param } from '@nestjs/common';
import { z } from 'zod';
import type { OptionSpec, OptionSpecs } from '#config/options';
import { Requires } from '../../access/requires.js';
import { ConnectorClasses, type ConnectorClass } from '../../connect/connector-class.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';

const SinkType = z
  .object({
    name: z.string(),
    version: z.string(),
    doc: z.string(),
    class_names: z.array(z.string()).describe('Java classes that it stands in for.'),
    can_test: z.boolean().describe('`:test` goes to the store.'),
  })
  .meta({ id: 'SinkType' });
const SinkTypeDetail = SinkType.extend({
  config_schema: z.record(z.string(), z.unknown()).describe('JSON Schema of `config`.'),
}).meta({ id: 'SinkTypeDetail' });
const SinkTypeList = z
  .object({ kind: z.literal('SinkTypeList'), data: z.array(SinkType) })
  .meta({ id: 'SinkTypeList' });

/** Kinds of sinks, those of installed packages among them. */
@Section('Sinks')
@Controller('api/v1/sink-types')
export class SinkTypesController {
  constructor(private readonly classes: ConnectorClasses) {}

  @Get()
  @Requires('sinks', 'read')
  @Summary('Types of sinks that there are')
  @Answers({ 200: SinkTypeList })
  async list(): Promise<object> {
    await this.classes.refresh();
    return { kind: 'SinkTypeList', data: this.classes.all.filter(({ kind }) => kind === 'sink').map(typeView) };
  }

  @Get(':type')
  @Requires('sinks', 'read')
  @Summary('A type with every option as JSON Schema: type, default, unit, limits, which are secret')
  @Answers({ 200: SinkTypeDetail }, 404)
  async get(@Param('type') type: string): Promise<object> {
    await this.classes.refresh();
    const found = this.classes.find(type);
    if (found?.kind !== 'sink') throw new NotFoundException(`There is no type of sink named ${type}`);
    return { ...typeView(found), config_schema: schemaOf(found.options) };
  }
}

function typeView(type: ConnectorClass): z.output<typeof SinkType> {
  const { name, version, doc, aliases } = type;
  return { name, version, doc, class_names: [...aliases], can_test: type.verify !== undefined };
}

/** Any value may be a reference instead: `${env:NAME}`. */
function schemaOf(options: OptionSpecs): object {
  const named = Object.entries(options).filter(([, spec]) => spec.type !== 'map');
  const maps = Object.entries(options).filter(([, spec]) => spec.type === 'map');
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: Object.fromEntries(named.map(([name, spec]) => [name, propertyOf(spec)])),
    patternProperties: Object.fromEntries(
      maps.map(([name, spec]) => [
        `^${(spec.prefix ?? `${name}.`).replaceAll('.', '\\.')}`,
        { type: 'string', description: spec.doc },
      ]),
    ),
    required: named.filter(([, spec]) => spec.required === true).map(([name]) => name),
  };
}

const reference = { type: 'string', pattern: '^\\$\\{(env|file):[^}]*\\}$' };

function propertyOf(spec: OptionSpec): object {
  const range = {
    ...(spec.min === undefined ? {} : { minimum: spec.min }),
    ...(spec.max === undefined ? {} : { maximum: spec.max }),
  };
  const own = {
    int: { type: 'integer', ...range },
    long: { type: 'integer', ...range },
    double: { type: 'number', ...range },
    boolean: { type: 'boolean' },
    list: { type: 'array', items: { type: 'string' } },
    password: { type: 'string', writeOnly: true },
    string: { type: 'string', ...(spec.values === undefined ? {} : { enum: spec.values }) },
    map: { type: 'string' },
  }[spec.type];
  return {
    ...(spec.type === 'string' && spec.values === undefined ? own : { anyOf: [own, reference] }),
    description: spec.doc,
    ...(spec.default === undefined ? {} : { default: spec.default }),
    ...(spec.unit === undefined ? {} : { 'x-unit': spec.unit }),
    ...(spec.aliases === undefined ? {} : { 'x-aliases': spec.aliases }),
    'x-group': spec.group ?? 'Common',
    'x-importance': spec.importance ?? 'medium',
  };
}
