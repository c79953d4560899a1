import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { brokerOptions } from '#broker/broker-options';
import { parseAddress } from '#broker/security/listener-options';
import { parseOptions } from '#config/options';
import { resolveReferences } from '#config/references';
import { MillraceError, type ErrorKind } from '#std/errors';

export const nodeErrors = {
  portsUnknown: { code: 'topics.nodes.ports_unknown', retriable: false },
} satisfies Record<string, ErrorKind>;

type Settings = Readonly<Record<string, string>>;

/** How many nodes `node.count` asks for; with 0 one for each core but one, and no fewer than have data. */
export function nodeCountOf(config: Settings, withData: number): number {
  const count = parseOptions(brokerOptions, config).values['node.count'];
  return count > 0 ? count : Math.max(1, withData, availableParallelism() - 1);
}

/** The first node has the data of a service that was the only one; each other one has a directory of its own below. */
export function nodeDirectory(dataDirectory: string, index: number): string {
  return index === 0 ? dataDirectory : join(dataDirectory, 'nodes', String(index));
}

/**
 * Settings of the node with `index` of `count`: its id and its ports follow those of the first, its data directories lie beside each
 * other, and a budget for all is parted. Throws `topics.nodes.ports_unknown` where a listener has port 0.
 */
export function nodeConfig(config: Settings, { index, count }: { index: number; count: number }): Settings {
  const named = (name: string): Settings => (config[name] === undefined ? {} : { [name]: config[name] });
  const moved = resolveReferences(
    {
      ...named('listeners'),
      ...named('advertised.listeners'),
      ...named('log.dirs'),
      ...named('log.disk.budget.bytes'),
    },
    process.env,
  );
  const node: Record<string, string> = { ...config, 'node.count': String(count) };
  node['node.id'] = String(parseOptions(brokerOptions, config).values['node.id'] + index);
  delete node['broker.id'];
  for (const name of ['listeners', 'advertised.listeners']) {
    const text = moved[name];
    if (text !== undefined)
      node[name] = itemsOf(text)
        .map((address) => shifted(address, index))
        .join(',');
  }
  const directories = moved['log.dirs'];
  if (directories !== undefined) {
    node['log.dirs'] = itemsOf(directories)
      .map((path) => nodeDirectory(path, index))
      .join(',');
  }
  const budget = moved['log.disk.budget.bytes'];
  if (budget !== undefined) node['log.disk.budget.bytes'] = String(Math.max(1, Math.floor(Number(budget) / count)));
  return node;
}

/** Ports of nodes follow each other, so the first one's must be known. */
export function requireKnownPort(port: number): void {
  if (port !== 0) return;
  throw new MillraceError(
    nodeErrors.portsUnknown,
    'With node.count above 1 each listener needs a port of its own choosing, and is given port 0: the nodes listen on it and the ports after it.',
  );
}

function shifted(text: string, index: number): string {
  const address = parseAddress(text);
  // What cannot be read is refused with the setting itself.
  if (address === null) return text;
  requireKnownPort(address.port);
  return text.replace(/\d+$/, String(address.port + index));
}

function itemsOf(list: string): string[] {
  return list.split(/[\s,]+/).filter((item) => item !== '');
}
