/** Configuration filters: puts what they know in the place of `${filter['key']}`, in all components of an agent. */
import type { AgentServices, ComponentRegistry, ConfigFilter } from '#pipeline/collector';
import { planComponent } from '#pipeline/flume-component';
import { filterReferences, type AgentConf, type ComponentConf, type ConfValue } from '#pipeline/flume-conf';
import type { ConfProblems } from '#pipeline/flume-problem';
import { splitNames } from '#pipeline/flume-source';
import { messageOf } from '#std/errors';
import { suggest } from '#std/suggestion';

export interface FilterSurroundings {
  readonly registry: ComponentRegistry;
  readonly services: AgentServices;
  readonly problems: ConfProblems;
}

/** The agent with every reference replaced that a filter knows; the others stay, and are reported. */
export async function applyConfigFilters(agent: AgentConf, surroundings: FilterSurroundings): Promise<AgentConf> {
  const filters = createFilters(agent, surroundings);
  const run = new FilterRun(agent, filters, surroundings.problems);
  const components = new Map(agent.components);
  for (const [kind, ofKind] of agent.components) {
    if (kind === 'configfilter') continue;
    const replaced = new Map<string, ComponentConf>();
    for (const [name, component] of ofKind) replaced.set(name, await run.component(component));
    components.set(kind, replaced);
  }
  return { ...agent, components };
}

function createFilters(
  agent: AgentConf,
  { registry, services, problems }: FilterSurroundings,
): Map<string, ConfigFilter> {
  const filters = new Map<string, ConfigFilter>();
  const list = agent.lists.get('configfilter');
  const present = agent.components.get('configfilter') ?? new Map<string, ComponentConf>();
  const listed = new Set(splitNames(list?.text ?? ''));
  for (const name of listed) {
    const component = present.get(name);
    if (component === undefined) {
      const key = `${agent.name}.configfilters`;
      problems.error(list?.at ?? agent.at, `${key} lists ${name}, but there is no key ${key}.${name}.*.`, {
        suggestion: suggest(name, present.keys()),
        flume: 'Flume would have gone on without the filter.',
      });
      continue;
    }
    const { at, keys } = component;
    const text = {
      kind: 'config filter',
      name,
      what: `config filter ${name}`,
      at,
      keys,
      commonKeys: ['type'],
    } as const;
    const plan = planComponent(registry.configFilters ?? [], [], text, problems);
    if (plan === null) continue;
    filters.set(name, plan.type.create({ agent: agent.name, name, options: plan.options, services }));
  }
  for (const component of present.values()) {
    if (listed.has(component.name)) continue;
    problems.warning(
      component.at,
      `The config filter ${component.name} is not listed in ${agent.name}.configfilters.`,
      {
        suggestion: suggest(component.name, listed),
        flume: 'Flume would have ignored it without a word.',
      },
    );
  }
  return filters;
}

/** Asks a filter once for each key. */
class FilterRun {
  private readonly known = new Map<string, string | null>();

  constructor(
    private readonly agent: AgentConf,
    private readonly filters: ReadonlyMap<string, ConfigFilter>,
    private readonly problems: ConfProblems,
  ) {}

  async component(component: ComponentConf): Promise<ComponentConf> {
    const keys = new Map<string, ConfValue>();
    for (const [key, value] of component.keys) keys.set(key, await this.value(component, key, value));
    return { ...component, keys };
  }

  private async value(component: ComponentConf, key: string, value: ConfValue): Promise<ConfValue> {
    let text = '';
    let end = 0;
    for (const found of value.text.matchAll(filterReferences)) {
      const [reference, filter = '', , secret = ''] = found;
      const what = `${component.kind} ${component.name}, ${key}`;
      const answer = await this.ask(what, value, filter, secret);
      text += value.text.slice(end, found.index) + (answer ?? reference);
      end = found.index + reference.length;
    }
    return end === 0 ? value : { text: text + value.text.slice(end), at: value.at };
  }

  private async ask(what: string, { at }: ConfValue, name: string, key: string): Promise<string | null> {
    const filter = this.filters.get(name);
    const flume = 'Flume would have left the text as it is.';
    if (filter === undefined) {
      // A filter with a mistake has been reported.
      if (!splitNames(this.agent.lists.get('configfilter')?.text ?? '').includes(name)) {
        this.problems.error(at, `${what}: there is no config filter "${name}".`, {
          suggestion: suggest(name, this.filters.keys()),
          flume,
        });
      }
      return null;
    }
    const id = `${name}\0${key}`;
    const before = this.known.get(id);
    if (before !== undefined && before !== null) return before;
    try {
      const answer = await filter.lookUp(key);
      this.known.set(id, answer);
      if (answer === null) this.problems.error(at, `${what}: config filter ${name} has no key "${key}".`, { flume });
      return answer;
    } catch (error) {
      this.problems.error(at, `${what}: config filter ${name} gave no "${key}": ${messageOf(error)}`, { flume });
      return null;
    }
  }
}
