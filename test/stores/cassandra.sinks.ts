import { Client } from 'cassandra-driver';
import { Cassandra } from '../peers/cassandra.js';
import { trial } from './trial.js';

trial({
  name: 'Cassandra',
  port: 28_440,
  guarantee: 'effectively-once',
  commitIntervalMs: 2000,
  async open(folder, port) {
    const server = await Cassandra.start({ port, directory: folder });
    const connect = async (): Promise<Client> => {
      const client = new Client({ contactPoints: [`127.0.0.1:${port}`], localDataCenter: 'datacenter1' });
      await client.connect();
      return client;
    };
    const client = await connect();
    const replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}";
    await client.execute(`CREATE KEYSPACE shop WITH replication = ${replication}`);
    await client.execute(
      'CREATE TABLE shop.records (key text PRIMARY KEY, id bigint, amount decimal, flag boolean, big bigint, text text)',
    );
    await client.shutdown();
    return {
      config: {
        'connector.class': 'com.datastax.oss.kafka.sink.CassandraSinkConnector',
        contactPoints: `127.0.0.1:${port}`,
        'loadBalancing.localDc': 'datacenter1',
        keyspace: 'shop',
      },
      pause: () => server.kill(),
      resume: () => server.run(),
      stop: () => server.kill(),
      async read() {
        const reader = await connect();
        const last = new Map<string, number>();
        for await (const row of await reader.execute('SELECT key, id FROM shop.records', [], { fetchSize: 5000 })) {
          last.set(String(row['key']), Number(row['id']));
        }
        await reader.shutdown();
        return { kind: 'last', last };
      },
    };
  },
});
