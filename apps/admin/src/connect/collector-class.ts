/** A collector as a connector: a flume.conf as text and the agent of it to run. Its mistakes come back with file and line. */
import { defineOptions, parseOptions, type OptionSpec, type OptionSpecs } from '#config/options';
import type { ComponentRegistry } from '#pipeline/collector';
import type { ConfigInfo, ConfigInfos, ConfigKeyInfo } from '#pipeline/connector-validation';
import { readConf } from '#pipeline/flume-conf';
import { ConfProblems, formatProblem } from '#pipeline/flume-problem';
import { planAgent } from '#pipeline/flume-validation';
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
    doc: 'Text of a flume.conf. It is checked here too, so what it takes from `${env:NAME}` has to be set for the administration as well.',
  },
  agent: {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Collector',
    doc: 'Name of the agent in it that is to run.',
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
    options: collectorOptions,
    keys: collectorKeys,
    validate: (config) => validateCollector(registry, config),
    tasksMax: () => 1,
    offsetsFixed: () => 'Offsets of a collector are positions in its files; they cannot be changed here',
  };
}

function validateCollector(registry: ComponentRegistry, config: Readonly<Record<string, string>>): ConfigInfos {
  const { problems } = parseOptions(collectorOptions, config);
  const errors = new Map<string, string[]>(problems.map((problem) => [problem.name, [problem.message]]));
  const [text, agent] = [config['flume.conf'], config['agent']];
  if (text !== undefined && agent !== undefined) {
    const found = confErrors(registry, text, agent.trim());
    if (found.length > 0) errors.set('flume.conf', found);
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
  };
}

/** `flume.conf:12: error: …`, one an error; warnings keep nothing from running. */
function confErrors(registry: ComponentRegistry, text: string, agent: string): string[] {
  const problems = new ConfProblems();
  const conf = readConf([{ file: fileName, bytes: Buffer.from(text) }], { environment: process.env }, problems);
  planAgent(conf, agent, { registry, problems, file: fileName });
  return problems
    .list()
    .filter((problem) => problem.severity === 'error')
    .map(formatProblem);
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
