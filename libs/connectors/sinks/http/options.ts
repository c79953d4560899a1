import { defineOptions, requireOptions, type OptionProblem, type OptionSpecs } from '#config/options';
import { messageOf } from '#std/errors';
import { overHttpOptions, overHttpProblems } from '../over-http/over-http-options.js';
import { RecordTemplate } from './record-template.js';
import type { BodyShape } from './request-body.js';
import type { PlanSettings } from './request-plan.js';
import { rangesProblem, statusClasses, type StatusClass } from './status-classes.js';

const template = (text: string): string | null => {
  try {
    return RecordTemplate.parse(text) instanceof RecordTemplate ? null : 'not a template';
  } catch (error) {
    return messageOf(error);
  }
};

const address = (text: string): string | null => {
  const host = /^https?:\/\/[^/?#]*/i.exec(text)?.[0] ?? '';
  if (host === '' || host.includes('${'))
    return 'must begin with http://host or https://host, and the host must be the same for all records';
  if (!URL.canParse(text.replaceAll(/\$\{[^}]*\}/g, 'x'))) return 'must be an address';
  if (new URL(host).username !== '') return 'must not have user or password: see connection.username';
  return template(text);
};

const statusGroup = { type: 'string', importance: 'low', group: 'Answers', check: rangesProblem } as const;

