/** A validated agent: what is to be built, with nothing left to doubt. */
import type { Channel, ChannelSink, ComponentType, Interceptor, Source } from '#pipeline/collector';
import type { SelectorPlan } from '#pipeline/selector';

export interface AgentPlan {
  readonly name: string;
  readonly channels: readonly ComponentPlan<Channel>[];
  readonly sinks: readonly SinkPlan[];
  readonly sources: readonly SourcePlan[];
  readonly sinkGroups: readonly SinkGroupPlan[];
}

/** Sinks that stand in for each other; they drain one channel. */
export interface SinkGroupPlan {
  readonly name: string;
  readonly sinks: readonly string[];
  readonly processor: SinkProcessorPlan;
}

export type SinkProcessorPlan =
  | {
      readonly type: 'failover';
      /** Names of the sinks, the preferred one first. */
      readonly order: readonly string[];
      readonly maxPenaltyMs: number;
    }
  | {
      readonly type: 'load_balance';
      /** At random; else each in its turn. */
      readonly isRandom: boolean;
      /** How long a sink that failed is left out at most; 0: not at all. */
      readonly backoffMsMax: number;
    };

export interface ComponentPlan<T> {
  readonly name: string;
  readonly type: ComponentType<T>;
  /** Own keys only, values substituted, checked against `type.options`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface SinkPlan extends ComponentPlan<ChannelSink> {
  readonly channel: string;
  /** What changes events on their way from the channel. Absent: none. */
  readonly interceptors?: readonly ComponentPlan<Interceptor>[];
}

export interface SourcePlan extends ComponentPlan<Source> {
  readonly channels: readonly string[];
  readonly selector: SelectorPlan;
  readonly interceptors: readonly ComponentPlan<Interceptor>[];
  readonly exactlyOnce: ExactlyOncePlan;
}

/** Whether and how the source's positions are kept in one transaction with its events. */
export interface ExactlyOncePlan {
  /** `requested`: where all channels are topics of one cluster, and the source can be rewound. */
  readonly support: 'requested' | 'required' | 'disabled';
  readonly positionsTopic: string;
  /** How long a transaction gathers deliveries, ms. */
  readonly boundaryMs: number;
  /** Instead of the collector's name; null: that. */
  readonly owner: string | null;
}
