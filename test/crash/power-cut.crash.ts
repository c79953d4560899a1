import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawClient } from '../conformance/raw-client.js';
import type { TestTopic } from '../conformance/target.js';
import { sleep } from '../peers/child.js';
import { startKafka } from '../peers/kafka.js';
import { CrashBed, report } from './crash-bed.js';
import { LedgerProducer, makeTopic, readWhole } from './ledger-clients.js';
import { Ledger, partitionCount, type Findings } from './ledger.js';
import { ForgetfulDisk } from './power-cut/forgetful-disk.js';
import { TopicProcess } from './topic-process.js';

jest.setTimeout(300_000);

/** How long four producers with acks=all write before the power goes. */
const loadMs = Number(process.env['POWER_CUT_MS'] ?? 6_000);
const producerCount = 4;

/** One life under load; `cut` ends it and gives the address of the next one, on what the disk kept. */
async function lose(address: string, ledger: Ledger, topic: TestTopic, cut: () => Promise<string>): Promise<Findings> {
  let isOver = false;
  const producers = Array.from(
    { length: producerCount },
    (_, index) => new LedgerProducer(address, topic, ledger, index, -1),
  );
  const load = producers.map((producer) => producer.run({ isOver: () => isOver, allowed: () => Infinity }));
  await sleep(loadMs);
  isOver = true;
  const next = await cut();
  await Promise.all(load);
  const client = await RawClient.connect(next);
  try {
    return await ledger.audit(async (partition, visit) => {
      await readWhole(client, topic, partition, visit).catch((error: unknown) => {
        // The peer may have lost the topic itself.
        if (!String(error).includes('error 3')) throw error;
      });
    });
  } finally {
    client.close();
  }
}

test('a power cut loses nothing that was acknowledged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-power-'));
  const disk = await ForgetfulDisk.mount(folder);
  const bed = await CrashBed.make(24_592, [], disk.path);
  const ledger = new Ledger();
  let after: TopicProcess | null = null;
  try {
    await bed.process.start();
    const topic = await bed.topic({ 'segment.bytes': '4194304' });
    await disk.settle();
    const found = await lose(bed.process.address, ledger, topic, async () => {
      await bed.process.kill();
      const logDirectory = join(folder, 'after');
      after = new TopicProcess({ ...bed.process.options, directory: await disk.cut(), logDirectory, port: 24_593 });
      await after.start();
      return after.address;
    });
    report('power cut, ours', { ...found });
    expect(found).toMatchObject({ lost: 0, altered: 0, repeated: 0, disordered: 0, gaps: 0 });
    expect(found.acked).toBeGreaterThan(1000);
  } finally {
    await (after as TopicProcess | null)?.kill();
    await bed.dispose();
    await disk.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the same power cut takes most of what a Kafka with its defaults has acknowledged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-power-'));
  const disk = await ForgetfulDisk.mount(folder);
  const ledger = new Ledger();
  let kafka = await startKafka({ port: 24_692, directory: disk.path });
  try {
    const topic = await makeTopic(kafka.bootstrap, {});
    await disk.settle();
    const found = await lose(kafka.bootstrap, ledger, topic, async () => {
      await kafka.child.kill();
      kafka = await startKafka({ port: 24_694, directory: await disk.cut() });
      await sleep(3_000);
      return kafka.bootstrap;
    });
    report('power cut, Kafka', { ...found, partitions: partitionCount });
    expect(found.lost).toBeGreaterThan(found.acked / 2);
  } finally {
    await kafka.child.kill();
    await disk.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
});
