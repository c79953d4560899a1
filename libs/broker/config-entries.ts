import type { OptionSpec } from '#config/options';

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

/** A value that a setting has somewhere, the one in force first. */
export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** Where a value comes from, in Kafka's numbers. */
export const configSource = {
  dynamicTopic: 1,
  dynamicNode: 2,
  dynamicAllNodes: 3,
  staticBroker: 4,
  default: 5,
  dynamicLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const;

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

export interface EntryValues {
  /** Values in force first; the declared default is not among them. */
  readonly set: readonly ConfigSynonym[];
  /** The default under the name that has it; null where no name has one. */
  readonly defaultName: string | null;
  readonly readOnly: boolean;
}

/** A setting with its value, where that comes from, and what it would be otherwise. Secrets are never shown. */
export function describeOption(name: string, spec: OptionSpec, values: EntryValues): ConfigEntry {
  const isSensitive = spec.type === 'password';
  const declared = defaultText(spec);
  const synonyms = [...values.set];
  if (values.defaultName !== null && declared !== null) {
    synonyms.push({ name: values.defaultName, value: declared, source: configSource.default });
  }
  const [first] = values.set;
  return {
    name,
    value: isSensitive ? null : first === undefined ? declared : first.value,
    readOnly: values.readOnly,
    configSource: first?.source ?? configSource.default,
    isSensitive,
    synonyms: isSensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
    configType: configType[spec.type],
    documentation: spec.doc,
  };
}

/** A default as Kafka writes it; null where there is none. */
export function defaultText(spec: OptionSpec): string | null {
  const value = spec.default;
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.join(',');
  // 2^63 - 1 is "never" in Kafka, and clients read it as a long; as a JavaScript number it is rounded up.
  return value === 2 ** 63 ? '9223372036854775807' : String(value);
}
