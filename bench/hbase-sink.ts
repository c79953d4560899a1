import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flumeHBaseSink, startFlume } from '../test/peers/flume.js';
import { HBase } from '../test/peers/hbase.js';
import { benchSink, committedBy, type SinkContender, type SinkRun } from './sink-bed.js';

const lineBytes = 200;

/** A topic into an HBase table, a row each: our sink worker against Flume's hbase2 sink behind its Kafka channel. */
export const benchHBaseSink = benchSink({
  name: 'hbase-sink',
  what: 'the value in one column of a row each; Flume: Kafka channel, hbase2 sink with its Regex serializer (batches of 1000)',
  records: 400_000,
  port: 25_350,
  value: (n) => Buffer.from(`${n} `.padEnd(lineBytes - 1, 'abcdefghijklmnopqrstuvwxyz')),
  async open({ folder, port, sinkWorker }) {
    const hbase = await HBase.start({ port, directory: join(folder, 'hbase') });
    const tables = new Set<string>();
    const withTable = async (run: SinkRun): Promise<void> => {
      if (!tables.has(run.place)) await hbase.createTable(run.place, 'd');
      tables.add(run.place);
    };
    const flume: SinkContender = {
      name: 'flume',
      async start(run) {
        await withTable(run);
        const confPath = join(run.directory, 'flume.conf');
        writeFileSync(confPath, flumeConf(run, hbase.zooKeeper));
        const { directory } = run;
        return startFlume({ confPath, agent: 'a1', directory, heap: '1g', more: flumeHBaseSink, sourceless: true });
      },
      stored: (run) => committedBy(run, run.place),
    };
    const worker = sinkWorker(
      (run) => ({
        'connector.class': 'hbase',
        'zookeeper.quorum': hbase.zooKeeper,
        'table.name.format': run.place,
        'column.family': 'd',
        serializer: 'simple',
      }),
      (run) => committedBy(run, `connect-${run.place}`),
    );
    const ours: SinkContender = {
      ...worker,
      async start(run) {
        await withTable(run);
        return worker.start(run);
      },
    };
    return { contenders: [ours, flume], close: () => hbase.stop() };
  },
});

/** The Simple serializer would count each event in one row as well. */
function flumeConf(run: SinkRun, zooKeeper: string): string {
  return `a1.channels = c
a1.sinks = k
a1.channels.c.type = org.apache.flume.channel.kafka.KafkaChannel
a1.channels.c.kafka.bootstrap.servers = ${run.bootstrap}
a1.channels.c.kafka.topic = ${run.topic}
a1.channels.c.kafka.consumer.group.id = ${run.place}
a1.channels.c.kafka.consumer.auto.offset.reset = earliest
a1.channels.c.parseAsFlumeEvent = false
a1.sinks.k.type = hbase2
a1.sinks.k.channel = c
a1.sinks.k.table = ${run.place}
a1.sinks.k.columnFamily = d
a1.sinks.k.zookeeperQuorum = ${zooKeeper}
a1.sinks.k.batchSize = 1000
a1.sinks.k.serializer = org.apache.flume.sink.hbase2.RegexHBase2EventSerializer
a1.sinks.k.serializer.regex = (.*)
a1.sinks.k.serializer.colNames = payload
`;
}