/** Options of the `http` sink, by the names of Aiven's and Confluent's HTTP sinks. */
export const httpOptions = defineOptions({
  'http.url': {
    type: 'string',
    required: true,
    importance: 'high',
    group: 'Requests',
    aliases: ['http.api.url'],
    check: address,
    doc:
      'Where to. `${topic}`, `${partition}`, `${offset}`, `${timestamp}`, `${key}`, `${header:NAME}` and `${field:PATH}` (of a JSON value) ' +
      'are put in, percent-encoded; records whose addresses differ do not share a request.',
  },
  'request.method': {
    type: 'string',
    default: 'POST',
    values: ['POST', 'PUT', 'PATCH'],
    importance: 'medium',
    group: 'Requests',
    aliases: ['http.method'],
    doc: 'Method of the requests.',
  },
  'http.headers.content.type': {
    type: 'string',
    importance: 'medium',
    group: 'Requests',
    doc:
      'Content-Type. Absent: `application/json` for `array`, `application/x-ndjson` for `ndjson`; else by the value converter: ' +
      '`application/json`, `text/plain; charset=utf-8` or `application/octet-stream`.',
  },
  'http.headers.additional': {
    type: 'string',
    importance: 'low',
    group: 'Requests',
    doc: 'More headers, as `name:value,name:value`.',
  },
  'http.headers': {
    type: 'map',
    importance: 'low',
    group: 'Requests',
    doc: '`http.headers.NAME = value`: more headers, with the same places as the address.',
  },
  'idempotency.header': {
    type: 'string',
    default: 'Idempotency-Key',
    importance: 'low',
    group: 'Requests',
    doc:
      'Header with `<connector>-<topic>-<partition>-<offset>`, and the offset of the last record where there are several. A server that ' +
      'keeps these can tell a repetition. Empty: none.',
  },
  'signature.secret': {
    type: 'password',
    importance: 'low',
    group: 'Requests',
    doc: 'Signs each body by HMAC with this key. Absent: no signature.',
  },
  'signature.header': {
    type: 'string',
    default: 'X-Signature-256',
    importance: 'low',
    group: 'Requests',
    doc: 'Header for the signature: the algorithm’s name, `=`, and the HMAC in hexadecimal digits.',
  },
  'signature.algorithm': {
    type: 'string',
    default: 'sha256',
    values: ['sha256', 'sha512'],
    importance: 'low',
    group: 'Requests',
    doc: 'Hash of the signature.',
  },
  'request.compression': {
    type: 'string',
    default: 'none',
    values: ['none', 'gzip'],
    importance: 'low',
    group: 'Requests',
    doc: '`gzip` sends bodies compressed, with Content-Encoding. The signature is of what is sent.',
  },
  'batching.enabled': {
    type: 'boolean',
    default: false,
    importance: 'high',
    group: 'Batches',
    doc: 'Several records in a request. Implied by a `batch.format` other than `single`.',
  },
  'batch.format': {
    type: 'string',
    values: ['single', 'array', 'ndjson', 'separator'],
    importance: 'high',
    group: 'Batches',
    doc:
      '`single`: a record a request. `array`: a JSON array. `ndjson`: a JSON value a line. `separator`: values with `batch.prefix`, ' +
      '`batch.separator` and `batch.suffix` around them. Absent: `separator` with `batching.enabled`, else `single`.',
  },
  'batch.max.size': {
    type: 'int',
    default: 500,
    min: 1,
    max: 1_000_000,
    unit: 'records',
    importance: 'medium',
    group: 'Batches',
    doc: 'Most records in a request.',
  },
  'request.max.bytes': {
    type: 'int',
    default: 1024 * 1024,
    min: 1,
    max: 256 * 1024 * 1024,
    unit: 'bytes',
    importance: 'medium',
    group: 'Batches',
    doc: 'Most bytes of values in a request. A larger record goes alone.',
  },
  'batch.prefix': {
    type: 'string',
    default: '',
    importance: 'low',
    group: 'Batches',
    doc: 'Begin of a body of `separator`. `\\n`, `\\t` and `\\r` are line end, tab and carriage return.',
  },
  'batch.suffix': {
    type: 'string',
    default: '',
    importance: 'low',
    group: 'Batches',
    doc: 'End of a body of `separator`; as `batch.prefix`.',
  },
  'batch.separator': {
    type: 'string',
    default: '\\n',
    importance: 'low',
    group: 'Batches',
    doc: 'Between the values of `separator`; as `batch.prefix`.',
  },
  'max.in.flight.requests': {
    type: 'int',
    default: 1,
    min: 1,
    max: 256,
    importance: 'medium',
    group: 'Batches',
    doc: 'Requests of one partition under way at once. More than one needs `request.order` other than `partition`.',
  },
  'request.order': {
    type: 'string',
    default: 'partition',
    values: ['partition', 'key', 'none'],
    importance: 'medium',
    group: 'Batches',
    doc: 'What arrives in order: all records of a partition, those of one key, or none.',
  },
  'behavior.on.null.values': {
    type: 'string',
    default: 'fail',
    values: ['ignore', 'delete', 'fail'],
    importance: 'low',
    group: 'Batches',
    doc: 'A record without value: `fail` makes it a bad record, `ignore` passes it over, `delete` sends a DELETE to its address.',
  },
  'http.authorization.type': {
    type: 'string',
    default: 'none',
    values: ['none', 'static', 'basic', 'apikey', 'oauth2'],
    importance: 'high',
    group: 'Authorization',
    doc: '`static` sends `http.headers.authorization`, `basic` user and password, `apikey` a key, `oauth2` a token by client credentials.',
  },
  'http.headers.authorization': {
    type: 'password',
    importance: 'medium',
    group: 'Authorization',
    doc: 'The Authorization header of `static`: `Bearer …`.',
  },
  'connection.username': {
    type: 'string',
    importance: 'medium',
    group: 'Authorization',
    aliases: ['connection.user'],
    doc: 'User of `basic`.',
  },
  'connection.password': {
    type: 'password',
    importance: 'medium',
    group: 'Authorization',
    doc: 'Password of `basic`.',
  },
  'api.key.name': {
    type: 'string',
    default: 'X-API-Key',
    importance: 'low',
    group: 'Authorization',
    doc: 'Header of `apikey`.',
  },
  'api.key.value': {
    type: 'password',
    importance: 'medium',
    group: 'Authorization',
    aliases: ['api.key'],
    doc: 'The key of `apikey`.',
  },
  'oauth2.access.token.url': {
    type: 'string',
    importance: 'medium',
    group: 'Authorization',
    aliases: ['oauth2.token.url'],
    check: (text: string) =>
      /^https?:/i.test(text) && URL.canParse(text) ? null : 'must be an http:// or https:// address',
    doc: 'Where `oauth2` gets its token.',
  },
  'oauth2.client.id': { type: 'string', importance: 'medium', group: 'Authorization', doc: 'Client of `oauth2`.' },
  'oauth2.client.secret': {
    type: 'password',
    importance: 'medium',
    group: 'Authorization',
    doc: 'Secret of that client.',
  },
  'oauth2.client.authorization.mode': {
    type: 'string',
    default: 'header',
    values: ['header', 'url'],
    importance: 'low',
    group: 'Authorization',
    aliases: ['oauth2.client.auth.mode'],
    doc: 'Whether the client is named in the head (Basic) or in the body of the request for a token.',
  },
  'oauth2.client.scope': { type: 'string', importance: 'low', group: 'Authorization', doc: 'Scope to ask for.' },
  'oauth2.response.token.property': {
    type: 'string',
    default: 'access_token',
    importance: 'low',
    group: 'Authorization',
    aliases: ['oauth2.token.property'],
    doc: 'Field of the answer with the token.',
  },
  'success.status.codes': { ...statusGroup, default: '200-299', doc: 'Answers that mean the records are there.' },
  'ignore.status.codes': {
    ...statusGroup,
    default: '',
    doc: 'Answers that count as success although they are none, as 409 of a server that knows the idempotency key.',
  },
  'retry.on.status.codes': {
    ...statusGroup,
    default: '408,425,429,500-',
    doc: 'Answers after which the same request is sent again.',
  },
  'fatal.status.codes': {
    ...statusGroup,
    default: '401,403,404,405,407',
    doc: 'Answers that stop the task. Any other 4xx makes a bad record: of several in a request they are sent again in halves, down to the one.',
  },
  'max.retries': {
    type: 'int',
    default: 2,
    min: 0,
    max: 100,
    importance: 'medium',
    group: 'Answers',
    doc: 'How often a request is sent again at once. After that the task tries on, with longer pauses, as `errors.retry.timeout` says.',
  },
  'retry.backoff.ms': {
    type: 'int',
    default: 200,
    min: 1,
    max: 60_000,
    unit: 'ms',
    importance: 'medium',
    group: 'Answers',
    doc: 'First pause between two of these; it doubles. A `Retry-After` of the server wins.',
  },
  'http.redirects.max': {
    type: 'int',
    default: 0,
    min: 0,
    max: 10,
    importance: 'low',
    group: 'Answers',
    doc: 'Redirects (307, 308) to follow, within the same scheme, host and port unless the request carries no authorization. 0: one stops the task.',
  },
  'http.timeout': {
    type: 'int',
    default: 30_000,
    min: 10,
    max: 3_600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Connection',
    aliases: ['http.request.timeout.ms'],
    doc: 'For a whole answer. Aiven’s `http.timeout` is in seconds: its class name makes it that here too.',
  },
  'http.connect.timeout.ms': {
    type: 'int',
    default: 10_000,
    min: 10,
    max: 600_000,
    unit: 'ms',
    importance: 'low',
    group: 'Connection',
    doc: 'For a connection, TLS included.',
  },
  'http.ssl.trust.all.certs': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'TLS',
    doc: 'Takes any certificate: encryption without knowing who is there.',
  },
  ...overHttpOptions,
});

