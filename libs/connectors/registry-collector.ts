/**
 * Every kind of component that a flume.conf can name. A new one is its folder and one line here: its name, and where it is loaded from. A
 * process loads those that its configuration names.
 */
import type {
  Channel,
  ChannelSink,
  ComponentRegistry,
  ComponentType,
  ConfigFilter,
  Interceptor,
  Source,
} from '#pipeline/collector';
import type { AgentConf } from '#pipeline/flume-conf';

type Loaders<T> = Readonly<Record<string, () => Promise<ComponentType<T>>>>;

interface Components {
  readonly sources: Loaders<Source>;
  readonly channels: Loaders<Channel>;
  readonly sinks: Loaders<ChannelSink>;
  readonly interceptors: Loaders<Interceptor>;
  readonly configFilters: Loaders<ConfigFilter>;
}

const components: Components = {
  sources: {
    avro: async () => (await import('./sources/avro/avro-source.js')).avroSource,
    thrift: async () => (await import('./sources/thrift/thrift-source.js')).thriftSource,
    scribe: async () => (await import('./sources/scribe/scribe-source.js')).scribeSource,
    taildir: async () => (await import('./sources/taildir/taildir-source.js')).taildirSource,
    spooldir: async () => (await import('./sources/spooldir/spooldir-source.js')).spooldirSource,
    exec: async () => (await import('./sources/exec/exec-source.js')).execSource,
    netcat: async () => (await import('./sources/netcat/netcat-source.js')).netcatSource,
    syslogtcp: async () => (await import('./sources/syslogtcp/syslogtcp-source.js')).syslogtcpSource,
    http: async () => (await import('./sources/http/http-source.js')).httpSource,
    kafka: async () => (await import('./sources/kafka/kafka-source.js')).kafkaSource,
    jms: async () => (await import('./sources/jms/jms-source.js')).jmsSource,
    amqp: async () => (await import('./sources/amqp/amqp-source.js')).amqpSource,
    stomp: async () => (await import('./sources/stomp/stomp-source.js')).stompSource,
    mqtt: async () => (await import('./sources/mqtt/mqtt-source.js')).mqttSource,
    redis: async () => (await import('./sources/redis/redis-source.js')).redisSource,
    multiport_syslogtcp: async () =>
      (await import('./sources/multiport-syslogtcp/multiport-syslogtcp-source.js')).multiportSyslogtcpSource,
    netcatudp: async () => (await import('./sources/netcatudp/netcatudp-source.js')).netcatudpSource,
    seq: async () => (await import('./sources/seq/seq-source.js')).seqSource,
    stress: async () => (await import('./sources/stress/stress-source.js')).stressSource,
    syslogudp: async () => (await import('./sources/syslogudp/syslogudp-source.js')).syslogudpSource,
    fluent: async () => (await import('./sources/fluent/fluent-source.js')).fluentSource,
    otlp: async () => (await import('./sources/otlp/otlp-source.js')).otlpSource,
    journald: async () => (await import('./sources/journald/journald-source.js')).journaldSource,
    jdbc_poll: async () => (await import('./sources/jdbc-poll/jdbc-poll-source.js')).jdbcPollSource,
    hdfs_poll: async () => (await import('./sources/hdfs-poll/hdfs-poll-source.js')).hdfsPollSource,
    s3_poll: async () => (await import('./sources/s3-poll/s3-poll-source.js')).s3PollSource,
  },
  channels: {
    memory: async () => (await import('./channels/memory/memory-channel.js')).memoryChannel,
    file: async () => (await import('./channels/file/file-channel.js')).fileChannel,
    topic: async () => (await import('./channels/topic/topic-channel-types.js')).topicChannel,
    kafka: async () => (await import('./channels/topic/topic-channel-types.js')).kafkaChannel,
    jdbc: async () => (await import('./channels/jdbc/jdbc-channel.js')).jdbcChannel,
    spillablememory: async () => (await import('./channels/spillable/spillable-channel.js')).spillableChannel,
    pseudotxnmemory: async () =>
      (await import('./channels/pseudo-transaction/pseudo-transaction-channel.js')).pseudoTransactionChannel,
  },
  sinks: {
    avro: async () => (await import('./flume-sinks/avro/avro-sink.js')).avroSink,
    thrift: async () => (await import('./flume-sinks/thrift/thrift-sink.js')).thriftSink,
    topic: async () => (await import('./flume-sinks/topic/topic-sink-types.js')).topicSink,
    kafka: async () => (await import('./flume-sinks/topic/topic-sink-types.js')).kafkaSink,
    logger: async () => (await import('./flume-sinks/logger/logger-sink.js')).loggerSink,
    morphline_solr: async () => (await import('./flume-sinks/morphline/morphline-sink.js')).morphlineSink,
    null: async () => (await import('./flume-sinks/null/null-sink.js')).nullSink,
    file_roll: async () => (await import('./flume-sinks/file-roll/file-roll-sink.js')).fileRollSink,
    hdfs: async () => (await import('./flume-sinks/hdfs/hdfs-sink.js')).hdfsChannelSink,
    http: async () => (await import('./flume-sinks/http/http-sink.js')).httpSink,
    hbase2: async () => (await import('./flume-sinks/hbase/hbase-sink.js')).hbase2Sink,
    hbase: async () => (await import('./flume-sinks/hbase/hbase-sink.js')).hbaseSink,
    asynchbase: async () => (await import('./flume-sinks/hbase/hbase-sink.js')).asyncHbaseSink,
    hive: async () => (await import('./flume-sinks/hive/hive-sink.js')).hiveSink,
    irc: async () => (await import('./flume-sinks/irc/irc-sink.js')).ircSink,
    elasticsearch: async () => (await import('./flume-sinks/elasticsearch/elasticsearch-sink.js')).elasticsearchSink,
    postgres: async () => (await import('./flume-sinks/worker/worker-sink.js')).postgresSink,
  },
  interceptors: {
    timestamp: async () => (await import('./interceptors/timestamp/timestamp-interceptor.js')).timestampInterceptor,
    host: async () => (await import('./interceptors/host/host-interceptor.js')).hostInterceptor,
    static: async () => (await import('./interceptors/static/static-interceptor.js')).staticInterceptor,
    regex_filter: async () =>
      (await import('./interceptors/regex-filter/regex-filter-interceptor.js')).regexFilterInterceptor,
    regex_extractor: async () =>
      (await import('./interceptors/regex-extractor/regex-extractor-interceptor.js')).regexExtractorInterceptor,
    remove_header: async () =>
      (await import('./interceptors/remove-header/remove-header-interceptor.js')).removeHeaderInterceptor,
    search_replace: async () =>
      (await import('./interceptors/search-replace/search-replace-interceptor.js')).searchReplaceInterceptor,
    uuid: async () => (await import('./interceptors/uuid/uuid-interceptor.js')).uuidInterceptor,
    morphline: async () => (await import('./interceptors/morphline/morphline-interceptor.js')).morphlineInterceptor,
    json: async () => (await import('./interceptors/json/json-interceptor.js')).jsonInterceptor,
    csv: async () => (await import('./interceptors/csv/csv-interceptor.js')).csvInterceptor,
    grok: async () => (await import('./interceptors/grok/grok-interceptor.js')).grokInterceptor,
    cel_filter: async () => (await import('./interceptors/cel/cel-filter-interceptor.js')).celFilterInterceptor,
    cel_route: async () => (await import('./interceptors/cel/cel-route-interceptor.js')).celRouteInterceptor,
    mask: async () => (await import('./interceptors/mask/mask-interceptor.js')).maskInterceptor,
    sample: async () => (await import('./interceptors/sample/sample-interceptor.js')).sampleInterceptor,
    dedupe: async () => (await import('./interceptors/dedupe/dedupe-interceptor.js')).dedupeInterceptor,
    rate_limit: async () => (await import('./interceptors/rate-limit/rate-limit-interceptor.js')).rateLimitInterceptor,
  },
  configFilters: {
    env: async () => (await import('./config-filters/env-config-filter.js')).envConfigFilter,
    external: async () => (await import('./config-filters/external-config-filter.js')).externalConfigFilter,
    hadoop: async () => (await import('./config-filters/hadoop-config-filter.js')).hadoopConfigFilter,
  },
};

