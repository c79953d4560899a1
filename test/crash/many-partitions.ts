import { readdirSync } from 'node:fs';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { batchOf } from '../conformance/batches.js';
import { RawClient } from '../conformance/raw-client.js';
import { createTopic, fetchOne, type TestTopic } from '../conformance/target.js';
import { CrashBed, report } from './crash-bed.js';

const perRequest = 500;
const filesMax = 200;
/** One to read and write, one whose writes are durable. */
const handlesPerFile = 2;
/** Handles that are not files of partitions: the connection, the database, Node's own. */
const otherHandles = 100;
const startMsMax = 5_000;

/** Defines the test: more partitions than files may be open. */
export function manyPartitions(partitions: number, port: number, timeoutMs: number): void {
  test(
    `${partitions} partitions keep within ${filesMax} open files, and are there again after kill -9`,
    () => run(partitions, port),
    timeoutMs,
  );
}

async function run(partitions: number, port: number): Promise<void> {
  const bed = await CrashBed.make(port, [`log.open.files=${filesMax}`, 'log.checkpoint.ms=500']);
  try {
    await bed.process.start();
    const client = await RawClient.connect(bed.process.address);
    const began = performance.now();
    const topic = await createTopic(client, { partitions });
    const madeMs = performance.now() - began;
    let handles = 0;
    for (let round = 0; round < 2; round += 1) {
      for (let from = 0; from < partitions; from += perRequest) {
        await appendTo(client, topic, from, round);
        handles = Math.max(handles, readdirSync(`/proc/${bed.process.child.pid}/fd`).length);
      }
    }
    const writtenMs = performance.now() - began - madeMs;
    client.close();
    await bed.process.kill();
    await bed.process.start();
    const readyMs = bed.process.startedMs;
    const readBegan = performance.now();
    const again = await RawClient.connect(bed.process.address);
    for (let partition = 0; partition < partitions; partition += 1) {
      const read = await fetchOne(again, { topic, partition, offset: 1 });
      if (read.errorCode !== kafkaError.NONE || read.highWatermark !== 2) {
        throw new Error(`partition ${partition}: error ${read.errorCode}, high watermark ${read.highWatermark}`);
      }
      if (partition % perRequest === 0) {
        handles = Math.max(handles, readdirSync(`/proc/${bed.process.child.pid}/fd`).length);
      }
    }
    again.close();
    report('many partitions', {
      partitions,
      'made ms': Math.round(madeMs),
      'two appends to each ms': Math.round(writtenMs),
      'ready after kill ms': Math.round(readyMs),
      'all read ms': Math.round(performance.now() - readBegan),
      'handles at most': handles,
    });
    expect(handles).toBeLessThan(filesMax * handlesPerFile + otherHandles);
    expect(readyMs).toBeLessThan(startMsMax);
  } finally {
    await bed.dispose();
  }
}

async function appendTo(client: RawClient, topic: TestTopic, from: number, round: number): Promise<void> {
  const partitionData = Array.from({ length: perRequest }, (_, at) => ({
    index: from + at,
    records: batchOf([`round ${round}`]),
  }));
  const { responses } = await client.call(apis.produce, 9, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name: topic.name, topicId: topic.id, partitionData }],
  });
  for (const { index, errorCode, baseOffset } of responses[0]?.partitionResponses ?? []) {
    if (errorCode !== kafkaError.NONE || baseOffset !== round) {
      throw new Error(`partition ${index}: error ${errorCode}, offset ${baseOffset}`);
    }
  }
}
