/** Reads the interceptors of a source; and how Flume writes lists and groups of keys. */
import type { Interceptor, ComponentRegistry } from '#pipeline/collector';
import { planComponent } from '#pipeline/flume-component';
import type { ComponentConf, ConfValue } from '#pipeline/flume-conf';
import type { ComponentPlan } from '#pipeline/flume-plan';
import type { ConfProblems } from '#pipeline/flume-problem';
import { suggest } from '#std/suggestion';

/** The interceptors in their order, or null where an error was found (and reported). */
export function planInterceptors(
  registry: ComponentRegistry,
  owner: ComponentConf,
  problems: ConfProblems,
): ComponentPlan<Interceptor>[] | null {
  const list = owner.keys.get('interceptors');
  const keys = subKeys(owner.keys, 'interceptors.');
  const listed = splitNames(list?.text ?? '');
  const plans: ComponentPlan<Interceptor>[] = [];
  let failed = false;
  const present = new Set([...keys.keys()].map((key) => key.split('.')[0] ?? ''));
  for (const name of new Set(listed)) {
    const own = subKeys(keys, `${name}.`);
    if (list !== undefined && own.size === 0) {
      failed = true;
      problems.error(list.at, `${owner.kind} ${owner.name} lists the interceptor ${name}, which has no properties.`, {
        suggestion: suggest(
          name,
          [...present].filter((other) => !listed.includes(other)),
        ),
        flume: `Flume would have dropped the ${owner.kind} and started the rest.`,
      });
      continue;
    }
    const first = [...own.values()][0];
    const plan = planComponent(
      registry.interceptors,
      registry.missing.interceptor,
      {
        kind: 'interceptor',
        name,
        what: `${owner.kind} ${owner.name}, interceptor ${name}`,
        at: first?.at ?? owner.at,
        keys: own,
        commonKeys: ['type'],
      },
      problems,
    );
    if (plan === null) failed = true;
    else plans.push(plan);
  }
  reportInterceptorNames({ owner, listed, present, keys }, problems);
  return failed ? null : plans;
}

interface InterceptorNames {
  readonly owner: ComponentConf;
  readonly listed: readonly string[];
  readonly present: ReadonlySet<string>;
  readonly keys: ReadonlyMap<string, ConfValue>;
}

function reportInterceptorNames({ owner, listed, present, keys }: InterceptorNames, problems: ConfProblems): void {
  const list = owner.keys.get('interceptors');
  for (const name of list === undefined ? [] : repeated(listed)) {
    problems.warning(
      list?.at ?? owner.at,
      `${owner.kind} ${owner.name} lists the interceptor ${name} twice; it runs once.`,
    );
  }
  for (const name of present) {
    if (listed.includes(name)) continue;
    const first = [...keys].find(([key]) => key.startsWith(`${name}.`) || key === name);
    problems.warning(
      first?.[1].at ?? owner.at,
      `${owner.kind} ${owner.name}: the interceptor ${name} is not in ${owner.name}.interceptors and does not run.`,
      { suggestion: suggest(name, listed), flume: 'Flume would have ignored it without a word.' },
    );
  }
}

/** Flume splits lists on runs of blanks. */
export function splitNames(text: string): string[] {
  return text.split(/\s+/).filter((name) => name !== '');
}

/** Names that come more than once, each once. */
export function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** The keys under `prefix`, with it cut off. */
export function subKeys(keys: ReadonlyMap<string, ConfValue>, prefix: string): Map<string, ConfValue> {
  const below = new Map<string, ConfValue>();
  for (const [key, value] of keys) if (key.startsWith(prefix)) below.set(key.slice(prefix.length), value);
  return below;
}
