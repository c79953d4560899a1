import { Long, MongoClient } from 'mongodb';
import { Ledger } from '../flows/line-writer.js';
import { startMongodb } from '../peers/mongodb.js';
import { trial } from './trial.js';

// The server that there is takes some hundreds of documents a second.
const records = 10_000;

trial({
  name: 'MongoDB, transactions',
  port: 28_460,
  guarantee: 'exactly-once',
  records,
  recordsPerSecond: 500,
  async open(folder, port) {
    const uri = `mongodb://127.0.0.1:${port}`;
    let server = await startMongodb({ directory: folder, port });
    return {
      config: {
        'connector.class': 'com.mongodb.kafka.connect.MongoSinkConnector',
        'connection.uri': uri,
        database: 'shop',
        collection: 'records',
        // A record that was written twice would be there twice.
        'document.id.strategy': 'com.mongodb.kafka.connect.sink.processor.id.strategy.BsonOidStrategy',
        'max.batch.size': '200',
      },
      pause: () => server.kill(),
      async resume() {
        server = await startMongodb({ directory: folder, port });
      },
      stop: () => server.kill(),
      async read() {
        const seen = new Ledger(records);
        const client = new MongoClient(uri);
        const documents = client.db('shop').collection('records').find({}, { promoteLongs: false });
        for await (const document of documents) {
          const id = Number(document['id']);
          const big: unknown = document['big'];
          if (!(big instanceof Long) || big.toBigInt() !== 9_007_199_254_740_993n + BigInt(id) * 2n) {
            throw new Error(`document ${id} has another number than its record`);
          }
          seen.add(id);
        }
        await client.close();
        return { kind: 'each', seen };
      },
    };
  },
});
