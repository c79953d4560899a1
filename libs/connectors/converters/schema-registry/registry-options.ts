import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import { basicAuthorization, HttpClient } from '#net/http-client';
import type { Clock } from '#std/clock';
import { clientTls, clientTlsProblems } from '../../sinks/client-tls/client-tls.js';
import { clientTlsOptions } from '../../sinks/client-tls/client-tls-options.js';
import { RegistryClient } from './registry-client.js';

const tlsPrefix = 'schema.registry.';

/** Of converters that ask a schema registry; names as Confluent's converters have them. */
export const registryOptions = defineOptions({
  'schema.registry.url': {
    type: 'list',
    required: true,
    importance: 'high',
    check: (urls: readonly string[]) =>
      urls.length > 0 && urls.every((url) => /^https?:\/\/[^/]/.test(url))
        ? null
        : 'must be addresses such as http://registry:8081, separated by commas',
    doc: 'Addresses of the schema registry, one or several; the next is asked where one does not answer.',
  },
  'basic.auth.credentials.source': {
    type: 'string',
    default: 'URL',
    values: ['URL', 'USER_INFO'],
    doc: 'Where user and password come from: the address (`http://user:password@…`), or `basic.auth.user.info`.',
  },
  'basic.auth.user.info': {
    type: 'password',
    aliases: ['schema.registry.basic.auth.user.info'],
    doc: '`user:password`, with `basic.auth.credentials.source=USER_INFO`.',
  },
  'bearer.auth.credentials.source': {
    type: 'string',
    values: ['STATIC_TOKEN'],
    doc: 'Login with a token, `bearer.auth.token`.',
  },
  'bearer.auth.token': { type: 'password', doc: 'The token.' },
  'schema.registry.timeout.ms': {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'ms',
    importance: 'low',
    doc: 'How long one address is waited for.',
  },
  'auto.register.schemas': { type: 'boolean', doc: 'Accepted for Connect; sinks only read.' },
  'use.latest.version': {
    type: 'boolean',
    doc: 'Accepted for Connect; records are read with the schema that they were written with.',
  },
  'key.subject.name.strategy': { type: 'string', doc: 'Accepted for Connect; schemas are found by their ids.' },
  'value.subject.name.strategy': { type: 'string', doc: 'Accepted for Connect; schemas are found by their ids.' },
  'enhanced.avro.schema.support': { type: 'boolean', doc: 'Accepted for Connect.' },
  'connect.meta.data': { type: 'boolean', doc: 'Accepted for Connect.' },
  ...clientTlsOptions(tlsPrefix),
});

export function registryProblems(options: Readonly<Record<string, string>>): readonly OptionProblem[] {
  const values = requireOptions('The schema registry', registryOptions, options);
  const problems: OptionProblem[] = [...clientTlsProblems(options, tlsPrefix)];
  if (values['basic.auth.credentials.source'] === 'USER_INFO' && values['basic.auth.user.info'] === null) {
    problems.push({
      name: 'basic.auth.user.info',
      value: null,
      message: 'basic.auth.credentials.source=USER_INFO needs basic.auth.user.info',
    });
  }
  if (values['bearer.auth.credentials.source'] !== null && values['bearer.auth.token'] === null) {
    problems.push({
      name: 'bearer.auth.token',
      value: null,
      message: 'bearer.auth.credentials.source=STATIC_TOKEN needs bearer.auth.token',
    });
  }
  return problems;
}

export function openRegistry(options: Readonly<Record<string, string>>, clock: Clock): RegistryClient {
  const values = requireOptions('The schema registry', registryOptions, options);
  const token = values['bearer.auth.token'];
  const user = values['basic.auth.user.info'];
  return new RegistryClient({
    clock,
    http: new HttpClient({
      clock,
      timeoutMs: values['schema.registry.timeout.ms'],
      connectTimeoutMs: values['schema.registry.timeout.ms'],
      tls: clientTls(options, tlsPrefix),
    }),
    endpoints: values['schema.registry.url'].map((text) => {
      const url = new URL(text);
      const { username, password } = url;
      url.username = '';
      url.password = '';
      url.pathname = url.pathname.replace(/\/*$/, '/');
      return { url, authorization: authorizationOf({ token, user, username, password }) };
    }),
  });
}

interface Credentials {
  readonly token: string | null;
  /** `user:password`. */
  readonly user: string | null;
  /** Of the address. */
  readonly username: string;
  readonly password: string;
}

function authorizationOf({ token, user, username, password }: Credentials): string | null {
  if (token !== null) return `Bearer ${token}`;
  if (user !== null) {
    const colon = user.indexOf(':');
    return basicAuthorization(user.slice(0, colon < 0 ? undefined : colon), colon < 0 ? '' : user.slice(colon + 1));
  }
  return username === '' ? null : basicAuthorization(decodeURIComponent(username), decodeURIComponent(password));
}