const missing: ComponentRegistry['missing'] = {
  source: [
    'org.apache.flume.source.twitter.TwitterSource',
    'org.apache.flume.source.avroLegacy.AvroLegacySource',
    'org.apache.flume.source.thriftLegacy.ThriftLegacySource',
  ],
  channel: [],
  sink: ['org.apache.flume.sink.kudu.KuduSink', 'org.apache.flume.sink.kite.DatasetSink'],
  interceptor: [],
};

type Wanted = Readonly<Record<keyof Components, ReadonlySet<string>>>;

/** All of them: for reference pages, forms, and configurations that name what is not here. */
export function loadAllComponents(): Promise<ComponentRegistry> {
  return load(null);
}

/** For the transforms of sink connectors. */
export function loadInterceptors(): Promise<ComponentType<Interceptor>[]> {
  return loadKind(components.interceptors, undefined);
}

/**
 * Those that the agent's configuration names; all of them where it names one by its Java class, or one that is not here, so that whoever judges
 * the configuration can tell what there is.
 */
export function loadComponentsOf(agent: AgentConf): Promise<ComponentRegistry> {
  return load(namedIn(agent));
}

async function load(wanted: Wanted | null): Promise<ComponentRegistry> {
  const [sources, channels, sinks, interceptors, configFilters] = await Promise.all([
    loadKind(components.sources, wanted?.sources),
    loadKind(components.channels, wanted?.channels),
    loadKind(components.sinks, wanted?.sinks),
    loadKind(components.interceptors, wanted?.interceptors),
    loadKind(components.configFilters, wanted?.configFilters),
  ]);
  return { sources, channels, sinks, interceptors, selectors: [], configFilters, missing };
}

function loadKind<T>(loaders: Loaders<T>, names: ReadonlySet<string> | undefined): Promise<ComponentType<T>[]> {
  const chosen = Object.entries(loaders).filter(([name]) => names === undefined || names.has(name));
  return Promise.all(chosen.map(([, loader]) => loader()));
}

const componentKinds = [
  ['source', 'sources'],
  ['channel', 'channels'],
  ['sink', 'sinks'],
  ['configfilter', 'configFilters'],
] as const;

/** By kind; null where a name is none of ours. */
function namedIn(agent: AgentConf): Wanted | null {
  const wanted: Record<keyof Components, Set<string>> = {
    sources: new Set(),
    channels: new Set(),
    sinks: new Set(),
    interceptors: new Set(),
    configFilters: new Set(),
  };
  for (const [componentKind, kind] of componentKinds) {
    for (const { keys } of agent.components.get(componentKind)?.values() ?? []) {
      for (const [key, { text }] of keys) {
        const of = key === 'type' ? kind : /^interceptors\.[^.]+\.type$/.test(key) ? 'interceptors' : null;
        if (of !== null) wanted[of].add(text.toLowerCase());
      }
    }
  }
  const kinds = ['sources', 'channels', 'sinks', 'interceptors', 'configFilters'] as const;
  return kinds.every((kind) => [...wanted[kind]].every((name) => Object.hasOwn(components[kind], name)))
    ? wanted
    : null;
}
