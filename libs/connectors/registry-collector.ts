/** Every kind of component that a flume.conf can name. A new one is its folder and one line here. */
import type { ComponentRegistry } from '#pipeline/collector';
import { fileChannel } from './channels/file/file-channel.js';
import { jdbcChannel } from './channels/jdbc/jdbc-channel.js';
import { memoryChannel } from './channels/memory/memory-channel.js';
import { pseudoTransactionChannel } from './channels/pseudo-transaction/pseudo-transaction-channel.js';
import { spillableChannel } from './channels/spillable/spillable-channel.js';
import { kafkaChannel, topicChannel } from './channels/topic/topic-channel-types.js';
import { envConfigFilter } from './config-filters/env-config-filter.js';
import { externalConfigFilter } from './config-filters/external-config-filter.js';
import { hadoopConfigFilter } from './config-filters/hadoop-config-filter.js';
import { avroSink } from './flume-sinks/avro/avro-sink.js';
import { elasticsearchSink } from './flume-sinks/elasticsearch/elasticsearch-sink.js';
import { fileRollSink } from './flume-sinks/file-roll/file-roll-sink.js';
import { hbaseSinks } from './flume-sinks/hbase/hbase-sink.js';
import { hdfsChannelSink } from './flume-sinks/hdfs/hdfs-sink.js';
import { hiveSink } from './flume-sinks/hive/hive-sink.js';
import { httpSink } from './flume-sinks/http/http-sink.js';
import { ircSink } from './flume-sinks/irc/irc-sink.js';
import { loggerSink } from './flume-sinks/logger/logger-sink.js';
import { morphlineSink } from './flume-sinks/morphline/morphline-sink.js';
import { nullSink } from './flume-sinks/null/null-sink.js';
import { thriftSink } from './flume-sinks/thrift/thrift-sink.js';
import { kafkaSink, topicSink } from './flume-sinks/topic/topic-sink-types.js';
import { postgresSink } from './flume-sinks/worker/worker-sink.js';
import { celFilterInterceptor } from './interceptors/cel/cel-filter-interceptor.js';
import { celRouteInterceptor } from './interceptors/cel/cel-route-interceptor.js';
import { csvInterceptor } from './interceptors/csv/csv-interceptor.js';
import { dedupeInterceptor } from './interceptors/dedupe/dedupe-interceptor.js';
import { grokInterceptor } from './interceptors/grok/grok-interceptor.js';
import { hostInterceptor } from './interceptors/host/host-interceptor.js';
import { morphlineInterceptor } from './interceptors/morphline/morphline-interceptor.js';
import { jsonInterceptor } from './interceptors/json/json-interceptor.js';
import { maskInterceptor } from './interceptors/mask/mask-interceptor.js';
import { rateLimitInterceptor } from './interceptors/rate-limit/rate-limit-interceptor.js';
import { regexExtractorInterceptor } from './interceptors/regex-extractor/regex-extractor-interceptor.js';
import { regexFilterInterceptor } from './interceptors/regex-filter/regex-filter-interceptor.js';
import { removeHeaderInterceptor } from './interceptors/remove-header/remove-header-interceptor.js';
import { sampleInterceptor } from './interceptors/sample/sample-interceptor.js';
import { searchReplaceInterceptor } from './interceptors/search-replace/search-replace-interceptor.js';
import { staticInterceptor } from './interceptors/static/static-interceptor.js';
import { timestampInterceptor } from './interceptors/timestamp/timestamp-interceptor.js';
import { uuidInterceptor } from './interceptors/uuid/uuid-interceptor.js';
import { amqpSource } from './sources/amqp/amqp-source.js';
import { avroSource } from './sources/avro/avro-source.js';
import { execSource } from './sources/exec/exec-source.js';
import { fluentSource } from './sources/fluent/fluent-source.js';
import { hdfsPollSource } from './sources/hdfs-poll/hdfs-poll-source.js';
import { httpSource } from './sources/http/http-source.js';
import { jmsSource } from './sources/jms/jms-source.js';
import { journaldSource } from './sources/journald/journald-source.js';
import { kafkaSource } from './sources/kafka/kafka-source.js';
import { mqttSource } from './sources/mqtt/mqtt-source.js';
import { multiportSyslogtcpSource } from './sources/multiport-syslogtcp/multiport-syslogtcp-source.js';
import { jdbcPollSource } from './sources/jdbc-poll/jdbc-poll-source.js';
import { netcatSource } from './sources/netcat/netcat-source.js';
import { netcatudpSource } from './sources/netcatudp/netcatudp-source.js';
import { otlpSource } from './sources/otlp/otlp-source.js';
import { redisSource } from './sources/redis/redis-source.js';
import { s3PollSource } from './sources/s3-poll/s3-poll-source.js';
import { seqSource } from './sources/seq/seq-source.js';
import { scribeSource } from './sources/scribe/scribe-source.js';
import { spooldirSource } from './sources/spooldir/spooldir-source.js';
import { stompSource } from './sources/stomp/stomp-source.js';
import { stressSource } from './sources/stress/stress-source.js';
import { syslogtcpSource } from './sources/syslogtcp/syslogtcp-source.js';
import { syslogudpSource } from './sources/syslogudp/syslogudp-source.js';
import { thriftSource } from './sources/thrift/thrift-source.js';
import { taildirSource } from './sources/taildir/taildir-source.js';

export const collectorRegistry: ComponentRegistry = {
  sources: [
    avroSource,
    thriftSource,
    scribeSource,
    taildirSource,
    spooldirSource,
    execSource,
    netcatSource,
    syslogtcpSource,
    httpSource,
    kafkaSource,
    jmsSource,
    amqpSource,
    stompSource,
    mqttSource,
    redisSource,
    multiportSyslogtcpSource,
    netcatudpSource,
    seqSource,
    stressSource,
    syslogudpSource,
    fluentSource,
    otlpSource,
    journaldSource,
    jdbcPollSource,
    hdfsPollSource,
    s3PollSource,
  ],
  channels: [
    memoryChannel,
    fileChannel,
    topicChannel,
    kafkaChannel,
    jdbcChannel,
    spillableChannel,
    pseudoTransactionChannel,
  ],
  sinks: [
    avroSink,
    thriftSink,
    topicSink,
    kafkaSink,
    loggerSink,
    morphlineSink,
    nullSink,
    fileRollSink,
    hdfsChannelSink,
    httpSink,
    ...hbaseSinks,
    hiveSink,
    ircSink,
    elasticsearchSink,
    postgresSink,
  ],
  interceptors: [
    timestampInterceptor,
    hostInterceptor,
    staticInterceptor,
    regexFilterInterceptor,
    regexExtractorInterceptor,
    removeHeaderInterceptor,
    searchReplaceInterceptor,
    uuidInterceptor,
    morphlineInterceptor,
    jsonInterceptor,
    csvInterceptor,
    grokInterceptor,
    celFilterInterceptor,
    celRouteInterceptor,
    maskInterceptor,
    sampleInterceptor,
    dedupeInterceptor,
    rateLimitInterceptor,
  ],
  selectors: [],
  configFilters: [envConfigFilter, externalConfigFilter, hadoopConfigFilter],
  missing: {
    source: [
      'org.apache.flume.source.twitter.TwitterSource',
      'org.apache.flume.source.avroLegacy.AvroLegacySource',
      'org.apache.flume.source.thriftLegacy.ThriftLegacySource',
    ],
    channel: [],
    sink: ['org.apache.flume.sink.kudu.KuduSink', 'org.apache.flume.sink.kite.DatasetSink'],
    interceptor: [],
  },
};
