/** What sinks have in common whose store speaks HTTP: TLS, a forward proxy, rules for targets, and the client that follows from them. */
import { defineOptions, parseOptions, requireOptions, type OptionProblem } from '#config/options';
import { HttpClient } from '#net/http-client';
import { targetRuleProblem, TargetRules } from '#net/target-rules';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { clientTls, clientTlsProblems } from '../client-tls/client-tls.js';
import { clientTlsOptions } from '../client-tls/client-tls-options.js';

/** Hosts and networks that sinks may reach, separated by commas: the operator's word, which no connector's config can widen. */
export const targetsVariable = 'MILLRACE_HTTP_TARGETS';

const own = defineOptions({
  'proxy.host': {
    type: 'string',
    importance: 'low',
    group: 'Connection',
    aliases: ['http.proxy.host'],
    doc: 'Forward proxy; https goes through it as a tunnel. Absent: none, whatever the environment says.',
  },
  'proxy.port': {
    type: 'int',
    default: 8080,
    min: 1,
    max: 65535,
    importance: 'low',
    group: 'Connection',
    aliases: ['http.proxy.port'],
    doc: 'Port of the proxy.',
  },
  'proxy.username': {
    type: 'string',
    importance: 'low',
    group: 'Connection',
    aliases: ['http.proxy.user', 'http.proxy.username'],
    doc: 'User, where the proxy wants one (Basic).',
  },
  'proxy.password': {
    type: 'password',
    importance: 'low',
    group: 'Connection',
    aliases: ['http.proxy.password'],
    doc: 'Password of that user.',
  },
  'proxy.except': {
    type: 'list',
    default: [],
    importance: 'low',
    group: 'Connection',
    doc: 'Hosts that are asked directly: `store.example.com`, or `.example.com` for all below.',
  },
  'targets.public.only': {
    type: 'boolean',
    default: false,
    importance: 'low',
    group: 'Connection',
    doc:
      'Refuse private and loopback addresses. Link-local addresses and the metadata servers of clouds are always refused, after DNS and ' +
      `redirects too. The worker's variable \`${targetsVariable}\` (hosts, \`*.example.com\`, networks) narrows further what may be reached.`,
  },
});

/** To be spread into a sink's options. */
export const overHttpOptions = { ...own, ...clientTlsOptions() };

type Options = Readonly<Record<string, string>>;

export interface OverHttpClientOptions {
  readonly clock: Clock;
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  /** Take any certificate. */
  readonly trustAll?: boolean;
}

/** Throws where a key store or the variable cannot be used. */
export function overHttpClient(options: Options, given: OverHttpClientOptions): HttpClient {
  const values = requireOptions('The connection', own, options);
  const host = values['proxy.host'];
  const { trustAll = false, ...rest } = given;
  return new HttpClient({
    ...rest,
    tls: { ...clientTls(options), ...(trustAll ? { rejectUnauthorized: false } : {}) },
    targets: targetRules(process.env, values['targets.public.only']),
    ...(host === null
      ? {}
      : { proxy: { url: proxyUrl({ ...values, 'proxy.host': host }), except: values['proxy.except'] } }),
  });
}

/** For a sink's `check`. */
export function overHttpProblems(options: Options): readonly OptionProblem[] {
  const { values, problems } = parseOptions(own, options);
  if (problems.length > 0) return [];
  const found = [...clientTlsProblems(options)];
  const host = values['proxy.host'];
  try {
    if (host !== null) proxyUrl({ ...values, 'proxy.host': host });
  } catch (error) {
    found.push({ name: 'proxy.host', value: host, message: messageOf(error) });
  }
  return found;
}

/** Throws where the variable has a rule that is none: it is there to keep something out. */
export function targetRules(
  environment: Readonly<Record<string, string | undefined>>,
  publicOnly: boolean,
): TargetRules {
  const rules = (environment[targetsVariable] ?? '').split(/[\s,]+/).filter((rule) => rule !== '');
  for (const rule of rules) {
    const problem = targetRuleProblem(rule);
    if (problem !== null) throw new Error(`The variable ${targetsVariable}: ${problem}`);
  }
  return new TargetRules({ allowed: rules.length === 0 ? null : rules, publicOnly });
}

interface ProxyValues {
  readonly 'proxy.host': string;
  readonly 'proxy.port': number;
  readonly 'proxy.username': string | null;
  readonly 'proxy.password': string | null;
}

function proxyUrl(values: ProxyValues): URL {
  const host = values['proxy.host'].replace(/^https?:\/\//i, '').replace(/\/$/, '');
  if (!URL.canParse(`http://${host}:${values['proxy.port']}`)) throw new Error(`${host} is no host`);
  const url = new URL(`http://${host}:${values['proxy.port']}`);
  url.username = encodeURIComponent(values['proxy.username'] ?? '');
  url.password = encodeURIComponent(values['proxy.password'] ?? '');
  return url;
}
