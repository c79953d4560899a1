import { Redis } from 'ioredis';
import { Ledger } from '../flows/line-writer.js';
import { startRedis } from '../peers/redis.js';
import { trial } from './trial.js';

const records = 200_000;

trial({
  name: 'Redis, streams',
  port: 28_450,
  guarantee: 'exactly-once',
  records,
  async open(folder, port) {
    let server = await startRedis({ directory: folder, port });
    return {
      config: {
        'connector.class': 'com.redis.kafka.connect.RedisSinkConnector',
        'redis.uri': `redis://127.0.0.1:${port}`,
        'redis.command': 'XADD',
        'redis.key': '${topic}:${partition}',
      },
      pause: () => server.kill(),
      async resume() {
        server = await startRedis({ directory: folder, port });
      },
      stop: () => server.kill(),
      async read() {
        const seen = new Ledger(records);
        const client = new Redis(port);
        for (let partition = 0; partition < 4; partition += 1) {
          let from = '-';
          while (from !== '') {
            const entries = await client.xrange(`records:${partition}`, from, '+', 'COUNT', 5000);
            for (const [, fields] of entries) seen.add(Number(fields[fields.indexOf('id') + 1]));
            from = entries.length < 5000 ? '' : `(${entries.at(-1)?.[0]}`;
          }
        }
        client.disconnect();
        return { kind: 'each', seen };
      },
    };
  },
});
