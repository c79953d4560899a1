/** Parts of a URI as java.net.URI gives them, percent escapes decoded; null where a part is not there. */
export interface JavaUri {
  readonly scheme: string | null;
  readonly schemeSpecificPart: string | null;
  readonly authority: string | null;
  readonly userInfo: string | null;
  readonly host: string | null;
  /** -1 where there is none. */
  readonly port: number;
  readonly path: string | null;
  readonly query: string | null;
  readonly fragment: string | null;
  /** As it stands. */
  readonly rawQuery: string | null;
}

// What RFC 2396 and 2732 allow, and letters of other scripts.
// oxlint-disable-next-line no-control-regex
const illegal = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029<>"{}|\\^`]|%(?![0-9a-fA-F]{2})/;

/** Null where java.net.URI would throw. */
export function parseJavaUri(text: string): JavaUri | null {
  const match = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  if (match === null || illegal.test(text)) return null;
  const scheme = match[1] ?? null;
  const rawPath = match[3] ?? '';
  const rawQuery = match[4] ?? null;
  const rawFragment = match[5] ?? null;
  if (scheme !== null && !/^[a-zA-Z][a-zA-Z0-9+.-]*$/.test(scheme)) return null;
  if (scheme === null && text.startsWith(':')) return null;
  const specific = text.slice(
    scheme === null ? 0 : scheme.length + 1,
    rawFragment === null ? undefined : -rawFragment.length - 1,
  );
  if (scheme !== null && specific === '') return null;
  if (/[[\]]/.test(rawPath) || /#/.test(rawFragment ?? '')) return null;
  const common = { scheme, schemeSpecificPart: decode(specific), fragment: decode(rawFragment) };
  const none = { authority: null, userInfo: null, host: null, port: -1 };
  if (scheme !== null && !specific.startsWith('/'))
    return { ...common, ...none, path: null, query: null, rawQuery: null };
  const authority = match[2] === '' ? null : (match[2] ?? null);
  if (match[2] === '' && rawPath === '') return null;
  const server = authority === null ? none : serverOf(authority);
  if (server === null) return null;
  return { ...common, ...server, path: decode(rawPath), query: decode(rawQuery), rawQuery };
}

type Server = Pick<JavaUri, 'authority' | 'userInfo' | 'host' | 'port'>;

/** An authority that is no server's name is taken as a whole, as Java does. */
function serverOf(authority: string): Server | null {
  const label = String.raw`[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`;
  const name = String.raw`(?:${label}\.)*[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.?`;
  const octet = String.raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`;
  const address = String.raw`${octet}(?:\.${octet}){3}|\[[0-9a-fA-F:.%\w]+\]`;
  const match = new RegExp(String.raw`^(?:([^@[\]]*)@)?(${name}|${address})(?::(\d*))?$`).exec(authority);
  if (match === null) {
    if (/[[\]]/.test(authority)) return null;
    return { authority: decode(authority), userInfo: null, host: null, port: -1 };
  }
  return {
    authority: decode(authority),
    userInfo: decode(match[1] ?? null),
    host: match[2] ?? null,
    port: match[3] === undefined || match[3] === '' ? -1 : Number(match[3]),
  };
}

/** Runs of escapes are UTF-8; what is not becomes U+FFFD. */
function decode<T extends string | null>(text: T): T | string {
  if (text?.includes('%') !== true) return text;
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
