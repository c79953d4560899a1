import { HBase } from '../peers/hbase.js';
import { trial } from './trial.js';

trial({
  name: 'HBase',
  port: 25_300,
  guarantee: 'effectively-once',
  // HBase keeps no positions: all since the last commit is written again after each kill.
  commitIntervalMs: 2000,
  async open(directory, port) {
    const hbase = await HBase.start({ port, directory });
    await hbase.createTable('records', 'd');
    return {
      config: {
        'connector.class': 'hbase',
        'zookeeper.quorum': hbase.zooKeeper,
        'table.name.format': '${topic}',
        'column.family': 'd',
        'column.mapping': 'd:n=id:long',
        'cell.timestamp': 'offset',
      },
      pause: () => hbase.kill(),
      resume: () => hbase.run(),
      stop: () => hbase.stop(),
      async read() {
        const last = new Map<string, number>();
        for (const [key, row] of await hbase.rows('records')) {
          last.set(key, Number(row['d:n']?.readBigInt64BE() ?? -1n));
          if (row['d:key']?.toString() !== key) throw new Error(`the row ${key} has columns of another record`);
        }
        return { kind: 'last', last };
      },
    };
  },
});
