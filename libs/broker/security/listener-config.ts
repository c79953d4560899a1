import { parseOptions, requireOptions } from '#config/options';
import { MillraceError, type ErrorKind } from '#std/errors';
import {
  accessOptions,
  listenerOptions,
  parseAddress,
  saslMechanisms,
  type ListenerValues,
  type NamedAddress,
  type SaslMechanismName,
} from './listener-options.js';

export const listenerErrors = {
  invalid: { code: 'broker.listeners.invalid', retriable: false, kafka: 40 },
} satisfies Record<string, ErrorKind>;

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

const protocols: readonly string[] = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] satisfies SecurityProtocol[];

/** One listener with everything that its settings say. */
export interface ListenerConfig {
  /** In upper case, as in `listeners`. */
  readonly name: string;
  readonly protocol: SecurityProtocol;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What clients are told; null: the address that they connected to. */
  readonly advertised: { readonly host: string; readonly port: number } | null;
  readonly values: ListenerValues;
  /** What each mechanism that is on is told, the settings for it alone included. Empty on a listener without SASL. */
  readonly mechanisms: ReadonlyMap<SaslMechanismName, ListenerValues>;
}

export type Settings = Readonly<Record<string, string>>;

export function hasTls({ protocol }: Pick<ListenerConfig, 'protocol'>): boolean {
  return protocol === 'SSL' || protocol === 'SASL_SSL';
}

export function hasSasl({ protocol }: Pick<ListenerConfig, 'protocol'>): boolean {
  return protocol === 'SASL_PLAINTEXT' || protocol === 'SASL_SSL';
}

/**
 * Why a listener must not be where other machines reach it; null where it may: it encrypts, and asks everybody who he is (SASL_SSL, or SSL
 * with `ssl.client.auth=required`).
 */
export function exposureOf(listener: ListenerConfig): string | null {
  if (!hasTls(listener) && !hasSasl(listener)) return 'without a login and without TLS';
  if (!hasTls(listener)) return 'without TLS, so that passwords and records cross the network in clear';
  const asksWho = hasSasl(listener) || listener.values['ssl.client.auth'] === 'required';
  return asksWho ? null : 'without a login (SASL_SSL, or ssl.client.auth=required, would ask for one)';
}

/** The listeners that `settings` describe, in their order. Throws `broker.listeners.invalid` or `config.option.invalid`. */
export function listenerConfigs(settings: Settings): ListenerConfig[] {
  const { values } = parseOptions(accessOptions, settings);
  const controllers = values['controller.listener.names'].map((name) => name.toUpperCase());
  const addresses = values.listeners.map(required).filter(({ name }) => !controllers.includes(name));
  if (addresses.length === 0)
    throw invalid('listeners is empty: name at least one, such as PLAINTEXT://127.0.0.1:9092');
  const names = addresses.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`listeners names ${twice} more than once; give each a name of its own`);
  const advertised = advertisedOf(values['advertised.listeners'], names);
  const protocolOf = protocolMap(values['listener.security.protocol.map']);
  checkOverrides(values['listener.name'], names);
  return addresses.map(({ name, host, port }) => {
    const protocol = protocolOf.get(name);
    if (protocol === undefined) {
      throw invalid(
        `listener ${name} has no protocol: add ${name}:SASL_SSL or the like to listener.security.protocol.map`,
      );
    }
    const own = valuesOf(settings, name, null);
    const listener = { name, protocol, host: host === '' ? '0.0.0.0' : host, port, values: own };
    return { ...listener, advertised: advertised.get(name) ?? null, mechanisms: mechanismsOf(listener, settings) };
  });
}

interface ListenerAddress extends NamedAddress {
  readonly name: string;
}

function required(text: string): ListenerAddress {
  const address = parseAddress(text);
  if (address === null || address.name === null) {
    throw invalid(`"${text}" in listeners is no listener: write NAME://host:port`);
  }
  return { ...address, name: address.name };
}

