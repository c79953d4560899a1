import { defineOptions, type OptionSpecs } from '#config/options';
import { engineOptions } from '#log/engine-options';
import { brokerOptions } from './broker-options.js';
import { coarseDefaultOptions, topicDefaultOptions } from './config-defaults.js';
import { configSource, describeOption, type ConfigEntry } from './config-entries.js';
import type { ConfigRecords, ConfigTexts } from './config-records.js';

/** Settings of Kafka that tools alter on a running node, about threads and copies that this service does not have. */
export const inertOptions = defineOptions({
  'num.io.threads': { type: 'int', default: 8, min: 1, doc: 'Kept and shown only.' },
  'num.network.threads': { type: 'int', default: 3, min: 1, doc: 'Kept and shown only.' },
  'num.replica.fetchers': { type: 'int', default: 1, doc: 'Kept and shown only.' },
  'num.recovery.threads.per.data.dir': { type: 'int', default: 2, min: 1, doc: 'Kept and shown only.' },
  'background.threads': { type: 'int', default: 10, min: 1, doc: 'Kept and shown only.' },
  'leader.replication.throttled.rate': { type: 'long', min: 0, doc: 'Kept and shown only.' },
  'follower.replication.throttled.rate': { type: 'long', min: 0, doc: 'Kept and shown only.' },
  'replica.alter.log.dirs.io.max.bytes.per.second': { type: 'long', min: 0, doc: 'Kept and shown only.' },
});

/** Every setting of the node. */
export const nodeOptions: OptionSpecs = {
  ...brokerOptions,
  ...engineOptions,
  ...topicDefaultOptions,
  ...coarseDefaultOptions,
  ...inertOptions,
};

/** Settings beside the defaults of topics whose owners follow their changes. */
const watched: ReadonlySet<string> = new Set(['max.connections', 'max.connections.per.ip']);

/** Whether a setting of the node can be altered while it runs; null for one that nobody here knows, which Kafka keeps for plug-ins. */
export function isDynamic(name: string): boolean | null {
  if (name in topicDefaultOptions || name in inertOptions || watched.has(name)) return true;
  return name in nodeOptions ? false : null;
}

/** The same settings under the names that they are declared with, not an older one. */
export function underDeclaredNames(given: ConfigTexts): ConfigTexts {
  const declared = new Map<string, string>();
  for (const [name, { aliases = [] }] of Object.entries(nodeOptions))
    for (const alias of aliases) declared.set(alias, name);
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [declared.get(name) ?? name, value]));
}

/** All settings of this node. */
export function describeNode(records: ConfigRecords, nodeId: number): ConfigEntry[] {
  const known = Object.entries(nodeOptions)
    // Settings with many names, as those of single listeners, may hold secrets under any of them.
    .filter(([, spec]) => spec.type !== 'map')
    .map(([name, spec]) =>
      describeOption(name, spec, { set: records.layers(name), defaultName: name, readOnly: isDynamic(name) !== true }),
    );
  const altered = [
    ...Object.keys(records.of('broker-config', String(nodeId))),
    ...Object.keys(records.of('broker-config', '')),
  ];
  const strange = [...new Set(altered)].filter((name) => isDynamic(name) === null);
  return [...known, ...strange.map((name) => describeStrange(name, records))];
}

/** What was altered for all nodes. */
export function describeAllNodes(records: ConfigRecords): ConfigEntry[] {
  return Object.entries(records.of('broker-config', '')).map(([name, value]) => {
    const spec = nodeOptions[name];
    if (spec === undefined) return describeStrange(name, records);
    const set = [{ name, value, source: configSource.dynamicAllNodes }];
    return describeOption(name, spec, { set, defaultName: null, readOnly: false });
  });
}

/** A setting that nobody here knows may be a secret, so its value is not shown. */
function describeStrange(name: string, records: ConfigRecords): ConfigEntry {
  const set = records.layers(name).map((layer) => ({ ...layer, value: null }));
  return {
    name,
    value: null,
    readOnly: true,
    configSource: set[0]?.source ?? configSource.default,
    isSensitive: true,
    synonyms: set,
    configType: 0,
    documentation: '',
  };
}
