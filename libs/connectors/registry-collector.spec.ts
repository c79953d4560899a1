import { isNamed } from '#pipeline/flume-component';
import { readConf } from '#pipeline/flume-conf';
import { ConfProblems } from '#pipeline/flume-problem';
import { loadAllComponents, loadComponentsOf } from './registry-collector.js';

const collectorRegistry = await loadAllComponents();

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

describe('what a configuration loads', () => {
  async function loaded(lines: string): Promise<string[]> {
    const bytes = Buffer.from(`a1.sources = r\n${lines}\n`);
    const conf = readConf([{ file: 'flume.conf', bytes }], { environment: {} }, new ConfProblems());
    const agent = conf.agents.get('a1');
    if (agent === undefined) throw new Error('no agent');
    const { sources, channels, sinks, interceptors } = await loadComponentsOf(agent);
    return [sources, channels, sinks, interceptors].flat().map(({ name }) => name);
  }

  it('is what it names', async () => {
    const source =
      'a1.sources.r.type = TAILDIR\na1.sources.r.interceptors = i\na1.sources.r.interceptors.i.type = host';
    expect(await loaded(`${source}\na1.channels.c.type = memory\na1.sinks.k.type = null`)).toEqual([
      'taildir',
      'memory',
      'null',
      'host',
    ]);
  });

  it.each(['org.apache.flume.source.TaildirSource', 'taildri', './own-source.ts'])(
    'is everything where it names %s',
    async (type) => {
      const { sources, channels, sinks, interceptors } = collectorRegistry;
      const all = [sources, channels, sinks, interceptors].flat().map(({ name }) => name);
      expect(await loaded(`a1.sources.r.type = ${type}`)).toEqual(all);
    },
  );

  it.each(['sources', 'channels', 'sinks', 'interceptors', 'configFilters'] as const)(
    'is found by the name that each of the %s has',
    async (kind) => {
      const section = kind.toLowerCase();
      for (const { name } of collectorRegistry[kind] ?? []) {
        const key = kind === 'interceptors' ? 'sources.r.interceptors.i' : `${section}.x`;
        const bytes = Buffer.from(`a1.sources = r\na1.${key}.type = ${name}\n`);
        const conf = readConf([{ file: 'flume.conf', bytes }], { environment: {} }, new ConfProblems());
        const agent = conf.agents.get('a1');
        const found = agent === undefined ? {} : await loadComponentsOf(agent);
        expect(Object.values(found).flatMap((types) => (Array.isArray(types) ? types : []))).toEqual([
          expect.objectContaining({ name }),
        ]);
      }
    },
  );
});
