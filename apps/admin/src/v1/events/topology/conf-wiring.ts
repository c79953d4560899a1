/** How the components of a flume.conf hang together, from its text. */
import type { Connector } from '#control/connector';
import { readConf, type ComponentConf, type ComponentKind } from '#pipeline/flume-conf';
import { ConfProblems } from '#pipeline/flume-problem';

export interface WiredComponent {
  readonly name: string;
  /** As written; a class by its last word. */
  readonly type: string;
  /** Null where it is not written, or only the worker knows it. */
  option(...names: readonly string[]): string | null;
}

export interface WiredSource extends WiredComponent {
  readonly interceptors: readonly WiredComponent[];
  readonly channels: readonly string[];
  /** Every channel gets every event. */
  readonly isReplicating: boolean;
}

export interface WiredSink extends WiredComponent {
  readonly channel: string;
  /** Null: it runs by itself. */
  readonly group: string | null;
}

export interface Wiring {
  readonly sources: readonly WiredSource[];
  readonly channels: readonly WiredComponent[];
  readonly sinks: readonly WiredSink[];
}

const known = new WeakMap<Connector, Wiring>();

/** Of what can be read of it: mistakes were told when it was written. */
export function wiringOf(connector: Connector): Wiring {
  const found = known.get(connector) ?? read(connector);
  known.set(connector, found);
  return found;
}

function read({ config }: Connector): Wiring {
  const agent = (config['agent'] ?? '').trim();
  const file = { file: 'flume.conf', bytes: Buffer.from(config['flume.conf'] ?? '') };
  const conf = readConf([file], { environment: {}, agent, isElsewhere: true }, new ConfProblems()).agents.get(agent);
  const listed = (kind: ComponentKind): ComponentConf[] =>
    words(conf?.lists.get(kind)?.text).flatMap((name) => conf?.components.get(kind)?.get(name) ?? []);
  const groups = listed('sinkgroup').flatMap((group) =>
    words(group.keys.get('sinks')?.text).map((sink) => [sink, group.name] as const),
  );
  const groupOf = new Map(groups);
  return {
    sources: listed('source').map((source) => ({
      ...component(source.name, source, ''),
      interceptors: words(source.keys.get('interceptors')?.text).map((name) =>
        component(name, source, `interceptors.${name}.`),
      ),
      channels: words(source.keys.get('channels')?.text),
      isReplicating: (source.keys.get('selector.type')?.text ?? 'replicating').toLowerCase() === 'replicating',
    })),
    channels: listed('channel').map((channel) => component(channel.name, channel, '')),
    sinks: listed('sink').map((sink) => ({
      ...component(sink.name, sink, ''),
      channel: sink.keys.get('channel')?.text ?? '',
      group: groupOf.get(sink.name) ?? null,
    })),
  };
}

function component(name: string, { keys }: ComponentConf, prefix: string): WiredComponent {
  const written = keys.get(`${prefix}type`)?.text ?? '';
  return {
    name,
    type: written.split('.').at(-1) ?? written,
    option(...names) {
      for (const each of names) {
        const value = keys.get(`${prefix}${each}`);
        if (value !== undefined && value.isDeferred !== true && value.text !== '') return value.text;
      }
      return null;
    },
  };
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
