import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import type { ComponentRegistry, ComponentType } from '#pipeline/collector';
import { RequiresForEach } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';

const kinds = ['source', 'channel', 'sink', 'interceptor'] as const;

const ComponentTypeView = z
  .object({
    kind: z.enum(kinds),
    name: z.string().describe('As `type` has it.'),
    class_names: z.array(z.string()).describe('Under which Flume’s users know it.'),
    doc: z.string(),
    options: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        required: z.boolean(),
        default: z.string().nullable(),
        doc: z.string(),
      }),
    ),
  })
  .meta({ id: 'CollectorComponentType' });
type ComponentTypeView = z.output<typeof ComponentTypeView>;

const ComponentTypeList = z
  .object({ kind: z.literal('CollectorComponentTypeList'), data: z.array(ComponentTypeView) })
  .meta({ id: 'CollectorComponentTypeList' });

/** Holds what a flume.conf can name; made once. */
export class ComponentTypes {
  readonly views: readonly ComponentTypeView[];

  constructor(registry: ComponentRegistry) {
    this.views = [
      ...registry.sources.map((type) => viewOf('source', type)),
      ...registry.channels.map((type) => viewOf('channel', type)),
      ...registry.sinks.map((type) => viewOf('sink', type)),
      ...registry.interceptors.map((type) => viewOf('interceptor', type)),
    ];
  }
}

/** What a flume.conf can name. */
@Section('Collectors')
@Controller('api/v1/component-types')
export class ComponentTypesController {
  constructor(private readonly types: ComponentTypes) {}

  @Get()
  @RequiresForEach('collectors', 'read')
  @Summary('Types of sources, channels, sinks and interceptors of a flume.conf, with their options')
  @Answers({ 200: ComponentTypeList })
  list(): z.output<typeof ComponentTypeList> {
    return { kind: 'CollectorComponentTypeList', data: [...this.types.views] };
  }
}

function viewOf(kind: ComponentTypeView['kind'], type: ComponentType<unknown>): ComponentTypeView {
  return {
    kind,
    name: type.name,
    class_names: [...type.classNames],
    doc: type.doc,
    options: Object.entries(type.options).map(([name, option]) => ({
      name: option.type === 'map' ? (option.prefix ?? `${name}.`) : name,
      type: option.type,
      required: option.required === true,
      default: option.default === undefined ? null : String(option.default),
      doc: option.doc,
    })),
  };
}
