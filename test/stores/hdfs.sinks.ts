import { WebHdfsClient } from '#wire/hdfs/webhdfs-client';
import { Ledger } from '../flows/line-writer.js';
import { Hdfs } from '../peers/hdfs.js';
import { readFinalLines } from './hdfs-files.js';
import { trial } from './trial.js';

const records = 200_000;

trial({
  name: 'HDFS',
  port: 28_470,
  guarantee: 'exactly-once',
  records,
  async open(directory, port) {
    const hdfs = await Hdfs.start({ port, directory });
    return {
      config: {
        'connector.class': 'hdfs',
        'hdfs.url': hdfs.webUrl,
        'hdfs.user': hdfs.user,
        'hdfs.fileType': 'DataStream',
        'hdfs.rollInterval': '1',
      },
      pause: () => hdfs.stop(),
      resume: () => hdfs.run(),
      stop: () => hdfs.stop(),
      async read() {
        const client = new WebHdfsClient({ urls: [hdfs.webUrl] });
        const seen = new Ledger(records);
        await readFinalLines(client, '/topics/records', (line) => seen.add((JSON.parse(line) as { id: number }).id));
        client.close();
        return { kind: 'each', seen };
      },
    };
  },
});
