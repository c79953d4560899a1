/** Checks one component of a flume.conf against the registry: its type, and every key against that type's options. */
import { parseOptions, type OptionSpecs } from '#config/options';
import type { ComponentRegistry, ComponentType } from '#pipeline/collector';
import type { ConfValue } from '#pipeline/flume-conf';
import type { ComponentPlan } from '#pipeline/flume-plan';
import type { ConfPosition, ConfProblems } from '#pipeline/flume-problem';
import { suggest } from '#std/suggestion';

export type TypeKind = keyof ComponentRegistry['missing'] | 'selector' | 'config filter';

export interface ComponentText {
  readonly kind: TypeKind;
  readonly name: string;
  /** `source r1`, for messages. */
  readonly what: string;
  readonly at: ConfPosition;
  readonly keys: ReadonlyMap<string, ConfValue>;
  /** Keys that belong to the agent and not to the type: `type`, `channels`, `selector` … A map's name stands for all keys under it. */
  readonly commonKeys: readonly string[];
}

/** The component's plan, or null where an error was found (and reported). */
export function planComponent<T>(
  types: readonly ComponentType<T>[],
  missing: readonly string[],
  component: ComponentText,
  problems: ConfProblems,
): ComponentPlan<T> | null {
  const type = findType(types, missing, component, problems);
  if (type === null) return null;
  return planOptions(type, component, problems);
}

/** `com.example.MySource`, and `…Interceptor$Builder`. */
const javaClass = /^[a-z_][\w]*(?:\.[a-z_]\w*)*\.[A-Z]\w*(?:\$\w+)?$/;

function findType<T>(
  types: readonly ComponentType<T>[],
  missing: readonly string[],
  component: ComponentText,
  problems: ConfProblems,
): ComponentType<T> | null {
  const written = component.keys.get('type');
  if (written === undefined) {
    problems.error(component.at, `${component.what} has no type.`, {
      flume: 'Flume would have ended its start (or its reload) there.',
    });
    return null;
  }
  if (written.isDeferred === true) return null;
  const found = types.find((type) => isNamed(type, written.text));
  if (found !== undefined) return found;
  const near = suggest(
    written.text,
    types.flatMap((type) => [type.name, ...type.classNames]),
  );
  const isKnown = missing.some((name) => name.toLowerCase() === written.text.toLowerCase());
  if (isKnown || (near === null && written.text.startsWith('org.apache.flume.'))) {
    const there = types.map((type) => type.name).join(', ');
    const instead = component.kind === 'sink' ? ' Or write to a topic, and let a sink worker take it from there.' : '';
    problems.error(
      written.at,
      `${component.what}: Flume's ${component.kind} type "${written.text}" is not supported in this release; there are ${there}.${instead}`,
    );
    return null;
  }
  if (near === null && javaClass.test(written.text)) {
    problems.error(
      written.at,
      `${component.what}: "${written.text}" is a Java class, and nothing runs Java here. A ${component.kind} of your own is a TypeScript or JavaScript file (type = ./mine.ts), or a package.`,
    );
    return null;
  }
  problems.error(written.at, `${component.what}: there is no ${component.kind} type "${written.text}".`, {
    suggestion: near,
    flume: 'Flume would have ended its start (or its reload) there.',
  });
  return null;
}

/** By alias in any case, or by class; the builder that Flume wants for some kinds may be left out or named. */
export function isNamed(type: Pick<ComponentType<unknown>, 'name' | 'classNames'>, written: string): boolean {
  const wanted = plainClass(written);
  return type.name.toLowerCase() === wanted || type.classNames.some((className) => plainClass(className) === wanted);
}

function plainClass(name: string): string {
  return name.toLowerCase().replace(/\$builder$/, '');
}

function planOptions<T>(
  type: ComponentType<T>,
  component: ComponentText,
  problems: ConfProblems,
): ComponentPlan<T> | null {
  const options: Record<string, string> = {};
  for (const [key, value] of component.keys) {
    if (!isCommon(key, component.commonKeys)) options[key] = value.text;
  }
  const position = (key: string): ConfPosition =>
    component.keys.get(key)?.at ?? component.keys.get('type')?.at ?? component.at;
  const parsed = parseOptions(type.options, options);
  for (const key of parsed.unknown) {
    problems.warning(position(key), `${component.what}: ${type.name} has no option "${key}".`, {
      suggestion: suggest(key, [...optionNames(type.options), ...component.commonKeys]),
      flume: 'Flume would have ignored it without a word.',
    });
    delete options[key];
  }
  // What another machine knows is judged there.
  const isDeferred = (key: string): boolean => component.keys.get(key)?.isDeferred === true;
  const mistakes = parsed.problems.filter((problem) => !isDeferred(problem.name));
  for (const problem of mistakes) {
    const isAbsent = problem.value === null && options[problem.name] === undefined;
    const misspelled = isAbsent ? suggest(problem.name, parsed.unknown) : null;
    problems.error(position(problem.name), `${component.what}: ${problem.message}`, {
      flume: `Flume would have dropped the ${component.kind} and started the rest.`,
      suggestion: misspelled === null ? null : `${problem.name} where ${misspelled} is written`,
    });
  }
  if (mistakes.length > 0) return null;
  const canCheck = Object.keys(options).every((key) => !isDeferred(key));
  const remarks = canCheck ? (type.check?.(options) ?? []) : [];
  for (const remark of remarks) {
    problems[remark.severity](position(remark.option), `${component.what}: ${remark.message}`);
  }
  return remarks.some((remark) => remark.severity === 'error') ? null : { name: component.name, type, options };
}

function isCommon(key: string, commonKeys: readonly string[]): boolean {
  return commonKeys.some((common) => (common.endsWith('.') ? key.startsWith(common) : key === common));
}

function optionNames(specs: OptionSpecs): string[] {
  return Object.entries(specs).flatMap(([name, spec]) => [name, ...(spec.aliases ?? [])]);
}
