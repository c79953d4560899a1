import { parseOptions } from '#config/options';
import { topicConfigs } from '#log/topic-configs';
import { configSource, describeOptions, type ConfigEntry } from './config-entries.js';

/** All settings of a topic, those in `set` and the defaults of the rest. */
export function describeTopicConfigs(set: Readonly<Record<string, string>>): ConfigEntry[] {
  return describeOptions(topicConfigs, { set, source: configSource.dynamicTopic, readOnly: false });
}

/** Why `configs` cannot be a topic's settings, as a sentence that names the first that will not do; null where they can. */
export function topicConfigProblem(configs: Readonly<Record<string, string>>): string | null {
  const parsed = parseOptions(topicConfigs, configs);
  const [unknown] = parsed.unknown;
  if (unknown !== undefined) return `Unknown topic config name: ${unknown}`;
  return parsed.problems[0]?.message ?? null;
}

/** Whether a setting is a list, to which values can be added and taken away; null where there is no such setting. */
export function isListConfig(name: string): boolean | null {
  const spec = Object.entries(topicConfigs).find(([key]) => key === name)?.[1];
  return spec === undefined ? null : spec.type === 'list';
}

/** The default of a list setting, where values are added to it. */
export function defaultListOf(name: string): readonly string[] {
  const entry = describeTopicConfigs({}).find((candidate) => candidate.name === name);
  return splitList(entry?.value ?? '');
}

export function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}