function advertisedOf(texts: readonly string[], names: readonly string[]): Map<string, NamedAddress> {
  const advertised = new Map<string, NamedAddress>();
  for (const text of texts) {
    const address = parseAddress(text);
    if (address === null) continue;
    // Before there were several listeners the scheme was of no meaning.
    const name = address.name === null || names.length === 1 ? (names[0] ?? '') : address.name;
    if (!names.includes(name)) throw invalid(`advertised.listeners has ${name}, which is not in listeners`);
    if (address.host === '' || address.host === '0.0.0.0' || address.host === '::') {
      throw invalid(`advertised.listeners: no client can connect to "${address.host}"; give a name or an address`);
    }
    if (address.port === 0) throw invalid(`advertised.listeners: ${name} has port 0; give the port clients connect to`);
    advertised.set(name, address);
  }
  return advertised;
}

function protocolMap(pairs: readonly string[]): Map<string, SecurityProtocol> {
  const map = new Map<string, SecurityProtocol>();
  for (const pair of [...protocols.map((name) => `${name}:${name}`), ...pairs]) {
    const [name = '', protocol = ''] = pair.split(':').map((part) => part.trim().toUpperCase());
    if (name === '' || !isProtocol(protocol)) {
      throw invalid(`"${pair}" in listener.security.protocol.map: the protocol must be one of ${protocols.join(', ')}`);
    }
    map.set(name, protocol);
  }
  return map;
}

function isProtocol(text: string): text is SecurityProtocol {
  return protocols.includes(text);
}

/** A mistyped name of a setting that guards something must not pass in silence. */
function checkOverrides(overrides: Settings, names: readonly string[]): void {
  for (const key of Object.keys(overrides)) {
    const name = names.find((candidate) => key.startsWith(`${candidate.toLowerCase()}.`));
    if (name === undefined) throw invalid(`listener.name.${key}: there is no such listener among ${names.join(', ')}`);
    const setting = key.slice(name.length + 1);
    const mechanism = saslMechanisms.find((candidate) => setting.startsWith(`${candidate.toLowerCase()}.`));
    const plain = mechanism === undefined ? setting : setting.slice(mechanism.length + 1);
    if (!(plain in listenerOptions)) throw invalid(`listener.name.${key}: there is no setting ${plain} of a listener`);
  }
}

/** The most particular that is set: for the mechanism, for the listener, for all. */
function valuesOf(settings: Settings, name: string, mechanism: SaslMechanismName | null): ListenerValues {
  const listener = `listener.name.${name.toLowerCase()}.`;
  const prefixes = [...(mechanism === null ? [] : [`${listener}${mechanism.toLowerCase()}.`]), listener, ''];
  const input: Record<string, string> = {};
  for (const option of Object.keys(listenerOptions)) {
    const key = prefixes.map((prefix) => prefix + option).find((candidate) => settings[candidate] !== undefined);
    const value = key === undefined ? undefined : settings[key];
    if (value !== undefined) input[option] = value;
  }
  return requireOptions(`Listener ${name}`, listenerOptions, input);
}

function mechanismsOf(
  listener: Omit<ListenerConfig, 'mechanisms' | 'advertised'>,
  settings: Settings,
): Map<SaslMechanismName, ListenerValues> {
  if (!hasSasl(listener)) return new Map();
  const { name } = listener;
  const enabled = saslMechanisms.filter((candidate) => listener.values['sasl.enabled.mechanisms'].includes(candidate));
  if (enabled.length === 0) {
    throw invalid(
      `listener ${name} has a login, but sasl.enabled.mechanisms names none of ${saslMechanisms.join(', ')}`,
    );
  }
  return new Map(enabled.map((mechanism) => [mechanism, valuesOf(settings, name, mechanism)]));
}

function invalid(reason: string): MillraceError {
  return new MillraceError(listenerErrors.invalid, `The listeners cannot be used: ${reason}.`);
}
