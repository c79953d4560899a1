import { isIPv4, isIPv6 } from 'node:net';

/** Whether only this machine can reach a listener on `host`. Names other than `localhost` are taken as reachable. */
export function isLoopback(host: string): boolean {
  const plain = plainAddress(host);
  if (isIPv4(plain)) return plain.startsWith('127.');
  return plain === '::1' || plain === 'localhost';
}

/** `::ffff:10.0.0.1`, as a dual-stack socket shows IPv4 peers, becomes `10.0.0.1`; brackets of `[::1]` go. */
export function plainAddress(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIPv6(bare) && bare.toLowerCase().startsWith('::ffff:')) {
    const mapped = bare.slice('::ffff:'.length);
    if (isIPv4(mapped)) return mapped;
  }
  return bare;
}
