/** Lines of a flume.conf out of objects: `{sources: {r1: {type: 'avro', …}}, …}`. */
export type Properties = Readonly<Record<string, string | number | boolean>>;

export interface AgentConf {
  readonly name: string;
  readonly sources: Readonly<Record<string, Properties>>;
  readonly channels: readonly string[];
  /** Properties of every channel; default in memory. */
  readonly channel?: Properties;
  readonly sinks: Readonly<Record<string, Properties>>;
}

const memory: Properties = { type: 'memory', capacity: 20_000, transactionCapacity: 1000 };

export function confOf({ name, sources, channels, channel = memory, sinks }: AgentConf): string {
  const section = (word: string, components: Readonly<Record<string, Properties>>): string[] => [
    `${name}.${word} = ${Object.keys(components).join(' ')}`,
    ...Object.entries(components).flatMap(([component, properties]) =>
      Object.entries(properties).map(([key, value]) => `${name}.${word}.${component}.${key} = ${value}`),
    ),
  ];
  const lines = [
    ...section('sources', sources),
    ...section('channels', Object.fromEntries(channels.map((one) => [one, channel]))),
    ...section('sinks', sinks),
  ];
  return `${lines.join('\n')}\n`;
}

/** A static header on every event. */
export function marked(header: string, value: string): Properties {
  return {
    interceptors: 'mark',
    'interceptors.mark.type': 'static',
    'interceptors.mark.key': header,
    'interceptors.mark.value': value,
  };
}

/** Headers and bodies, as text, into one file of a folder. */
export function rolled(directory: string): Properties {
  return {
    type: 'file_roll',
    'sink.directory': directory,
    'sink.rollInterval': 0,
    'sink.serializer': 'HEADER_AND_TEXT',
  };
}
