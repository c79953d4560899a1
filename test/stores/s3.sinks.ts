import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { S3Client, type S3Object } from '#wire/s3/s3-client';
import type { S3Options } from '#wire/s3/s3-exchange';
import { Ledger } from '../flows/line-writer.js';
import { startVersity, type VersityOptions } from '../peers/versitygw.js';
import { trial } from './trial.js';

const records = 200_000;
const keys = { accessKeyId: 'store', secretAccessKey: 'storestore' };

// Folders by a field, cut by the clock: neither disturbs the guarantee.
trial({
  name: 'S3, Parquet in partitions',
  port: 25_210,
  guarantee: 'exactly-once',
  records,
  async open(folder, port) {
    const server: VersityOptions = { directory: folder, port, bucket: 'lake', ...keys };
    let gateway = await startVersity(server);
    return {
      config: {
        'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
        's3.bucket.name': 'lake',
        's3.region': 'us-east-1',
        'store.url': `http://127.0.0.1:${port}`,
        'aws.access.key.id': keys.accessKeyId,
        'aws.secret.access.key': keys.secretAccessKey,
        'format.class': 'io.confluent.connect.s3.format.parquet.ParquetFormat',
        'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner',
        'partition.field.name': 'flag',
        'rotate.interval.ms': '1000',
      },
      async pause() {
        await gateway.kill();
      },
      async resume() {
        gateway = await startVersity(server);
      },
      async stop() {
        await gateway.stop();
      },
      async read() {
        const seen = new Ledger(records);
        const place: S3Options = {
          endpoint: new URL(`http://127.0.0.1:${port}`),
          region: 'us-east-1',
          bucket: 'lake',
          isPathStyle: true,
          credentials: { ...keys, sessionToken: null },
          now: Date.now,
        };
        const client = new S3Client(place);
        for await (const object of objectsOf(client, 'topics/records/')) {
          expect(object.key).toMatch(/^topics\/records\/flag=(true|false)\/records\+\d+\+\d{10}\.snappy\.parquet$/);
          for (const id of await idsOf(client, object)) seen.add(id);
        }
        client.close();
        return { kind: 'each' as const, seen };
      },
    };
  },
});

async function* objectsOf(client: S3Client, prefix: string): AsyncGenerator<S3Object> {
  for (let after: string | null = null; ;) {
    const page = await client.page({ prefix, isFlat: false, after });
    yield* page.objects;
    if (page.next === null) return;
    after = page.next;
  }
}

async function idsOf(client: S3Client, object: S3Object): Promise<number[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of client.open(object, 0)) chunks.push(chunk);
  const bytes = new Uint8Array(Buffer.concat(chunks));
  const rows = await parquetReadObjects({ file: bytes.buffer, columns: ['id'], compressors });
  return rows.map(({ id }) => Number(id));
}