type Options = Readonly<Record<string, string>>;
export type HttpValues = ReturnType<typeof readValues>;

export interface HttpSettings {
  readonly values: HttpValues;
  /** As given: for the client. */
  readonly options: Options;
  readonly plan: PlanSettings;
  readonly body: BodyShape;
  readonly classify: (status: number) => StatusClass;
  /** What a server's answer may repeat, and an error must not. */
  readonly secrets: readonly string[];
}

const readValues = (options: Options) => requireOptions('Sink http', httpOptions, options);

export function httpSettings(options: Options): HttpSettings {
  const values = readValues(options);
  const format = values['batch.format'] ?? (values['batching.enabled'] ? 'separator' : 'single');
  const contentType = values['http.headers.content.type'] ?? contentTypeOf(format, options['value.converter'] ?? '');
  const headers = new Map([['content-type', RecordTemplate.parse(contentType)]]);
  for (const [name, text] of [
    ...additionalHeaders(values['http.headers.additional']),
    ...ownHeaders(values['http.headers']),
  ]) {
    headers.set(name.toLowerCase(), RecordTemplate.parse(text));
  }
  return {
    values,
    options,
    secrets: secretsOf(options),
    plan: {
      url: RecordTemplate.parse(values['http.url']),
      headers: [...headers],
      onNull: values['behavior.on.null.values'],
      recordsMax: format === 'single' ? 1 : values['batch.max.size'],
      bytesMax: values['request.max.bytes'],
      order: values['request.order'],
      lanes: values['max.in.flight.requests'],
    },
    body: {
      format,
      prefix: unescaped(values['batch.prefix']),
      suffix: unescaped(values['batch.suffix']),
      separator: unescaped(values['batch.separator']),
    },
    classify: statusClasses({
      success: values['success.status.codes'],
      ignore: values['ignore.status.codes'],
      retry: values['retry.on.status.codes'],
      fatal: values['fatal.status.codes'],
    }),
  };
}

