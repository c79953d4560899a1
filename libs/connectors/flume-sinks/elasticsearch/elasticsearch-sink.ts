import { randomUUID } from 'node:crypto';
import { defineOptions, requireOptions } from '#config/options';
import { eventsOf } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentContext, ComponentRemark, ComponentType } from '#pipeline/collector';
import { RefusedRecordsError, type RecordRefusal } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { templateProblem } from '../../formats/path-escapes.js';
import { deadLetterKey } from '../dead-letter-option.js';
import type { DocumentKind } from './event-documents.js';
import { EventIndexer } from './event-indexer.js';

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
  [deadLetterKey]: {
    type: 'string',
    doc: 'With a topic as channel: where events go whose document the cluster refuses for good. Absent: they are counted, logged and left out.',
  },
});

type Values = ReturnType<typeof requireValues>;

const logEveryMs = 10_000;

/** Counts and logs what the cluster refused for good where nobody else takes it: it would hold up all others. */
class RefusedDocuments {
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly context: ComponentContext) {}

  add(refusals: readonly RecordRefusal[]): void {
    const [first] = refusals;
    if (first === undefined) return;
    const { clock, logger } = this.context;
    this.context.count('EventsRejected', refusals.length);
    const now = clock.monotonic();
    if (now - this.loggedAt < logEveryMs) return;
    this.loggedAt = now;
    logger.warn(`Documents were refused for good and left out, one with ${first.message}`, {
      documents: refusals.length,
    });
  }
}

/** Each document has an id that stays over the tries of one write, so that a lost answer makes no second document. */
class ElasticsearchSink implements ChannelSink {
  private context: ComponentContext | null = null;
  private refused: RefusedDocuments | null = null;

  constructor(
    readonly batchSize: number,
    private readonly indexer: EventIndexer,
  ) {}

  start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.refused = new RefusedDocuments(context);
    this.indexer.start(context.clock);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.indexer.stop();
    return Promise.resolve();
  }

  async write(batch: EventBatch): Promise<void> {
    if (this.context === null) throw new Error('The elasticsearch sink is not started.');
    const ids = Array.from({ length: batch.count }, () => randomUUID());
    this.refused?.add(await this.indexer.index(this.context.clock, batch, (index) => ids[index] ?? ''));
  }
}

/** Behind a topic the id of a document is its place there: it is written once, whatever crashes. */
class ElasticsearchTask implements Sink {
  private context: SinkContext | null = null;
  private readonly written = new Map<string, StoredOffset>();

  constructor(
    private readonly batchSize: number,
    private readonly indexer: EventIndexer,
    /** Null: refused documents are dead letters. */
    private readonly refused: RefusedDocuments | null,
  ) {}

  start(context: SinkContext): Promise<void> {
    this.context = context;
    this.indexer.start(context.clock);
    return Promise.resolve();
  }

  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const { context, refused } = this;
    if (context === null) throw new Error('The elasticsearch sink is not started.');
    const { topic, partition } = batch;
    const all: RecordRefusal[] = [];
    for (let from = 0; from < batch.count; from += this.batchSize) {
      const part = batch.slice(from, Math.min(batch.count, from + this.batchSize));
      const idOf = (index: number): string => `${topic}+${partition}+${part.offset(index)}`;
      const refusals = await this.indexer.index(context.clock, eventsOf(part), idOf);
      refused?.add(refusals);
      if (refused === null) all.push(...refusals.map(({ index, message }) => ({ index: index + from, message })));
    }
    this.written.set(keyOf(batch), { topic, partition, offset: batch.offset(batch.count - 1) + 1 });
    if (all.length > 0) throw new RefusedRecordsError(all.toSorted((one, other) => one.index - other.index));
  }

  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.written.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.written.delete(keyOf(partition));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.indexer.stop();
    return Promise.resolve();
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition}@${topic}`;
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
    return new ElasticsearchSink(values.batchSize, indexerOf(values));
  },
  createTask(input, context) {
    const values = requireValues(input.name, input.options);
    const deadLetterTopic = values[deadLetterKey];
    const refused = deadLetterTopic === null && context !== undefined ? new RefusedDocuments(context) : null;
    return { sink: new ElasticsearchTask(values.batchSize, indexerOf(values), refused), deadLetterTopic };
  },
};

function indexerOf(values: Values): EventIndexer {
  return new EventIndexer({
    urls: values.hostNames.map(urlOf),
    user: values.user,
    password: values.password,
    timeoutMs: values.requestTimeout,
    indexName: values.indexName,
    kind: serializers[values.serializer.toLowerCase()] ?? 'logstash',
  });
}
