import { parseOptions, type OptionSpec } from '#config/options';
import { topicConfigs } from '#log/topic-configs';
import { brokerNameOf, topicDefaultOptions } from './config-defaults.js';
import { configSource, describeOption, type ConfigEntry } from './config-entries.js';
import { inUnitOf, type ConfigRecords, type ConfigTexts } from './config-records.js';

/** All settings of a topic: those in `set`, then what the node has for its topics, then the declared defaults. */
export function describeTopicConfigs(set: ConfigTexts, records: ConfigRecords): ConfigEntry[] {
  return Object.entries(topicConfigs).map(([name, spec]) => {
    const own = set[name];
    const layers = records.topicLayers(name);
    if (own !== undefined) layers.unshift({ name, value: own, source: configSource.dynamicTopic });
    const entry = describeOption(name, spec, { set: layers, defaultName: defaultNameOf(name), readOnly: false });
    const [first] = layers;
    return first === undefined || first.value === null ? entry : { ...entry, value: inUnitOf(first.name, first.value) };
  });
}

/** The node's name of a default, which is where a topic has it from; null where the node has no default either. */
function defaultNameOf(name: string): string | null {
  const brokerName = Object.entries(brokerNameOf).find(([topicConfig]) => topicConfig === name)?.[1];
  return brokerName !== undefined && topicDefaultOptions[brokerName]?.default !== undefined ? brokerName : null;
}

/** Why `configs` cannot be a topic's settings, as a sentence that names the first that will not do; null where they can. */
export function topicConfigProblem(configs: ConfigTexts): string | null {
  const parsed = parseOptions(topicConfigs, configs);
  const [unknown] = parsed.unknown;
  if (unknown !== undefined) return `Unknown topic config name: ${unknown}`;
  const [problem] = parsed.problems;
  if (problem !== undefined) return problem.message;
  const spelling = spellingProblem(topicConfigs, configs);
  if (spelling !== null) return spelling;
  const lagMsMin = parsed.values['min.compaction.lag.ms'];
  const lagMsMax = parsed.values['max.compaction.lag.ms'];
  return lagMsMin > lagMsMax
    ? `conflict topic config setting min.compaction.lag.ms (${lagMsMin}) > max.compaction.lag.ms (${lagMsMax})`
    : null;
}

/** Kafka's values have one spelling; in files read at the start, ours may be written in any case. */
export function spellingProblem(specs: Readonly<Record<string, OptionSpec>>, configs: ConfigTexts): string | null {
  for (const [name, value] of Object.entries(configs)) {
    const values = specs[name]?.values;
    if (values === undefined || values.includes(value)) continue;
    return `Invalid value ${value} for configuration ${name}: String must be one of: ${values.join(', ')}`;
  }
  return null;
}

export function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}
