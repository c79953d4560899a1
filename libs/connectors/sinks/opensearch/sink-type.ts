import type { OptionProblem } from '#config/options';
import { basicAuthorization, httpErrors } from '#net/http-client';
import type { SinkType } from '#pipeline/sink';
import { systemClock, type Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { overHttpClient } from '../over-http/over-http-options.js';
import { BulkClient } from './bulk-client.js';
import { OpenSearchSink } from './opensearch-sink.js';
import {
  openSearchGuarantee,
  openSearchOptions,
  openSearchProblems,
  openSearchSettings,
  type OpenSearchSettings,
} from './options.js';
import { openSearchClasses, translateOpenSearch } from './well-known.js';

const verifyTimeoutMs = 5000;
/** Connections to a node, where several partitions are written at once. */
const connectionsMin = 8;

export const openSearchSinkType: SinkType = {
  name: 'opensearch',
  classNames: openSearchClasses,
  version: '0.1.0',
  doc: 'Documents in OpenSearch or Elasticsearch, by key or one a record: versions from offsets make repeated and late writes harmless.',
  options: openSearchOptions,
  check: openSearchProblems,
  verify: verifyOpenSearch,
  translate: translateOpenSearch,
  guarantee: openSearchGuarantee,
  create(options) {
    const settings = openSearchSettings(options);
    const { values } = settings;
    return new OpenSearchSink(settings, ({ clock }) =>
      connect(settings, { clock, connectMs: values['connection.timeout.ms'], answerMs: values['read.timeout.ms'] }),
    );
  },
};

/** For those who write by the name of the other product. */
export const elasticsearchSinkType: SinkType = { ...openSearchSinkType, name: 'elasticsearch', classNames: [] };

interface Times {
  readonly clock: Clock;
  readonly connectMs: number;
  readonly answerMs: number;
}

function connect({ values, options, urls }: OpenSearchSettings, { clock, connectMs, answerMs }: Times) {
  const user = values['connection.username'];
  const apiKey = values['connection.api.key'];
  const client = overHttpClient(options, {
    clock,
    connectionsMax: Math.max(connectionsMin, values['max.in.flight.requests']),
    connectTimeoutMs: connectMs,
    timeoutMs: answerMs,
  });
  const authorization =
    apiKey !== null
      ? `ApiKey ${apiKey}`
      : user === null
        ? null
        : basicAuthorization(user, values['connection.password'] ?? '');
  const bulk = new BulkClient({
    client,
    clock,
    urls,
    headers: authorization === null ? {} : { Authorization: authorization },
    compress: values['connection.compression'],
    pipeline: values['ingest.pipeline'],
  });
  return { client: bulk, close: () => client.close() };
}

/** Asks the server for its version; where the sink makes no indexes, also for those of the topics that are named. */
async function verifyOpenSearch(options: Readonly<Record<string, string>>): Promise<readonly OptionProblem[]> {
  const settings = openSearchSettings(options);
  const { values } = settings;
  const connection = connect(settings, { clock: systemClock, connectMs: verifyTimeoutMs, answerMs: verifyTimeoutMs });
  const problem = (name: string, message: string): OptionProblem => ({ name, value: options[name] ?? null, message });
  try {
    await connection.client.requireServer();
    const format = values['index.name.format'];
    const isNamed = settings.dataStream === null && !format.includes('${timestamp}');
    if (values['auto.create.indices'] || !isNamed) return [];
    const topics = (options['topics'] ?? '').split(/[\s,]+/).filter((topic) => topic !== '');
    const problems: OptionProblem[] = [];
    for (const topic of topics) {
      const index = format.replaceAll('${topic}', topic).toLowerCase();
      if (!(await connection.client.exists(index))) {
        problems.push(problem('auto.create.indices', `There is no index ${index}, and the sink is not to make it`));
      }
    }
    return problems;
  } catch (error) {
    const message = messageOf(error);
    const isOfTls =
      error instanceof Error && error.cause instanceof MillraceError && error.cause.code === httpErrors.tls.code;
    if (isOfTls) return [problem('ssl.truststore.location', message)];
    if (!/ 40[13]\b/.test(message)) return [problem('connection.url', message)];
    return [{ name: 'connection.password', value: null, message }];
  } finally {
    connection.close();
  }
}
