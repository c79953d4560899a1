import { isNamed } from '#pipeline/flume-component';
import { collectorRegistry } from './registry-collector.js';

/** What a flume.conf may have behind `type`, by Flume's user guide and `…Type` enumerations: alias and class. */
const flumeTypes = {
  source: [
    ['seq', 'SequenceGeneratorSource'],
    ['netcat', 'NetcatSource'],
    ['netcatudp', 'NetcatUdpSource'],
    ['exec', 'ExecSource'],
    ['avro', 'AvroSource'],
    ['thrift', 'ThriftSource'],
    ['syslogtcp', 'SyslogTcpSource'],
    ['multiport_syslogtcp', 'MultiportSyslogTCPSource'],
    ['syslogudp', 'SyslogUDPSource'],
    ['spooldir', 'SpoolDirectorySource'],
    ['http', 'http.HTTPSource'],
    ['jms', 'jms.JMSSource'],
    ['TAILDIR', 'taildir.TaildirSource'],
    [null, 'kafka.KafkaSource'],
    [null, 'StressSource'],
    [null, 'scribe.ScribeSource'],
    [null, 'twitter.TwitterSource'],
    [null, 'avroLegacy.AvroLegacySource'],
    [null, 'thriftLegacy.ThriftLegacySource'],
  ],
  channel: [
    ['memory', 'MemoryChannel'],
    ['FILE', 'file.FileChannel'],
    ['jdbc', 'jdbc.JdbcChannel'],
    ['SPILLABLEMEMORY', 'SpillableMemoryChannel'],
    [null, 'kafka.KafkaChannel'],
    [null, 'PseudoTxnMemoryChannel'],
  ],
  sink: [
    ['null', 'NullSink'],
    ['logger', 'LoggerSink'],
    ['file_roll', 'RollingFileSink'],
    ['hdfs', 'hdfs.HDFSEventSink'],
    ['irc', 'irc.IRCSink'],
    ['avro', 'AvroSink'],
    ['thrift', 'ThriftSink'],
    ['hbase', 'hbase.HBaseSink'],
    ['asynchbase', 'hbase.AsyncHBaseSink'],
    ['hbase2', 'hbase2.HBase2Sink'],
    ['morphline_solr', 'solr.morphline.MorphlineSolrSink'],
    ['hive', 'hive.HiveSink'],
    ['http', 'http.HttpSink'],
    ['elasticsearch', 'elasticsearch.ElasticSearchSink'],
    [null, 'kafka.KafkaSink'],
    [null, 'kudu.KuduSink'],
    [null, 'kite.DatasetSink'],
    [null, 'solr.morphline.MorphlineSink'],
  ],
} as const;

const interceptors = [
  ['timestamp', 'org.apache.flume.interceptor.TimestampInterceptor$Builder'],
  ['host', 'org.apache.flume.interceptor.HostInterceptor$Builder'],
  ['static', 'org.apache.flume.interceptor.StaticInterceptor$Builder'],
  ['regex_filter', 'org.apache.flume.interceptor.RegexFilteringInterceptor$Builder'],
  ['regex_extractor', 'org.apache.flume.interceptor.RegexExtractorInterceptor$Builder'],
  ['remove_header', 'org.apache.flume.interceptor.RemoveHeaderInterceptor$Builder'],
  ['search_replace', 'org.apache.flume.interceptor.SearchAndReplaceInterceptor$Builder'],
  ['uuid', 'org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder'],
  ['morphline', 'org.apache.flume.sink.solr.morphline.MorphlineInterceptor$Builder'],
] as const;

const kinds = ['source', 'channel', 'sink'] as const;

describe.each(kinds)('%s types of Flume', (kind) => {
  it.each(flumeTypes[kind])('%s is the same as %s, or refused by name', (alias, className) => {
    const types: readonly { name: string; classNames: readonly string[] }[] = collectorRegistry[`${kind}s`];
    const byClass = types.find((type) => isNamed(type, `org.apache.flume.${kind}.${className}`));
    const missing: readonly string[] = collectorRegistry.missing[kind].map((name) => name.toLowerCase());
    if (byClass === undefined) {
      expect(missing).toContain((alias ?? `org.apache.flume.${kind}.${className}`).toLowerCase());
    } else if (alias !== null) {
      expect(types.find((type) => isNamed(type, alias))).toBe(byClass);
    }
  });
});

it.each(interceptors)('interceptor %s is the same as %s', (alias, className) => {
  const byClass = collectorRegistry.interceptors.find((type) => isNamed(type, className));
  expect(byClass?.name).toBe(alias);
});

it('no two types of a kind have a name in common', () => {
  const { sources, channels, sinks, selectors, configFilters = [] } = collectorRegistry;
  for (const types of [sources, channels, sinks, collectorRegistry.interceptors, selectors, configFilters]) {
    const names = types.flatMap(({ name, classNames }) => [name, ...classNames].map((each) => each.toLowerCase()));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  }
});
