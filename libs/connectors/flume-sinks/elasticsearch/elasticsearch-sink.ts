import { randomUUID } from 'node:crypto';
import { defineOptions, requireOptions } from '#config/options';
import type { ChannelSink, ComponentContext, ComponentRemark, ComponentType } from '#pipeline/collector';
import { RetriableSinkError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import { CalendarZone } from '#std/calendar-zone';
import { machineHostNames, templateProblem } from '../../formats/path-escapes.js';
import { PathTemplate } from '../../formats/path-template.js';
import { recordTimeMs } from '../../formats/record-time.js';
import { BulkClient, type BulkDocument } from './bulk-client.js';
import { documentOf, indexOf, type DocumentKind } from './event-documents.js';

const transportPort = '9300';
const noEffect = "Read for the sake of Flume's files; has no effect here.";

const serializers: Readonly<Record<string, DocumentKind>> = {
  logstash: 'logstash',
  'org.apache.flume.sink.elasticsearch.elasticsearchlogstasheventserializer': 'logstash',
  dynamic: 'dynamic',
  'org.apache.flume.sink.elasticsearch.elasticsearchdynamicserializer': 'dynamic',
};

const options = defineOptions({
  hostNames: {
    type: 'list',
    required: true,
    doc:
      'Nodes, `host:port,host:port` or addresses such as `https://host:9200`; spoken to over HTTP. Without a port, or with 9300 (the old ' +
      'protocol), 9200.',
  },
  indexName: {
    type: 'string',
    default: 'flume',
    doc: 'Start of the name of the index, with escapes; `-yyyy-MM-dd` of the event in UTC follows.',
    check: (value: string) => templateProblem(value),
  },
  indexType: { type: 'string', default: 'log', doc: `${noEffect} Indexes have no types any more.` },
  clusterName: { type: 'string', default: 'elasticsearch', doc: noEffect },
  client: { type: 'string', default: 'rest', doc: `${noEffect} It is always HTTP.` },
  ttl: { type: 'string', doc: `${noEffect} Use a life cycle policy of the index.` },
  batchSize: { type: 'int', default: 100, min: 1, unit: 'events', doc: 'Documents of a request, at most.' },
  serializer: {
    type: 'string',
    default: 'logstash',
    doc: '`logstash` (`@message`, `@timestamp`, `@fields` …) or `dynamic` (the body and each header as fields), or the class names of those.',
    check: (value: string) =>
      serializers[value.toLowerCase()] === undefined
        ? 'must be logstash or dynamic, or the class of one of those; Java classes of your own cannot be run here'
        : null,
  },
  user: { type: 'string', doc: 'User of a secured cluster.' },
  password: { type: 'password', doc: 'Its password.' },
  requestTimeout: { type: 'int', default: 30_000, min: 100, unit: 'ms', doc: 'Time for an answer.' },
});

type Values = ReturnType<typeof requireValues>;

const retriesMax = 5;
const retryStepMs = 250;
const logEveryMs = 10_000;

/**
 * Documents in daily indexes over `_bulk`. Each has an id that stays over the tries of one write, so that a lost answer makes no second
 * document. One that the cluster refuses for good (a field of another type) is counted, logged and left out: it would hold up all others.
 */
class ElasticsearchSink implements ChannelSink {
  readonly batchSize: number;
  private context: ComponentContext | null = null;
  private stopping = new AbortController();
  private readonly template: PathTemplate | null;
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly values: Values,
    private readonly kind: DocumentKind,
    private readonly client: BulkClient,
  ) {
    this.batchSize = values.batchSize;
    const zone = CalendarZone.find('UTC');
    this.template =
      zone !== null && values.indexName.includes('%')
        ? new PathTemplate(values.indexName, { zone, rounding: null, host: machineHostNames(), asFlume: true })
        : null;
  }

  start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.stopping = new AbortController();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopping.abort();
    return Promise.resolve();
  }

  async write(batch: EventBatch): Promise<void> {
    const { context } = this;
    if (context === null) throw new Error('The elasticsearch sink is not started.');
    const documents = this.documentsOf(batch, context.clock.now());
    for (let tries = 1; ; tries += 1) {
      try {
        const refused = await this.client.index(documents);
        if (refused.length > 0) this.report(context, refused.length, refused[0]?.reason ?? '');
        return;
      } catch (error) {
        if (!(error instanceof RetriableSinkError) || tries > retriesMax || this.stopping.signal.aborted) throw error;
        await context.clock.sleep(retryStepMs * 2 ** (tries - 1), this.stopping.signal);
      }
    }
  }

  private documentsOf(batch: EventBatch, nowMs: number): BulkDocument[] {
    const records = new EventSinkBatch(batch, { topic: '', partition: 0, firstOffset: 0, timeMs: nowMs });
    return Array.from({ length: batch.count }, (_, index) => {
      const timeMs = recordTimeMs(records, index);
      const prefix = this.template?.resolve(records, index, timeMs) ?? this.values.indexName;
      return {
        // What an index's name may not have becomes `_`.
        index: indexOf(prefix.toLowerCase().replaceAll(/[\s"*+/\\|?#><,:%]/g, '_'), timeMs),
        id: randomUUID(),
        source: documentOf(this.kind, batch, index, timeMs),
      };
    });
  }

  private report(context: ComponentContext, count: number, reason: string): void {
    context.count('EventsRejected', count);
    const now = context.clock.monotonic();
    if (now - this.loggedAt < logEveryMs) return;
    this.loggedAt = now;
    context.logger.warn(`Documents were refused for good and left out, one with ${reason}`, { documents: count });
  }
}

function requireValues(name: string, input: Readonly<Record<string, string>>) {
  return requireOptions(`sink ${name}`, options, input);
}

function urlOf(host: string): string {
  if (/^https?:\/\//i.test(host)) return host.replace(/\/+$/, '');
  const [name = '', port = transportPort] = host.split(':');
  return `http://${name}:${port === transportPort ? '9200' : port}`;
}

export const elasticsearchSink: ComponentType<ChannelSink> = {
  name: 'elasticsearch',
  classNames: ['org.apache.flume.sink.elasticsearch.ElasticSearchSink'],
  doc: 'Writes events as documents to daily indexes of Elasticsearch or OpenSearch, over HTTP.',
  options,
  batchSizeOption: 'batchSize',
  check(input): ComponentRemark[] {
    const { hostNames } = requireValues('elasticsearch', input);
    if (!hostNames.some((host) => host.endsWith(`:${transportPort}`))) return [];
    return [
      {
        severity: 'warning',
        option: 'hostNames',
        message: `hostNames: port ${transportPort} is that of a protocol that clusters speak no more; HTTP on port 9200 is used.`,
      },
    ];
  },
  create(input) {
    const values = requireValues(input.name, input.options);
    const client = new BulkClient({
      urls: values.hostNames.map(urlOf),
      user: values.user,
      password: values.password,
      timeoutMs: values.requestTimeout,
    });
    return new ElasticsearchSink(values, serializers[values.serializer.toLowerCase()] ?? 'logstash', client);
  },
};
