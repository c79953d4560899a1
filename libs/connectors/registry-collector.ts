/** Every kind of component that a flume.conf can name. A new one is its folder and one line here. */
import type { ComponentRegistry } from '#pipeline/collector';

export const collectorRegistry: ComponentRegistry = {
  sources: [],
  channels: [],
  sinks: [],
  interceptors: [],
  missing: {
    source: [
      'seq',
      'netcatudp',
      'avro',
      'thrift',
      'multiport_syslogtcp',
      'syslogudp',
      'jms',
      'org.apache.flume.source.kafka.KafkaSource',
      'org.apache.flume.source.StressSource',
      'org.apache.flume.source.scribe.ScribeSource',
      'org.apache.flume.source.twitter.TwitterSource',
    ],
    channel: ['jdbc', 'spillablememory', 'org.apache.flume.channel.PseudoTxnMemoryChannel'],
    sink: [
      'hdfs',
      'irc',
      'avro',
      'thrift',
      'hbase',
      'asynchbase',
      'hbase2',
      'morphline_solr',
      'hive',
      'http',
      'elasticsearch',
      'org.apache.flume.sink.kudu.KuduSink',
      'org.apache.flume.sink.kite.DatasetSink',
    ],
    interceptor: ['org.apache.flume.sink.solr.morphline.MorphlineInterceptor$Builder'],
  },
};
