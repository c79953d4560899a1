/** A collector as a connector: a flume.conf as text and the agent of it to run. Its mistakes come back with file and line. */
import { defineOptions, parseOptions, type OptionSpec, type OptionSpecs } from '#config/options';
import { labelsProblem, workerLabelsOption } from '#control/worker-labels';
import type { ComponentRegistry } from '#pipeline/collector';
import type { ConfigInfo, ConfigInfos, ConfigKeyInfo } from '#pipeline/connector-validation';
import { readConf } from '#pipeline/flume-conf';
import { withDeferredTypes } from '#pipeline/custom-component';
import type { AgentPlan } from '#pipeline/flume-plan';
import { ConfProblems, formatProblem, type ConfProblem } from '#pipeline/flume-problem';
import { planAgent } from '#pipeline/flume-validation';
import { systemClock } from '#std/clock';
import { confReport } from './conf-report.js';
import type { ConnectorClass } from './connector-class.js';

const fileName = 'flume.conf';

export const collectorOptions = defineOptions({
  name: { type: 'string', required: true, importance: 'high', group: 'Common', doc: 'Unique name of the collector.' },
  'connector.class': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Common',
    doc: '`collector`.',
  },
  'tasks.max': {
    type: 'int',
    default: 1,
    min: 1,
    max: 1,
    importance: 'low',
    group: 'Common',
    doc: 'Always 1: an agent runs once.',
  },
  'flume.conf': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Collector',
    doc:
      'Text of a flume.conf. It is checked before it is taken over; what only the worker knows (`${env:NAME}` that is not set here, config ' +
      'filters, components of one’s own) is judged there.',
  },
  agent: {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Collector',
    doc: 'Name of the agent in it that is to run.',
  },
  'conf.directory': {
    type: 'string',
    importance: 'low',
    group: 'Collector',
    doc: 'Folder of the worker that files of components of one’s own are relative to (`type = ./mine.ts`). Absent: where the worker was started.',
  },
  [workerLabelsOption]: {
    type: 'list',
    default: [],
    importance: 'medium',
    group: 'Collector',
    check: labelsProblem,
    doc: 'Runs on workers that have all of these labels (`MILLRACE_WORKER_LABELS`): `zone=a`. Absent: on workers without labels.',
  },
  'worker.id': {
    type: 'string',
    importance: 'medium',
    group: 'Collector',
    doc: 'Id of the only worker that may run it, for agents whose files are on one machine. Absent: any.',
  },
});

/** `registry` holds the components that a flume.conf may name. */
export function collectorClass(registry: ComponentRegistry, version: string): ConnectorClass {
  return {
    name: 'collector',
    aliases: ['org.apache.flume.node.Application', 'flume'],
    kind: 'source',
    version,
    doc: 'Runs an agent of a flume.conf.',
    options: collectorOptions,
    keys: collectorKeys,
    validate: (config) => validateCollector(registry, config),
    report: (config) => {
      const [text, agent] = [config['flume.conf'] ?? '', config['agent']?.trim() ?? ''];
      return confReport(registry, text, agent, readAgent(registry, { text, agent }).problems);
    },
    plan: (config, environment) => {
      const [text, agent] = [config['flume.conf'] ?? '', config['agent']?.trim() ?? ''];
      return readAgent(registry, { text, agent, environment }).plan;
    },
    tasksMax: () => 1,
    offsetsFixed: () => 'Offsets of a collector are positions in its files; they cannot be changed here',
  };
}

/** Connect's answer; behind it, where a flume.conf gives rise to them, errors and warnings as data: line, suggestion, what Flume does. */
interface CollectorInfos extends ConfigInfos {
  readonly problems?: readonly ConfProblem[];
}

function validateCollector(registry: ComponentRegistry, config: Readonly<Record<string, string>>): CollectorInfos {
  const { problems } = parseOptions(collectorOptions, config);
  const errors = new Map<string, string[]>(problems.map((problem) => [problem.name, [problem.message]]));
  const [text, agent] = [config['flume.conf'], config['agent']];
  let problemsOfConf: readonly ConfProblem[] = [];
  if (text !== undefined && agent !== undefined) {
    problemsOfConf = readAgent(registry, { text, agent: agent.trim() }).problems;
    const found = problemsOfConf.filter(({ severity }) => severity === 'error');
    if (found.length > 0) errors.set('flume.conf', found.map(formatProblem));
  }
  const configs = collectorKeys().map((definition): ConfigInfo => ({
    definition,
    value: {
      name: definition.name,
      value: config[definition.name] ?? definition.default_value,
      recommended_values: [],
      errors: errors.get(definition.name) ?? [],
      visible: true,
    },
  }));
  return {
    name: config['connector.class'] ?? 'collector',
    error_count: configs.reduce((sum, { value }) => sum + value.errors.length, 0),
    groups: ['Common', 'Collector'],
    configs,
    ...(problemsOfConf.length === 0 ? {} : { problems: problemsOfConf }),
  };
}

interface WrittenAgent {
  readonly text: string;
  readonly agent: string;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Mistakes by line, of which warnings keep nothing from running; and the agent, null where it has errors. */
function readAgent(
  registry: ComponentRegistry,
  { text, agent, environment = process.env }: WrittenAgent,
): { problems: readonly ConfProblem[]; plan: AgentPlan | null } {
  const problems = new ConfProblems();
  const surroundings = { environment, nowMs: systemClock.now(), agent, isElsewhere: true };
  const conf = readConf([{ file: fileName, bytes: Buffer.from(text) }], surroundings, problems);
  const written = conf.agents.get(agent);
  const agents = new Map(conf.agents);
  if (written !== undefined) agents.set(agent, withDeferredTypes(written));
  const plan = planAgent({ agents }, agent, { registry, problems, file: fileName });
  return { problems: problems.list(), plan };
}

function collectorKeys(): ConfigKeyInfo[] {
  const orders = new Map<string, number>();
  return Object.entries<OptionSpec>(collectorOptions satisfies OptionSpecs).map(([name, spec]) => {
    const group = spec.group ?? 'Common';
    orders.set(group, (orders.get(group) ?? 0) + 1);
    return {
      name,
      type: spec.type.toUpperCase(),
      required: spec.required === true,
      default_value: spec.default === undefined ? null : String(spec.default),
      importance: (spec.importance ?? 'medium').toUpperCase(),
      documentation: spec.doc,
      group,
      order_in_group: orders.get(group) ?? 1,
      width: name === 'flume.conf' ? 'LONG' : 'MEDIUM',
      display_name: name,
      dependents: [],
    };
  });
}
