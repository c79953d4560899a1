/** A validated agent: what is to be built, with nothing left to doubt. */
import type { Channel, ChannelSink, ComponentType, Interceptor, Source } from '#pipeline/collector';
import type { SelectorPlan } from '#pipeline/selector';

export interface AgentPlan {
  readonly name: string;
  readonly channels: readonly ComponentPlan<Channel>[];
  readonly sinks: readonly SinkPlan[];
  readonly sources: readonly SourcePlan[];
}

export interface ComponentPlan<T> {
  readonly name: string;
  readonly type: ComponentType<T>;
  /** Own keys only, values substituted, checked against `type.options`. */
  readonly options: Readonly<Record<string, string>>;
}

export interface SinkPlan extends ComponentPlan<ChannelSink> {
  readonly channel: string;
}

export interface SourcePlan extends ComponentPlan<Source> {
  readonly channels: readonly string[];
  readonly selector: SelectorPlan;
  readonly interceptors: readonly ComponentPlan<Interceptor>[];
}
