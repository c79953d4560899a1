import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import { sqlOptions, sqlProblems, sqlSettings, type Options, type SqlSettings } from '../sql/sql-options.js';

/** Options of the `postgres` sink, under the names that JDBC sinks have for them. */
export const postgresOptions = defineOptions({
  'connection.url': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Connection',
    check: urlCheck,
    doc: 'The database: `postgresql://host:5432/name`, also written `jdbc:postgresql://host:5432/name?user=…`.',
  },
  ...sqlOptions,
});

export interface PostgresSettings extends SqlSettings {
  readonly connectionString: string;
}

export function postgresSettings(options: Options): PostgresSettings {
  const values = requireOptions('Sink postgres', postgresOptions, options);
  return {
    ...sqlSettings('postgres', options),
    connectionString: connectionString(
      values['connection.url'],
      values['connection.user'],
      values['connection.password'],
    ),
  };
}

export function postgresProblems(options: Options): readonly OptionProblem[] {
  return sqlProblems('postgres', options);
}

function urlCheck(url: string): string | null {
  return parseUrl(url) === null
    ? 'must be like postgresql://host:5432/database or jdbc:postgresql://host:5432/database'
    : null;
}

function parseUrl(url: string): URL | null {
  const plain = url.replace(/^jdbc:/i, '');
  if (!/^postgres(ql)?:\/\//i.test(plain)) return null;
  return URL.canParse(plain) ? new URL(plain) : null;
}

/** JDBC has user and password as parameters, libpq before the host; options win over neither being there. */
function connectionString(url: string, user: string | null, password: string | null): string {
  const parsed = parseUrl(url);
  if (parsed === null) return url;
  const jdbcUser = parsed.searchParams.get('user');
  const jdbcPassword = parsed.searchParams.get('password');
  parsed.searchParams.delete('user');
  parsed.searchParams.delete('password');
  const ssl = parsed.searchParams.get('ssl');
  if (ssl === 'true' && !parsed.searchParams.has('sslmode')) parsed.searchParams.set('sslmode', 'require');
  if (ssl !== null) parsed.searchParams.delete('ssl');
  const name = user ?? jdbcUser;
  const secret = password ?? jdbcPassword;
  if (name !== null) parsed.username = encodeURIComponent(name);
  if (secret !== null) parsed.password = encodeURIComponent(secret);
  return parsed.href;
}
