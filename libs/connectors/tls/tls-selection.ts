/**
 * Which protocol versions and cipher suites a list to include and one to exclude leave. Flume: enabled = included (all that there are
 * where the list is empty) without the excluded; SSLv3 is always excluded.
 */
import { constants } from 'node:crypto';
import { DEFAULT_CIPHERS, getCiphers, type SecureContextOptions, type SecureVersion } from 'node:tls';
import { opensslCipher } from '#net/cipher-names';

export interface Selection {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const versions = [
  { name: 'TLSv1', refusal: constants.SSL_OP_NO_TLSv1 },
  { name: 'TLSv1.1', refusal: constants.SSL_OP_NO_TLSv1_1 },
  { name: 'TLSv1.2', refusal: constants.SSL_OP_NO_TLSv1_2 },
  { name: 'TLSv1.3', refusal: constants.SSL_OP_NO_TLSv1_3 },
] as const;

/** Java of today refuses the older ones too unless its security settings are changed. */
const versionsAsTheyCome: readonly string[] = ['TLSv1.2', 'TLSv1.3'];

/** Throws an Error that says which there are where none is left. */
export function enabledProtocols({ include, exclude }: Selection): SecureVersion[] {
  const wanted = include.length === 0 ? versionsAsTheyCome : include;
  const has = (list: readonly string[], name: string): boolean =>
    list.some((item) => item.toLowerCase() === name.toLowerCase());
  const enabled = versions.filter(({ name }) => has(wanted, name) && !has(exclude, name));
  if (enabled.length > 0) return enabled.map(({ name }) => name);
  throw new Error(
    `no protocol version is left of "${wanted.join(' ')}"; there are ${versions.map(({ name }) => name).join(', ')}`,
  );
}

/** In OpenSSL's names; null: those of Node. Throws an Error where none is left. */
export function enabledCiphers({ include, exclude }: Selection): string[] | null {
  if (include.length === 0 && exclude.length === 0) return null;
  const known = new Set(getCiphers().map((name) => name.toUpperCase()));
  const excluded = new Set(exclude.map((name) => opensslCipher(name).toUpperCase()));
  const wanted = include.length === 0 ? DEFAULT_CIPHERS.split(':') : include.map(opensslCipher);
  // Words such as `HIGH` and `!aNULL` of the default list are not names, and stay; the excluded are taken out of them.
  const isPossible = (name: string): boolean => include.length === 0 || known.has(name.toUpperCase());
  const left = wanted.filter((name) => isPossible(name) && !excluded.has(name.toUpperCase()));
  if (!left.some((name) => known.has(name.toUpperCase()))) {
    throw new Error(`no cipher suite that is known here is left of "${wanted.join(' ')}"`);
  }
  const refusals = [...excluded].filter((name) => known.has(name) && !name.startsWith('TLS_'));
  return [...left, ...(include.length === 0 ? refusals.map((name) => `!${name}`) : [])];
}

export type SelectionResult = Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'secureOptions' | 'ciphers'>;

/** As Node takes it. Throws an Error where nothing is left. */
export function selectionOptionsOf(protocols: Selection, ciphers: Selection): SelectionResult {
  const enabled = enabledProtocols(protocols);
  const suites = enabledCiphers(ciphers);
  const low = enabled[0];
  const high = enabled.at(-1);
  const isOld = low === 'TLSv1' || low === 'TLSv1.1';
  // The older versions sign with SHA-1, which OpenSSL allows at its lowest level only.
  const words = isOld ? [...(suites ?? [DEFAULT_CIPHERS]), '@SECLEVEL=0'] : suites;
  const between = versions.filter(({ name }) => !enabled.includes(name));
  return {
    minVersion: low,
    maxVersion: high,
    secureOptions: between.reduce((bits, { refusal }) => bits | refusal, 0),
    ...(words === null ? {} : { ciphers: words.join(':') }),
  };
}
