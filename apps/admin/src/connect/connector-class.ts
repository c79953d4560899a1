/** What may stand in `connector.class`: every sink of the registry, and the collector that runs a flume.conf. */
import type { OptionSpecs } from '#config/options';
import type { ConfLine } from './conf-report.js';
import type { ConnectorKind } from '#control/connector';
import type { Guarantee, SinkType } from '#pipeline/sink';
import type { ConfigInfos, ConfigKeyInfo } from '#pipeline/connector-validation';
import type { AgentPlan } from '#pipeline/flume-plan';
import type { Verification } from '#pipeline/connector-verification';

export interface ConnectorClass {
  /** As `connector-plugins` lists it. */
  readonly name: string;
  /** Other names under which it is accepted. */
  readonly aliases: readonly string[];
  /** Of several classes with one alias, whether this config is meant for this one. */
  claims?(config: Readonly<Record<string, string>>): boolean;
  readonly kind: ConnectorKind;
  readonly version: string;
  /** Tells which keys are secret. */
  readonly options: OptionSpecs;
  keys(): readonly ConfigKeyInfo[];
  /** Never throws. */
  validate(config: Readonly<Record<string, string>>): ConfigInfos;
  /** Of a collector: what becomes of each line of its flume.conf. */
  report?(config: Readonly<Record<string, string>>): readonly ConfLine[];
  /**
   * Of a collector: the agent that its flume.conf means, as far as it can be told away from its worker; null where it has errors. Default of
   * `environment`, for `${env:…}`: this process's.
   */
  plan?(
    config: Readonly<Record<string, string>>,
    environment?: Readonly<Record<string, string | undefined>>,
  ): AgentPlan | null;
  /** Of a config without errors: asks the store whether it could work, 10 s at most. Absent where there is no store. Never rejects. */
  verify?(config: Readonly<Record<string, string>>): Promise<Verification>;
  /** What its options promise; absent where nothing is promised. */
  guarantee?(config: Readonly<Record<string, string>>): Guarantee;
  /** The config in the words of its kind, where it was written for a well-known connector. */
  own?(config: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** One sentence; Markdown. */
  readonly doc: string;
  /** Of a config without errors: how many tasks it gets. */
  tasksMax(config: Readonly<Record<string, string>>): number;
  /** Why offsets cannot be set from outside; null where they can. */
  offsetsFixed(config: Readonly<Record<string, string>>): string | null;
  /** Absent where the consumer group's offsets are all that there is. */
  readonly alterOffsets?: SinkType['alterOffsets'];
}

const namesMax = 1_000;

export class ConnectorClasses {
  private readonly list: ConnectorClass[];
  /** What `find` has found, by what was asked for. */
  private readonly byName = new Map<string, readonly ConnectorClass[]>();

  constructor(
    builtIn: readonly ConnectorClass[],
    /** Classes from packages that are there now. Default: none. */
    private readonly packages: () => Promise<readonly ConnectorClass[]> = () => Promise.resolve([]),
  ) {
    this.list = [...builtIn];
  }

  get all(): readonly ConnectorClass[] {
    return this.list;
  }

  /** Takes up packages that were installed since. A name that is taken stays with who has it. */
  async refresh(): Promise<void> {
    for (const candidate of await this.packages()) {
      if (this.list.some(({ name }) => name === candidate.name)) continue;
      this.list.push(candidate);
      this.byName.clear();
    }
  }

  /**
   * By full name, by simple name (without the package), and by simple name without `Connector`. Of several that share the name, the first
   * that claims `config`, or the first at all.
   */
  find(name: string, config: Readonly<Record<string, string>> = {}): ConnectorClass | null {
    const wanted = name.trim().toLowerCase();
    const named = this.byName.get(wanted) ?? this.named(wanted);
    if (this.byName.size < namesMax) this.byName.set(wanted, named);
    if (named.length < 2) return named[0] ?? null;
    return named.find((candidate) => candidate.claims?.(config) ?? true) ?? named[0] ?? null;
  }

  /** All that share the name, by the first of the three ways that has any. */
  private named(wanted: string): readonly ConnectorClass[] {
    const matching = (nameOf: (candidate: string) => string): readonly ConnectorClass[] =>
      this.all.filter((candidate) =>
        [candidate.name, ...candidate.aliases].some((alias) => nameOf(alias.toLowerCase()) === wanted),
      );
    const ways = [
      (candidate: string) => candidate,
      simpleName,
      (candidate: string) => simpleName(candidate).replace(/connector$/, ''),
    ];
    return ways.map(matching).find((found) => found.length > 0) ?? [];
  }
}

function simpleName(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1);
}
