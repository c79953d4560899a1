import { lookupService } from 'node:dns/promises';
import { plainAddress } from '#net/host';

export interface PeerHeaderNames {
  readonly clientIPHeader: string | null;
  readonly clientHostnameHeader: string | null;
}

/** Address and host name of a sender under the names that the options give them; its address where it has no name. */
export async function peerHeaders(
  names: PeerHeaderNames,
  remoteAddress: string | undefined,
): Promise<Map<string, string>> {
  const address = plainAddress(remoteAddress ?? '');
  const headers = new Map<string, string>();
  if (names.clientIPHeader !== null) headers.set(names.clientIPHeader, address);
  if (names.clientHostnameHeader !== null) headers.set(names.clientHostnameHeader, await hostNameOf(address));
  return headers;
}

/** Names of the senders of datagrams, each looked up once. */
export class HostNames {
  private readonly known = new Map<string, Promise<string>>();

  ofAll(addresses: readonly string[]): Promise<string[]> {
    return Promise.all(addresses.map((address) => this.of(address)));
  }

  private of(address: string): Promise<string> {
    let name = this.known.get(address);
    if (name === undefined) {
      // Senders can write any address; begun anew, the table stays small.
      if (this.known.size >= namesMax) this.known.clear();
      name = hostNameOf(address);
      this.known.set(address, name);
    }
    return name;
  }
}

const namesMax = 10_000;

async function hostNameOf(address: string): Promise<string> {
  try {
    return (await lookupService(address, 0)).hostname;
  } catch {
    return address;
  }
}
