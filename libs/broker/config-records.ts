import type { LogEngine } from '#log/engine';
import type { ClusterState } from './cluster-state.js';
import { brokerNameOf, coarseDefaults } from './config-defaults.js';
import { configSource, type ConfigSynonym } from './config-entries.js';

export type ConfigTexts = Readonly<Record<string, string>>;

/** Kinds of cluster records whose values are settings by name. */
export type ConfigKind = 'broker-config' | 'group-config' | 'client-metrics';

const allNodes = '';
const none: ConfigTexts = {};

/**
 * Settings that are altered while the service runs: of this node, of all nodes, of groups and of client metrics. They are kept
 * with the cluster, and defaults of topics are put in force at once.
 *
 * Of one setting of the node, what holds is: this node's value, else that of all nodes, else what was given at the start.
 */
export class ConfigRecords {
  /** What topics have where they set nothing themselves, by the topic's names; declared defaults are not in it. */
  topicDefaults: ConfigTexts = none;
  private readonly texts = new Map<string, ConfigTexts>();
  private readonly nodeListeners: (() => void)[] = [];

  constructor(
    private readonly cluster: ClusterState,
    private readonly engine: Pick<LogEngine, 'setTopicDefaults'>,
    private readonly nodeId: number,
    /** As given at the start. */
    private readonly statics: ConfigTexts,
  ) {}

  start(): void {
    for (const kind of ['group-config', 'client-metrics'] as const) {
      this.cluster.listen(kind, (records) => this.read(kind, records));
    }
    this.cluster.listen('broker-config', (records) => {
      this.read('broker-config', records);
      this.topicDefaults = this.defaultsInForce();
      this.engine.setTopicDefaults(this.topicDefaults);
      for (const listener of this.nodeListeners) listener();
    });
  }

  /** Called after each change of the node's settings. */
  onNodeChange(listener: () => void): void {
    this.nodeListeners.push(listener);
  }

  /** A number among the node's settings as it is now; `otherwise` where it is set nowhere. */
  nodeNumber(name: string, otherwise: number): number {
    const [first] = this.layers(name);
    return first === undefined || first.value === null ? otherwise : Number(first.value);
  }

  of(kind: ConfigKind, key: string): ConfigTexts {
    return this.texts.get(`${kind}:${key}`) ?? none;
  }

  keys(kind: ConfigKind): string[] {
    return [...this.cluster.records(kind).keys()];
  }

  /** Durable and in force when it resolves. */
  save(kind: ConfigKind, key: string, values: ConfigTexts): Promise<void> {
    const value = Object.keys(values).length === 0 ? null : JSON.stringify(values);
    return this.cluster.put([{ kind, key, value }]);
  }

  /** The values that a setting of the node has somewhere, the one in force first. */
  layers(name: string): ConfigSynonym[] {
    const layers: ConfigSynonym[] = [];
    const add = (value: string | undefined, source: number): void => {
      if (value !== undefined) layers.push({ name, value, source });
    };
    add(this.of('broker-config', String(this.nodeId))[name], configSource.dynamicNode);
    add(this.of('broker-config', allNodes)[name], configSource.dynamicAllNodes);
    add(this.statics[name], configSource.staticBroker);
    return layers;
  }

  /** As `layers`, of the node's setting that is the default of a topic's, with the older ones in coarser units behind. */
  topicLayers(topicConfig: string): ConfigSynonym[] {
    const brokerName = Object.entries(brokerNameOf).find(([name]) => name === topicConfig)?.[1];
    if (brokerName === undefined) return [];
    const coarse = Object.entries(coarseDefaults).flatMap(([name, { topicConfig: of }]) => {
      const value = this.statics[name];
      return of === topicConfig && value !== undefined ? [{ name, value, source: configSource.staticBroker }] : [];
    });
    return [...this.layers(brokerName), ...coarse];
  }

  /** A number that was set for a group and has this name, as `consumer.session.timeout.ms`; null where it was not set. */
  groupNumber(groupId: string, name: string): number | null {
    const text = this.of('group-config', groupId)[name];
    return text === undefined ? null : Number(text);
  }

  private defaultsInForce(): ConfigTexts {
    const inForce: Record<string, string> = {};
    for (const name of Object.keys(brokerNameOf)) {
      const [first] = this.topicLayers(name);
      if (first !== undefined && first.value !== null) inForce[name] = inUnitOf(first.name, first.value);
    }
    return inForce;
  }

  private read(kind: ConfigKind, records: ReadonlyMap<string, string>): void {
    for (const key of this.texts.keys()) if (key.startsWith(`${kind}:`)) this.texts.delete(key);
    for (const [key, value] of records) this.texts.set(`${kind}:${key}`, textsOf(value));
  }
}

/** The value in the unit of the topic's setting: hours and minutes become milliseconds. */
export function inUnitOf(name: string, value: string): string {
  const coarse = coarseDefaults[name];
  // -1 means never in every unit.
  return coarse === undefined || Number(value) < 0 ? value : String(Number(value) * coarse.unitMs);
}

/** Names and texts as they were saved; what is of another form is left out. */
function textsOf(json: string): ConfigTexts {
  const decoded: unknown = JSON.parse(json);
  if (typeof decoded !== 'object' || decoded === null) return none;
  return Object.fromEntries(
    Object.entries(decoded).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
