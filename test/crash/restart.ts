import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { RawClient } from '../conformance/raw-client.js';
import { fetchOne, type TestTopic } from '../conformance/target.js';
import { CrashBed, report } from './crash-bed.js';
import { partitionCount } from './ledger.js';

const batchBytes = 1_000_000;
const requestsInFlight = 4;

/** Defines the test: the time from a start after kill -9 until the end of every partition is served. */
export function restartWithData(figures: { bytes: number; startMsMax: number; port: number }, timeoutMs: number): void {
  const mebibytes = Math.round(figures.bytes / 2 ** 20);
  test(
    `a start after kill -9 with ${mebibytes} MiB serves every partition within ${figures.startMsMax} ms`,
    async () => {
      const bed = await CrashBed.make(figures.port, []);
      try {
        await bed.process.start();
        const topic = await bed.topic({});
        const batches = await fill(bed, topic, Math.ceil(figures.bytes / batchBytes));
        await bed.process.kill();
        await bed.process.start();
        const began = performance.now();
        await readEnds(bed, topic, batches);
        const servedMs = bed.process.startedMs + performance.now() - began;
        report('restart with data', {
          MiB: mebibytes,
          batches,
          'ready ms': Math.round(bed.process.startedMs),
          'served ms': Math.round(servedMs),
        });
        expect(servedMs).toBeLessThan(figures.startMsMax);
      } finally {
        await bed.dispose();
      }
    },
    timeoutMs,
  );
}

/** One record a batch, in each partition in turn; gives the number of batches. */
async function fill(bed: CrashBed, topic: TestTopic, count: number): Promise<number> {
  const builder = new RecordBatchBuilder({ bytesMax: batchBytes + 1000, codec: 'none' });
  builder.append({ key: null, value: Buffer.alloc(batchBytes, 7), headers: [], timestampMs: Date.now() });
  const batch = builder.build(null);
  const rounds = Math.ceil(count / partitionCount);
  const client = await RawClient.connect(bed.process.address);
  const answers: (() => Promise<void>)[] = [];
  for (let sent = 0; sent < rounds * partitionCount; sent += 1) {
    const index = sent % partitionCount;
    const answer = client.send(apis.produce, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index, records: batch }] }],
    });
    answers.push(async () => {
      const { responses } = await answer();
      expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(kafkaError.NONE);
    });
    if (answers.length >= requestsInFlight) await answers.shift()?.();
  }
  for (const answer of answers) await answer();
  client.close();
  return rounds * partitionCount;
}

async function readEnds(bed: CrashBed, topic: TestTopic, batches: number): Promise<void> {
  const client = await RawClient.connect(bed.process.address);
  for (let partition = 0; partition < partitionCount; partition += 1) {
    const offset = batches / partitionCount - 1;
    const read = await fetchOne(client, { topic, partition, offset, partitionMaxBytes: 2 << 20 });
    expect([read.errorCode, read.highWatermark]).toEqual([kafkaError.NONE, offset + 1]);
    expect(read.records?.length).toBeGreaterThan(batchBytes);
  }
  client.close();
}
