import { defineOptions, type OptionSpec } from '#config/options';
import { nodeOptions } from './config-node.js';
import { configSource, describeOption, type ConfigEntry } from './config-entries.js';
import type { ConfigRecords, ConfigTexts } from './config-records.js';

/** Settings of a single group that uses the consumer protocol (KIP-848). */
export const groupConfigs = defineOptions({
  'consumer.session.timeout.ms': {
    type: 'int',
    default: 45_000,
    min: 1,
    unit: 'ms',
    doc: 'A member that is not heard of for so long is out of the group.',
  },
  'consumer.heartbeat.interval.ms': {
    type: 'int',
    default: 5_000,
    min: 1,
    unit: 'ms',
    doc: 'How often a member is told to report.',
  },
});

/** The node's setting that is the default of a group's, and the two that bound it: Kafka's names and defaults. */
const rules: Readonly<
  Record<string, { readonly min: readonly [string, number]; readonly max: readonly [string, number] }>
> = {
  'consumer.session.timeout.ms': {
    min: ['group.consumer.min.session.timeout.ms', 45_000],
    max: ['group.consumer.max.session.timeout.ms', 60_000],
  },
  'consumer.heartbeat.interval.ms': {
    min: ['group.consumer.min.heartbeat.interval.ms', 5_000],
    max: ['group.consumer.max.heartbeat.interval.ms', 15_000],
  },
};

export function describeGroup(records: ConfigRecords, groupId: string): ConfigEntry[] {
  const own = records.of('group-config', groupId);
  return Object.entries(groupConfigs).map(([name, spec]) => {
    const value = own[name];
    const layers = records.layers(`group.${name}`);
    if (value !== undefined) layers.unshift({ name, value, source: configSource.group });
    return describeOption(name, spec, { set: layers, defaultName: `group.${name}`, readOnly: false });
  });
}

/** Why `configs` cannot be those of a group; null where they can. Their form was checked before. */
export function groupConfigProblem(records: ConfigRecords, configs: ConfigTexts): string | null {
  for (const [name, text] of Object.entries(configs)) {
    const rule = rules[name];
    if (rule === undefined) return `Unknown group config name: ${name}`;
    if (Number(text) < bound(records, rule.min)) return `${name} must be greater than or equal to ${rule.min[0]}`;
    if (Number(text) > bound(records, rule.max)) return `${name} must be less than or equal to ${rule.max[0]}`;
  }
  return null;
}

function bound(records: ConfigRecords, [name, otherwise]: readonly [string, number]): number {
  const set = records.layers(name)[0]?.value;
  const declared: OptionSpec['default'] = nodeOptions[name]?.default;
  return Number(set ?? declared ?? otherwise);
}
