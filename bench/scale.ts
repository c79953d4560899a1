import { parseArgs } from 'node:util';
import { apis } from '#wire/kafka/apis';
import { batchOf } from '#log/testing/engine-fixture';
import { RawClient } from '../test/conformance/raw-client.js';
import { Comparison } from './comparison.js';
import { serverUsage, startOurs, withFolder, type Server } from './harness.js';
import { makeTopic, produce } from './produce.js';
import { secondsUntilReady } from './start.js';

const port = 27_092;
const recordBytes = 1000;
const fillBatchBytes = 900_000;
const fillInFlight = 4;

/**
 * What size costs: the rate of a producer on a new server with a topic of one partition, then with `--partitions` (5000)
 * partitions, then with `--gigabytes` (10) of log; and how long a restart takes after `kill -9`, until it answers and until the topic takes
 * a first record. Ours alone: the promise is about ourselves.
 */
export async function benchScale(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string', default: '300000' },
      partitions: { type: 'string', default: '5000' },
      gigabytes: { type: 'string', default: '10' },
    },
  });
  const [records, partitions, gigabytes] = [values.records, values.partitions, values.gigabytes].map(Number) as [
    number,
    number,
    number,
  ];
  const comparison = new Comparison('scale', `${partitions} partitions, ${gigabytes} GB of log, kill -9, restart`);
  await withFolder(async (folder) => {
    let server = await startOurs(folder, port);
    const rateOf = async (topic: string): Promise<number> => {
      const { wallSeconds } = await produce(server, topic, { recordBytes, records, partitions: 1 });
      return (records * recordBytes) / 1e6 / wallSeconds;
    };
    try {
      await produce(server, 'warm-up', { recordBytes, records: Math.min(records, 200_000) });
      const rateBefore = await rateOf('first');
      await makeTopic(server, 'many', partitions);
      const rateInMany = await rateOf('many');
      const rateBesideMany = await rateOf('beside-many');
      await makeTopic(server, 'large', 1);
      await fill(server, 'large', gigabytes);
      const rateBesideLarge = await rateOf('first');
      await server.child.kill();
      server = await startOurs(folder, port);
      const readySeconds = await secondsUntilReady(server, port);
      const began = performance.now();
      await produceOne(server, 'large');
      await produceOne(server, 'many');
      const firstRecordsSeconds = (performance.now() - began) / 1000;
      const rateAfter = await rateOf('first');
      comparison.add(server.name, {
        rateBefore,
        rateInMany,
        rateBesideMany,
        rateBesideLarge,
        readySeconds,
        firstRecordsSeconds,
        rateAfter,
        residentMiB: serverUsage(server).residentMiB,
      });
    } finally {
      await server.child.stop();
    }
  });
  comparison.report();
}

/** Bytes as quickly as they go in, from one connection: what is wanted is that they lie there. */
async function fill(server: Server, topic: string, gigabytes: number): Promise<void> {
  const client = await RawClient.connect(server.bootstrap);
  const waiting: (() => Promise<void>)[] = [];
  const count = Math.ceil((gigabytes * 1e9) / fillBatchBytes);
  for (let sent = 0; sent < count; sent += 1) {
    if (waiting.length === fillInFlight) await waiting.shift()?.();
    waiting.push(sendBatch(client, topic, fillBatchBytes));
  }
  for (const answer of waiting) await answer();
  client.close();
}

async function produceOne(server: Server, topic: string): Promise<void> {
  const client = await RawClient.connect(server.bootstrap);
  await sendBatch(client, topic, 100)();
  client.close();
}

/** Sends one batch to partition 0; the function given waits for its acknowledgement. */
function sendBatch(client: RawClient, topic: string, bytes: number): () => Promise<void> {
  const records = batchOf(['x'.repeat(bytes)], { timestampMs: Date.now() });
  const answer = client.send(apis.produce, 9, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  return async () => {
    const code = (await answer()).responses[0]?.partitionResponses[0]?.errorCode;
    if (code !== 0) throw new Error(`a batch for ${topic} was answered with ${code}`);
  };
}
