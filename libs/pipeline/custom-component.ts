/**
 * Components of one's own: a flume.conf names a file (`type = ./level-filter.ts`, relative to it) or a package (`type = millrace-interceptor-geo`, or
 * `geo` for short). The module exports a `ComponentType`, or a function that is given this room's tools and returns one; by default, or
 * under the name of its kind where it has several.
 */
import { parseOptions, requireOptions } from '#config/options';
import type { ComponentRegistry, ComponentType } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { isNamed } from '#pipeline/flume-component';
import type { AgentConf, ConfValue } from '#pipeline/flume-conf';
import { splitNames } from '#pipeline/flume-source';

/** What a module cannot import, because it lies outside of this product. */
export interface CustomKit {
  readonly EventBatch: typeof EventBatch;
  readonly ChannelError: typeof ChannelError;
  readonly channelErrors: Pick<typeof pipelineErrors, 'channelFull' | 'channelClosed' | 'channelFailed'>;
  readonly parseOptions: typeof parseOptions;
  readonly requireOptions: typeof requireOptions;
}

const kit: CustomKit = { EventBatch, ChannelError, channelErrors: pipelineErrors, parseOptions, requireOptions };

export type CustomKind = 'source' | 'channel' | 'sink' | 'interceptor' | 'selector';

/** A type in a flume.conf that the registry does not have. */
export interface UnknownType {
  readonly kind: CustomKind;
  readonly value: ConfValue;
}

/** What each kind of component must be able to do. */
const methods: Readonly<Record<CustomKind, readonly string[]>> = {
  source: ['start', 'stop'],
  channel: ['start', 'stop', 'put', 'take', 'size'],
  sink: ['start', 'stop', 'write'],
  interceptor: ['intercept'],
  selector: ['route'],
};

const builtInSelectors = /^(?:replicating|multiplexing|load_balancing|org\.apache\.flume\..*)$/i;

/** The types of listed components that are no built-in ones and none of Flume's that are missing. */
export function unknownTypes(agent: AgentConf, registry: ComponentRegistry): UnknownType[] {
  const found: UnknownType[] = [];
  const add = (kind: CustomKind, value: ConfValue | undefined): void => {
    if (value !== undefined && value.isDeferred !== true && !isKnown(kind, value.text, registry))
      found.push({ kind, value });
  };
  for (const kind of ['source', 'channel', 'sink'] as const) {
    for (const name of new Set(splitNames(agent.lists.get(kind)?.text ?? ''))) {
      const keys = agent.components.get(kind)?.get(name)?.keys ?? new Map<string, ConfValue>();
      add(kind, keys.get('type'));
      if (kind !== 'source') continue;
      add('selector', keys.get('selector.type'));
      for (const interceptor of new Set(splitNames(keys.get('interceptors')?.text ?? ''))) {
        add('interceptor', keys.get(`interceptors.${interceptor}.type`));
      }
    }
  }
  return found;
}

function isKnown(kind: CustomKind, text: string, registry: ComponentRegistry): boolean {
  if (text.startsWith('org.apache.') || (kind === 'selector' && builtInSelectors.test(text))) return true;
  const types: readonly Pick<ComponentType<unknown>, 'name' | 'classNames'>[] = registry[`${kind}s`];
  const missing = kind === 'selector' ? [] : registry.missing[kind];
  return types.some((type) => isNamed(type, text)) || missing.some((name) => name.toLowerCase() === text.toLowerCase());
}

/** Whether `type` can only mean a file. */
export function isPath(text: string): boolean {
  return /^(?:\.{0,2}\/|[A-Za-z]:\\)|\.(?:ts|mts|js|mjs)$/.test(text);
}

/** For where the code of an agent's own components is not: types that can only be files or packages are not judged. */
export function withDeferredTypes(agent: AgentConf): AgentConf {
  const components = new Map(
    [...agent.components].map(([kind, ofKind]) => [
      kind,
      new Map([...ofKind].map(([name, component]) => [name, { ...component, keys: deferTypes(component.keys) }])),
    ]),
  );
  return { ...agent, components };
}

function deferTypes(keys: ReadonlyMap<string, ConfValue>): Map<string, ConfValue> {
  return new Map(
    [...keys].map(([key, value]) => {
      const isType = key === 'type' || key.endsWith('.type');
      const isCustom = isType && (isPath(value.text) || /^(?:@.+\/|millrace-)/.test(value.text));
      return [key, isCustom ? { ...value, isDeferred: true } : value];
    }),
  );
}

/** Names of packages that a type may mean, the first that there is. */
export function packageNames({ kind, value }: UnknownType): string[] {
  const isName = /^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/.test(value.text);
  return isName ? [value.text, ...(value.text.startsWith('@') ? [] : [`millrace-${kind}-${value.text}`])] : [];
}

/** The type that a module exports, known under `written`. Throws a sentence where there is none. */
export function componentTypeIn<T>(module: unknown, { kind, value }: UnknownType): ComponentType<T> {
  const exported = isRecord(module) ? (module[kind] ?? module['default']) : undefined;
  const candidate: unknown = typeof exported === 'function' ? exported(kit) : exported;
  if (!isComponentType<T>(candidate)) {
    throw new Error(
      `it exports no ${kind}: expected, by default or as "${kind}", an object with name, options and create, or a function that gives one`,
    );
  }
  return {
    ...candidate,
    classNames: [...(candidate.classNames ?? []), value.text],
    doc: candidate.doc ?? '',
    create(input) {
      const component = candidate.create(input);
      const record: unknown = component;
      const absent = methods[kind].filter((name) => !isRecord(record) || typeof record[name] !== 'function');
      if (absent.length > 0)
        throw new Error(`${kind} ${input.name}: what ${value.text} creates has no ${absent.join(', no ')}`);
      return component;
    },
  };
}

type LooseType<T> = Omit<ComponentType<T>, 'classNames' | 'doc'> &
  Partial<Pick<ComponentType<T>, 'classNames' | 'doc'>>;

function isComponentType<T>(value: unknown): value is LooseType<T> {
  if (!isRecord(value)) return false;
  return typeof value['name'] === 'string' && isRecord(value['options']) && typeof value['create'] === 'function';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
