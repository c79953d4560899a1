import { join } from 'node:path';
import { batchOf } from '#log/testing/engine-fixture';
import { RawClient } from '../test/conformance/raw-client.js';
import { createTopic, produce, type TestTopic } from '../test/conformance/target.js';
import { Child } from '../test/peers/child.js';
import type { CrowdSpec } from '../test/fuzz/crowd.js';
import { benchOptions, median, projectRoot, startOurs, startPeer, withFolder, type Server } from './harness.js';

/**
 * How long a good client waits for a produce request of 1 KB with acks=all, alone and then beside 9,000 idle connections and 100
 * readers that do not read. `--records` = requests a round.
 */
export async function benchConnections(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 2_000, rounds: 5 });
  await withFolder(async (folder) => {
    for (const start of [startOurs, startPeer]) {
      const server = await start(folder, start === startOurs ? 27_092 : 27_192);
      try {
        await measureServer(server, folder, records, rounds);
      } finally {
        await server.child.stop();
      }
    }
  });
}

async function measureServer(server: Server, folder: string, records: number, rounds: number): Promise<void> {
  const client = await RawClient.connect(server.bootstrap);
  const topic = await createTopic(client);
  for (let count = 0; count < 20; count += 1) await produce(client, { topic, batch: batchOf(['x'.repeat(900_000)]) });
  await latencies(client, topic, records);
  const alone: number[] = [];
  for (let round = 0; round < rounds; round += 1) alone.push(await latencies(client, topic, records));
  const crowds = [];
  try {
    for (const source of [2, 3, 4])
      crowds.push(await gather(server, folder, { idle: 3000, source, topic: topic.name }));
    crowds.push(await gather(server, folder, { slowReaders: 100, source: 5, topic: topic.name }));
    const beside: number[] = [];
    for (let round = 0; round < rounds; round += 1) beside.push(await latencies(client, topic, records));
    const [before, after] = [median(alone), median(beside)];
    process.stdout.write(
      `${server.name}: p99 ${before.toFixed(2)} ms alone, ${after.toFixed(2)} ms beside the crowd: ${(after / before).toFixed(2)} ×\n`,
    );
  } finally {
    for (const crowd of crowds) await crowd.kill();
    client.close();
  }
}

/** The 99th percentile, ms. */
async function latencies(client: RawClient, topic: TestTopic, records: number): Promise<number> {
  const taken: number[] = [];
  for (let count = 0; count < records; count += 1) {
    const batch = batchOf(['y'.repeat(1000)]);
    const began = performance.now();
    const { errorCode } = await produce(client, { topic, batch });
    if (errorCode !== 0) throw new Error(`produce failed with ${errorCode}`);
    taken.push(performance.now() - began);
  }
  taken.sort((left, right) => left - right);
  return taken[Math.floor(taken.length * 0.99)] ?? Number.NaN;
}

async function gather(server: Server, folder: string, spec: Partial<CrowdSpec>): Promise<Child> {
  const whole = { idle: 0, slowReaders: 0, halfFrames: 0, frameBytes: 0, ...spec };
  const crowd = new Child({
    command: process.execPath,
    args: [join(projectRoot, 'dist', 'test', 'fuzz', 'crowd.js'), server.bootstrap, JSON.stringify(whole)],
    logPath: join(folder, `crowd-${server.name}-${String(spec.source)}.out`),
  });
  await crowd.until('the crowd', () => crowd.output().includes('ready'), 60_000);
  return crowd;
}
