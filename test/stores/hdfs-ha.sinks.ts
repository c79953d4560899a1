import { hdfsSink } from '../../libs/connectors/sinks/hdfs/hdfs-sink.js';
import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { Ledger } from '../flows/line-writer.js';
import { HaHdfs } from '../peers/ha-hdfs.js';
import { readFinalLines } from './hdfs-files.js';
import { trial } from './trial.js';

const records = 60_000;

trial({
  name: 'HDFS with two NameNodes, the active one killed',
  port: 25_360,
  guarantee: 'exactly-once',
  records,
  kills: 2,
  async open(directory, port) {
    const hdfs = await HaHdfs.start({ port, directory });
    const config = {
      'connector.class': 'hdfs',
      'hdfs.url': hdfs.url,
      'hadoop.conf.dir': hdfs.confDirectory,
      'hdfs.fileType': 'DataStream',
      'hdfs.rollInterval': '1',
    };
    expect(hdfsSink.check?.(config)).toEqual([]);
    return {
      config,
      // None is active for a while: the one that is left answers that it is on standby.
      pause: () => hdfs.killNameNode('nn1'),
      async resume() {
        await hdfs.activate('nn2');
        hdfs.startNameNode('nn1');
      },
      stop: () => hdfs.stop(),
      async read() {
        const client = new WebHdfsClient({ urls: [1, 3].map((offset) => `http://127.0.0.1:${port + offset}`) });
        const seen = new Ledger(records);
        await readFinalLines(client, '/topics/records', (line) => seen.add((JSON.parse(line) as { id: number }).id));
        client.close();
        return { kind: 'each', seen };
      },
    };
  },
});
