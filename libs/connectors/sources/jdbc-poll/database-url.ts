export interface DatabaseAddress {
  readonly kind: 'postgres' | 'mysql';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | null;
  readonly password: string | null;
}

const kinds: Readonly<Record<string, { readonly kind: 'postgres' | 'mysql'; readonly port: number }>> = {
  'postgresql:': { kind: 'postgres', port: 5432 },
  'postgres:': { kind: 'postgres', port: 5432 },
  'mysql:': { kind: 'mysql', port: 3306 },
  'mariadb:': { kind: 'mysql', port: 3306 },
};

/** Reads an address as JDBC drivers and URLs have it. Throws an Error that says what is wrong, without the password. */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const url = URL.parse(text.replace(/^jdbc:/i, ''));
  const known = url === null ? undefined : kinds[url.protocol];
  if (url === null || known === undefined || url.hostname === '' || url.pathname.length < 2) {
    throw new Error('must be jdbc:postgresql://host:port/database, jdbc:mysql://… or jdbc:mariadb://…');
  }
  const given = (name: string, value: string): string | null =>
    decodeURIComponent(value) || (url.searchParams.get(name) ?? null);
  return {
    kind: known.kind,
    host: url.hostname,
    port: url.port === '' ? known.port : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: given('user', url.username),
    password: given('password', url.password),
  };
}

/** For the option's check. */
export function checkDatabaseUrl(text: string): string | null {
  try {
    parseDatabaseUrl(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
