/**
 * Which hosts and addresses a component may be made to connect to by somebody who only may configure it. Names are looked at before they are
 * resolved, addresses after, so that neither a redirect nor an answer of DNS leads elsewhere.
 */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

export type AddressKind =
  | 'public'
  | 'private'
  | 'loopback'
  /** A cloud's server of credentials for the machine it is asked from. */
  | 'metadata'
  | 'link-local'
  /** `0.0.0.0`, multicast and broadcast: nobody's. */
  | 'no host';

const ranges: readonly (readonly [AddressKind, readonly string[]])[] = [
  ['metadata', ['169.254.169.254/32', '169.254.170.2/32', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32']],
  ['metadata', ['fd00:ec2::254/128', 'fd20:ce::254/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10']],
  ['no host', ['0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8']],
];

const lists = ranges.map(([kind, nets]) => ({ kind, list: blockList(nets) }));

/** Names under which clouds have their metadata servers. */
const metadataNames = [
  'metadata.google.internal',
  'metadata.goog',
  'metadata',
  'instance-data',
  'instance-data.ec2.internal',
];

const neverByDefault: readonly AddressKind[] = ['metadata', 'link-local', 'no host'];

/** Of an IPv4 or IPv6 address in any spelling; one that holds an IPv4 address (mapped, NAT64, 6to4) is what that is. */
export function addressKind(address: string): AddressKind {
  const plain = heldAddress(address.replace(/^\[|\]$/g, '').replace(/%.*$/, ''));
  const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
  return lists.find(({ list }) => list.check(plain, family))?.kind ?? 'public';
}

export interface TargetRulesOptions {
  /** `api.example.com`, `*.example.com`, `10.1.0.0/16`, `10.1.2.3`. Null: all are allowed that are not refused by default. */
  readonly allowed: readonly string[] | null;
  /** Refuses private and loopback addresses too, where they are not named in `allowed`. */
  readonly publicOnly: boolean;
}

/**
 * Link-local and metadata addresses are refused unless `allowed` names them as addresses: a name that is allowed may be made to point at
 * them by whoever answers for it.
 */
export class TargetRules {
  private readonly names: readonly string[];
  private readonly addresses: BlockList;

  constructor(private readonly options: TargetRulesOptions) {
    const rules = (options.allowed ?? []).map((rule) => rule.toLowerCase());
    this.names = rules.filter((rule) => !isAddressRule(rule));
    this.addresses = blockList(rules.filter(isAddressRule));
  }

  /** Why nobody may connect to this host, whatever its address; null = its address decides. */
  hostProblem(host: string): string | null {
    const name = hostName(host);
    if (isIP(name) !== 0) return this.addressProblem(name, name);
    if (metadataNames.includes(name) && !this.names.includes(name)) return `${host} is a metadata server of a cloud`;
    return null;
  }

  /** Why nobody may connect to this address, to which `host` leads; null = allowed. */
  addressProblem(host: string, address: string): string | null {
    const name = hostName(host);
    const plain = heldAddress(hostName(address));
    if (this.addresses.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')) return null;
    const kind = addressKind(plain);
    const what = name === plain ? `${host} is` : `${host} leads to ${plain}, which is`;
    if (neverByDefault.includes(kind)) return `${what} ${described[kind]}`;
    if (this.names.some((rule) => matchesName(rule, name))) return null;
    if (this.options.allowed !== null) return `${what} not among the targets that are allowed`;
    const isInside = kind === 'private' || kind === 'loopback';
    return this.options.publicOnly && isInside ? `${what} ${described[kind]}` : null;
  }
}

const described: Record<AddressKind, string> = {
  public: 'a public address',
  private: 'a private address',
  loopback: 'a loopback address',
  metadata: 'the metadata server of a cloud',
  'link-local': 'a link-local address',
  'no host': 'no address of a host',
};

/** A sentence for a rule that is none; null = fine. */
export function targetRuleProblem(rule: string): string | null {
  if (isAddressRule(rule)) {
    const [address = '', bits] = rule.split('/');
    const bitsMax = isIPv4(address) ? 32 : 128;
    if (isIP(address) === 0) return `${rule} is no address: write 10.1.0.0/16 or fd00::/8`;
    return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax)
      ? null
      : `${rule}: /0 to /${bitsMax}`;
  }
  return /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$|^\*$/i.test(rule)
    ? null
    : `${rule} is no host: write api.example.com, *.example.com, * or an address`;
}

function isAddressRule(rule: string): boolean {
  return rule.includes('/') || isIP(rule) !== 0;
}

function matchesName(rule: string, name: string): boolean {
  if (rule === '*') return true;
  return rule.startsWith('*.') ? name.endsWith(rule.slice(1)) : rule === name;
}

/** As DNS has it: without brackets, without the dot at the end, lower case. */
function hostName(host: string): string {
  return host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

function blockList(nets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const net of nets) {
    const [address = '', bits] = net.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return list;
}

/** The IPv4 address in `::ffff:a.b.c.d`, `::a.b.c.d`, `64:ff9b::a.b.c.d` (RFC 6052) and `2002:aabb:ccdd::` (RFC 3056). */
function heldAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const words = wordsOf(address);
  const high = words.slice(0, 6).join(':');
  if (['0:0:0:0:0:65535', '0:0:0:0:0:0', '100:65435:0:0:0:0'].includes(high) && (words[6] ?? 0) !== 0) {
    return dotted(words[6] ?? 0, words[7] ?? 0);
  }
  return words[0] === 0x2002 ? dotted(words[1] ?? 0, words[2] ?? 0) : address;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight numbers of an IPv6 address. */
function wordsOf(address: string): number[] {
  const tail = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const bytes = tail === null ? [] : tail.slice(1).map(Number);
  const words =
    tail === null ? '' : [0, 2].map((at) => ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)).toString(16)).join(':');
  const [before = '', after] = (tail === null ? address : address.slice(0, tail.index) + words).split('::');
  const numbers = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [left, right] = [numbers(before), numbers(after ?? '')];
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}
