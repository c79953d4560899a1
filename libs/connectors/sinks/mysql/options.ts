import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import { sqlOptions, sqlProblems, sqlSettings, type Options, type SqlSettings } from '../sql/sql-options.js';

/** Options of the `mysql` sink, under the names that JDBC sinks have for them. */
export const mysqlOptions = defineOptions({
  'connection.url': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: (url: string) =>
      parseUrl(url) === null ? 'must be like mysql://host:3306/database or jdbc:mariadb://host:3306/database' : null,
    doc:
      'The database: `mysql://host:3306/name` or `mariadb://…`, also written `jdbc:mysql://host:3306/name?user=…`. `sslMode` may be ' +
      '`REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY` (MariaDB: `trust`, `verify-ca`, `verify-full`), with `serverSslCert` a file of certificates in PEM.',
  },
  ...sqlOptions,
});

/** How the server's certificate is looked at; `off` = no TLS. */
export type TlsMode = 'off' | 'unchecked' | 'authority' | 'full';

export interface MysqlSettings extends SqlSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly tls: TlsMode;
  /** A file of certificates to trust besides; null = those of Node. */
  readonly authorityFile: string | null;
}

export function mysqlSettings(options: Options): MysqlSettings {
  const values = requireOptions('Sink mysql', mysqlOptions, options);
  const url = parseUrl(values['connection.url']) ?? new URL('mysql://localhost/');
  const part = (text: string): string | null => (text === '' ? null : decodeURIComponent(text));
  return {
    ...sqlSettings('mysql', options),
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: values['connection.user'] ?? part(url.username) ?? url.searchParams.get('user'),
    password: values['connection.password'] ?? part(url.password) ?? url.searchParams.get('password'),
    tls: tlsOf(url.searchParams),
    authorityFile: url.searchParams.get('serverSslCert'),
  };
}

export function mysqlProblems(options: Options): readonly OptionProblem[] {
  return sqlProblems('mysql', options);
}

function parseUrl(text: string): URL | null {
  const plain = text.replace(/^jdbc:/i, '');
  if (!/^(?:mysql|mariadb):\/\//i.test(plain)) return null;
  const url = URL.parse(plain);
  return url === null || url.hostname === '' || url.pathname.length < 2 ? null : url;
}

/** Words of Connector/J and of MariaDB's connector. */
function tlsOf(parameters: URLSearchParams): TlsMode {
  const isOn = (name: string): boolean => parameters.get(name)?.toLowerCase() === 'true';
  switch (parameters.get('sslMode')?.toLowerCase().replace('_', '-')) {
    case 'required':
    case 'trust':
      return 'unchecked';
    case 'verify-ca':
      return 'authority';
    case 'verify-identity':
    case 'verify-full':
      return 'full';
    default:
  }
  if (!isOn('useSSL') && !isOn('useSsl') && !isOn('requireSSL')) return 'off';
  return isOn('verifyServerCertificate') ? 'authority' : isOn('trustServerCertificate') ? 'unchecked' : 'full';
}
