/**
 * `krb5.conf` as far as a client needs it: the default realm, the KDCs of realms, and which realm a host is of. Sections in brackets, `name =
 * value`, groups in braces; `include` and `includedir` are followed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#std/errors';
import { KerberosError, kerberosErrors } from './kerberos-errors.js';

export interface Krb5Conf {
  readonly defaultRealm: string | null;
  /** `host:port` of the KDCs, by realm. */
  readonly kdcs: ReadonlyMap<string, readonly string[]>;
  /** By host name, or by domain with a dot before it; lower case. */
  readonly realms: ReadonlyMap<string, string>;
}

const kdcPort = 88;
const depthMax = 8;

/** Throws `invalid` where the file cannot be read. */
export function loadKrb5Conf(path: string): Krb5Conf {
  try {
    return parseKrb5Conf(withIncludes(path, 0));
  } catch (error) {
    throw new KerberosError(kerberosErrors.invalid, `The Kerberos configuration cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function withIncludes(path: string, depth: number): string {
  if (depth > depthMax) throw new Error(`${path} is included by itself`);
  return readFileSync(path, 'utf8').replaceAll(/^\s*include(dir)?\s+(\S+)\s*$/gm, (_line, isFolder, target: string) => {
    if (isFolder === undefined) return withIncludes(target, depth + 1);
    const names = readdirSync(target).filter((name) => /^[\w-]+$|\.conf$/.test(name));
    return names
      .toSorted()
      .map((name) => withIncludes(join(target, name), depth + 1))
      .join('\n');
  });
}

export function parseKrb5Conf(text: string): Krb5Conf {
  const kdcs = new Map<string, string[]>();
  const realms = new Map<string, string>();
  let defaultRealm: string | null = null;
  let section = '';
  const groups: string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const heading = /^\[([^\]]+)\]/.exec(line);
    if (heading !== null) {
      section = heading[1] ?? '';
      groups.length = 0;
      continue;
    }
    if (line.startsWith('}')) {
      groups.pop();
      continue;
    }
    const [, name = '', value = ''] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (value.startsWith('{')) {
      groups.push(name);
      continue;
    }
    if (section === 'libdefaults' && name === 'default_realm') defaultRealm = value;
    if (section === 'domain_realm' && name !== '') realms.set(name.toLowerCase(), value);
    const [realm] = groups;
    if (section === 'realms' && groups.length === 1 && realm !== undefined && name === 'kdc') {
      const list = kdcs.get(realm) ?? [];
      list.push(...value.split(/\s+/).map(withPort));
      kdcs.set(realm, list);
    }
  }
  return { defaultRealm, kdcs, realms };
}

/** The realm of a host: by its name, by the domains that it lies in, else the default. */
export function realmOfHost({ realms, defaultRealm }: Krb5Conf, host: string): string | null {
  const name = host.toLowerCase();
  const own = realms.get(name);
  if (own !== undefined) return own;
  for (let at = name.indexOf('.'); at >= 0; at = name.indexOf('.', at + 1)) {
    const found = realms.get(name.slice(at)) ?? realms.get(name.slice(at + 1));
    if (found !== undefined) return found;
  }
  return defaultRealm;
}

function withPort(address: string): string {
  const plain = address.replace(/^(?:tcp|udp)\//, '');
  return /:\d+$/.test(plain) ? plain : `${plain}:${kdcPort}`;
}