/** What does not go together. */
export function httpProblems(options: Options): readonly OptionProblem[] {
  const values = readValues(options);
  const problems = [...overHttpProblems(options)];
  const add = (name: string, message: string): void => {
    problems.push({
      name,
      value: httpOptions[name as keyof typeof httpOptions]?.type === 'password' ? null : (options[name] ?? null),
      message,
    });
  };
  const type = values['http.authorization.type'];
  const need = (...names: readonly (keyof HttpValues)[]): void => {
    for (const name of names) if (values[name] === null) add(name, `http.authorization.type=${type} needs ${name}`);
  };
  if (type === 'static') need('http.headers.authorization');
  if (type === 'basic') need('connection.username', 'connection.password');
  if (type === 'apikey') need('api.key.value');
  if (type === 'oauth2') need('oauth2.access.token.url', 'oauth2.client.id', 'oauth2.client.secret');
  if (values['request.order'] === 'partition' && values['max.in.flight.requests'] > 1) {
    add(
      'max.in.flight.requests',
      'more than one request at a time needs request.order=key or none: with partition the next waits for the one before',
    );
  }
  for (const [name, text] of ownHeaders(values['http.headers'])) {
    const problem = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ? template(text) : 'is no name of a header';
    if (problem !== null) add(`http.headers.${name}`, problem);
  }
  if (
    values['http.headers.additional'] !== null &&
    additionalHeaders(values['http.headers.additional']).some(([name]) => name === '')
  ) {
    add('http.headers.additional', 'must be like name:value,name:value');
  }
  return problems;
}

function secretsOf(options: Options): readonly string[] {
  const specs: OptionSpecs = httpOptions;
  return Object.entries(specs).flatMap(([name, { type, aliases = [] }]) =>
    type === 'password' ? [name, ...aliases].flatMap((key) => options[key]?.trim() || []) : [],
  );
}

/** Names that begin like headers, and are other options. */
const otherOptions = ['content.type', 'authorization', 'additional'];

function ownHeaders(map: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(map).filter(([name]) => !otherOptions.includes(name));
}

function additionalHeaders(text: string | null): (readonly [string, string])[] {
  return (text ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const at = part.indexOf(':');
      return at === -1 ? ['', part] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    });
}

function contentTypeOf(format: BodyShape['format'], converter: string): string {
  if (format === 'array') return 'application/json';
  if (format === 'ndjson') return 'application/x-ndjson';
  if (/string/i.test(converter)) return 'text/plain; charset=utf-8';
  return /bytes?$|bytearray|^$/i.test(converter) ? 'application/octet-stream' : 'application/json';
}

/** A setting is trimmed, so that ends of lines have to be written. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([ntr\\])/g, (_whole, letter: string) => ({ n: '\n', t: '\t', r: '\r' })[letter] ?? '\\');
}
