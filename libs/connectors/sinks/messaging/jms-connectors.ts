/** Options of well-known JMS connectors in the words of the sinks to message brokers. */
type Options = Readonly<Record<string, string>>;

const kcqlPattern = /^\s*(?:insert|upsert)\s+into\s+`?([^\s`]+)`?\s+select\s+\*\s+from\s+`?([^\s`;]+)`?(.*)$/is;

/**
 * `connect.NAME.kcql` of Lenses: where the topic goes, and as what. Only one statement, and whole records; else the destination is left
 * out, which is then reported as missing.
 */
export function lensesDestination(kcql: string | undefined): { destination?: string; kind?: 'queue' | 'topic' } {
  const statements = (kcql ?? '').split(';').filter((statement) => statement.trim() !== '');
  const found = statements.length === 1 ? kcqlPattern.exec(statements[0] ?? '') : null;
  if (found === null) return {};
  const [, destination = '', , rest = ''] = found;
  const kind = /withtype\s+(queue|topic)/i.exec(rest)?.[1]?.toLowerCase();
  return { destination, ...(kind === 'queue' || kind === 'topic' ? { kind } : {}) };
}

/** Confluent's formats: what is not bytes is text. */
export function confluentFormat(format: string | undefined): Record<string, string> {
  if (format === undefined) return {};
  return { 'message.format': format.toLowerCase() === 'bytes' ? 'bytes' : 'text' };
}

/**
 * The host of an address of another protocol (OpenWire, SMF, a broker list) as one of ours; the port is the protocol's own. Brokers with one
 * port for all protocols (Artemis) want the address written out.
 */
export function otherAddress(url: string | undefined, scheme: string, port: number): string | undefined {
  if (url === undefined) return undefined;
  const first = url.replace(/^failover:\(?/i, '').split(/[,)]/)[0] ?? '';
  if (first.toLowerCase().startsWith(`${scheme}:`) || first.toLowerCase().startsWith(`${scheme}s:`)) return first;
  const host = /^(?:[a-z+]+:\/\/)?(\[[^\]]+\]|[^:/?]+)/i.exec(first)?.[1];
  return host === undefined ? undefined : `${scheme}://${host}:${port}`;
}

/** Sets what is there and not yet set. */
export function fill(options: Options, more: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const filled: Record<string, string> = { ...options };
  for (const [name, value] of Object.entries(more)) if (value !== undefined) filled[name] ??= value;
  return filled;
}
