/**
 * `ipFilterRules` of Flume's Avro source: `allow|deny:ip|name:pattern`, by commas. `*` and `?` in a pattern stand for any text and any one
 * character. The first rule that matches decides; where none does, the peer is let in.
 */
import { reverse } from 'node:dns/promises';
import { isLoopback } from '#net/host';

export interface IpFilterRule {
  readonly allows: boolean;
  readonly kind: 'ip' | 'name';
  readonly pattern: RegExp;
}

/** Throws an Error that says which rule is none. */
export function parseIpFilter(text: string): IpFilterRule[] {
  return text.split(',').map((written) => {
    const match = /^\s*(allow|deny):(ip|name):(\S+)\s*$/.exec(written);
    if (match === null) {
      throw new Error(
        `"${written.trim()}" is no rule; one is allow or deny, ip or name, and a pattern: allow:ip:127.*`,
      );
    }
    const [, access, kind, pattern = ''] = match;
    return { allows: access === 'allow', kind: kind === 'ip' ? 'ip' : 'name', pattern: patternOf(pattern) };
  });
}

export type HostNames = (address: string) => Promise<readonly string[]>;

const namesOf: HostNames = async (address) => {
  const names = await reverse(address).catch(() => []);
  return isLoopback(address) ? [...names, 'localhost'] : names;
};

/** Whether the rules let this address in. Names are only asked for where a rule needs them. */
export async function admitsAddress(
  rules: readonly IpFilterRule[],
  address: string,
  hostNames: HostNames = namesOf,
): Promise<boolean> {
  let names: readonly string[] | null = null;
  for (const { allows, kind, pattern } of rules) {
    if (kind === 'name') names ??= await hostNames(address);
    const candidates = kind === 'ip' ? [address] : (names ?? []);
    if (candidates.some((candidate) => pattern.test(candidate))) return allows;
  }
  return true;
}

function patternOf(text: string): RegExp {
  const escaped = text
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 'i');
}
