import type { OptionSpec, OptionSpecs } from '#config/options';

/** One setting as DescribeConfigs shows it. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly ConfigSynonym[];
  readonly configType: number;
  readonly documentation: string;
}

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** Where a value comes from, in Kafka's numbers. */
export const configSource = { dynamicTopic: 1, staticBroker: 4, default: 5 } as const;

export const configResource = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const;

const configType: Readonly<Record<OptionSpec['type'], number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
  map: 2,
  password: 9,
};

export interface ConfigValues {
  /** What was set, as text. */
  readonly set: Readonly<Record<string, string>>;
  /** Where what was set comes from. */
  readonly source: number;
  readonly readOnly: boolean;
}

/** Every option of a declaration with its value, where that comes from, and what it would be otherwise. */
export function describeOptions(specs: OptionSpecs, values: ConfigValues): ConfigEntry[] {
  return Object.entries(specs).map(([name, spec]) => {
    const set = values.set[name];
    const isSensitive = spec.type === 'password';
    const shownSet = isSensitive ? null : (set ?? null);
    const shownDefault = isSensitive ? null : defaultText(spec);
    const synonyms = [{ name, value: shownDefault, source: configSource.default as number }];
    if (set !== undefined) synonyms.unshift({ name, value: shownSet, source: values.source });
    return {
      name,
      value: set === undefined ? shownDefault : shownSet,
      readOnly: values.readOnly,
      configSource: set === undefined ? configSource.default : values.source,
      isSensitive,
      synonyms,
      configType: configType[spec.type],
      documentation: spec.doc,
    };
  });
}

function defaultText(spec: OptionSpec): string | null {
  const value = spec.default;
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.join(',');
  // 2^63 - 1 is "never" in Kafka, and clients read it as a long; as a JavaScript number it is rounded up.
  return value === 2 ** 63 ? '9223372036854775807' : String(value);
}
