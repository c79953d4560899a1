import type { OptionProblem } from '#config/options';
import { httpErrors } from '#net/http-client';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { overHttpClient } from '../over-http/over-http-options.js';
import { authorizationOf } from './authorization-settings.js';
import { HttpSink } from './http-sink.js';
import { httpOptions, httpProblems, httpSettings } from './options.js';
import { aivenClass, confluentClass, translateHttp } from './well-known.js';

const verifyTimeoutMs = 5000;

export const httpSinkType: SinkType = {
  name: 'http',
  classNames: [aivenClass, confluentClass],
  version: '0.1.0',
  doc: 'Sends records to a web server (webhook): one or many a request, with an idempotency key, each at least once.',
  options: httpOptions,
  check: httpProblems,
  verify: verifyHttp,
  translate: translateHttp,
  guarantee: () => 'at-least-once',
  create: (options) => new HttpSink(httpSettings(options)),
};

/** Asks the server for the head of the address, up to its first place for something of a record: who answers at all is there. */
async function verifyHttp(options: Readonly<Record<string, string>>): Promise<readonly OptionProblem[]> {
  const { values } = httpSettings(options);
  const client = overHttpClient(options, {
    clock: systemClock,
    connectionsMax: 1,
    connectTimeoutMs: verifyTimeoutMs,
    timeoutMs: verifyTimeoutMs,
    trustAll: values['http.ssl.trust.all.certs'],
  });
  const problem = (name: string, message: string): OptionProblem[] => [{ name, value: options[name] ?? null, message }];
  try {
    let headers: Readonly<Record<string, string>>;
    try {
      headers = await authorizationOf(values, client, systemClock).headers();
    } catch (error) {
      return problem('oauth2.access.token.url', messageOf(error));
    }
    const url = new URL(values['http.url'].replace(/\$\{.*$/, ''));
    const { status } = await client.call({ method: 'HEAD', url, headers });
    if (status === 407) return problem('proxy.host', 'The proxy wants another user or password');
    if (status !== 401 && status !== 403) return [];
    return problem('http.authorization.type', `${url.origin} answered ${status}: it wants another authorization`);
  } catch (error) {
    const isOfTls = error instanceof MillraceError && error.code === httpErrors.tls.code;
    return problem(isOfTls ? 'ssl.truststore.location' : 'http.url', messageOf(error));
  } finally {
    client.close();
  }
}
