import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flumeHdfsSink, startFlume } from '../test/peers/flume.js';
import { Hdfs } from '../test/peers/hdfs.js';
import { benchSink, committedBy, type SinkContender, type SinkRun } from './sink-bed.js';

const lineBytes = 200;
const linesPerFile = 50_000;

/** A topic into text files of a real HDFS: our sink worker against Flume's HDFS sink behind its Kafka channel. */
export const benchHdfsSink = benchSink({
  name: 'hdfs-sink',
  what: `into text files of ${linesPerFile} lines; Flume: Kafka channel, HDFS sink (batches of 1000)`,
  records: 1_000_000,
  port: 27_300,
  value: (n) => Buffer.from(`${n} `.padEnd(lineBytes - 1, 'abcdefghijklmnopqrstuvwxyz')),
  async open({ folder, port, sinkWorker }) {
    const hdfs = await Hdfs.start({ port, directory: join(folder, 'hdfs') });
    const flume: SinkContender = {
      name: 'flume',
      start(run) {
        const confPath = join(run.directory, 'flume.conf');
        writeFileSync(confPath, flumeConf(run, port));
        const { directory } = run;
        return startFlume({ confPath, agent: 'a1', directory, heap: '1g', more: flumeHdfsSink, sourceless: true });
      },
      stored: (run) => committedBy(run, run.place),
    };
    const ours = sinkWorker(
      (run) => ({
        'connector.class': 'hdfs',
        'hdfs.url': hdfs.webUrl,
        'hdfs.user': hdfs.user,
        'hdfs.path': `/bench/${run.place}`,
        'hdfs.fileType': 'DataStream',
        'hdfs.rollCount': String(linesPerFile),
        'hdfs.rollSize': '0',
        'hdfs.rollInterval': '0',
      }),
      (run) => committedBy(run, `connect-${run.place}`),
    );
    return { contenders: [ours, flume], close: () => hdfs.stop() };
  },
});

function flumeConf(run: SinkRun, hdfsPort: number): string {
  return `a1.channels = c
a1.sinks = k
a1.channels.c.type = org.apache.flume.channel.kafka.KafkaChannel
a1.channels.c.kafka.bootstrap.servers = ${run.bootstrap}
a1.channels.c.kafka.topic = ${run.topic}
a1.channels.c.kafka.consumer.group.id = ${run.place}
a1.channels.c.kafka.consumer.auto.offset.reset = earliest
a1.channels.c.parseAsFlumeEvent = false
a1.sinks.k.type = hdfs
a1.sinks.k.channel = c
a1.sinks.k.hdfs.path = hdfs://127.0.0.1:${hdfsPort}/bench/${run.place}
a1.sinks.k.hdfs.fileType = DataStream
a1.sinks.k.hdfs.rollCount = ${linesPerFile}
a1.sinks.k.hdfs.rollSize = 0
a1.sinks.k.hdfs.rollInterval = 0
a1.sinks.k.hdfs.batchSize = 1000
`;
}
