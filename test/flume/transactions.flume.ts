import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { topicsErrors } from '#topics/errors';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import type { WriteColumns } from '#topics/topic-writer';
import { TransactionalWriter } from '#topics/transactional-writer';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';
import { startKafka } from '../peers/kafka.js';

const targets: readonly { what: string; start: (directory: string) => Promise<RunningTopics> }[] = [
  { what: 'our topic service', start: (directory) => startTopics(directory, 31_440) },
  {
    what: 'a real Kafka (transaction.version 2)',
    start: (directory) => startKafka({ port: 31_444, directory: join(directory, 'kafka') }),
  },
  {
    what: 'a real Kafka of the protocol before KIP-890 (transaction.version 0)',
    start: (directory) =>
      startKafka({ port: 31_448, directory: join(directory, 'kafka'), features: ['transaction.version=0'] }),
  },
];

function columns(...texts: string[]): WriteColumns {
  const ends = new Int32Array(texts.length);
  const starts = new Int32Array(texts.length);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    starts[index] = at;
    at += Buffer.byteLength(text);
    ends[index] = at;
  }
  return { bytes: Buffer.from(texts.join('')), starts, ends, headers: new Map() };
}

for (const { what, start } of targets) {
  describe(`transactions of our writer in ${what}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-transactions-'));
    let topics: RunningTopics;
    let cluster: Cluster;
    let admin: TopicAdmin;
    const writers: TransactionalWriter[] = [];

    beforeAll(async () => {
      topics = await start(directory);
      cluster = new Cluster({
        bootstrap: [topics.bootstrap],
        clientId: 'test',
        clock: systemClock,
        logger: silentLogger,
      });
      admin = new TopicAdmin(cluster);
      for (const name of ['a', 'b', 'in']) await admin.createTopic({ name, partitions: 3, replicationFactor: 1 });
    }, 120_000);
    afterAll(async () => {
      for (const writer of writers) await writer.close(1000);
      await cluster.close();
      await topics.child.stop();
      rmSync(directory, { recursive: true, force: true });
    }, 60_000);

    async function open(transactionalId: string, transactionTimeoutMs = 30_000): Promise<TransactionalWriter> {
      const writer = new TransactionalWriter(cluster, { transactionalId, transactionTimeoutMs });
      writers.push(writer);
      await writer.init();
      return writer;
    }

    /** Values that begin with the prefix, as a reader of committed records gets them until all have come. */
    async function committed(topic: string, prefix: string, count: number): Promise<string[]> {
      const reader = new TopicReader(cluster, { topics: [topic], isolation: 'read_committed' });
      await reader.start();
      const values: string[] = [];
      const deadline = Date.now() + 20_000;
      let quietPolls = 0;
      while (Date.now() < deadline && (values.length < count || quietPolls < 3)) {
        const polled = await reader.poll(200);
        quietPolls = polled.length === 0 ? quietPolls + 1 : 0;
        for (const { records } of polled) {
          for (let index = 0; index < records.count; index += 1) values.push(records.value(index)?.toString() ?? '');
        }
      }
      await reader.stop();
      return values.filter((value) => value.startsWith(prefix)).sort();
    }

    it('hold over several topics when committed, and not at all when aborted', async () => {
      const writer = await open('both');
      const wanted: string[] = [];
      for (let round = 0; round < 30; round += 1) {
        void writer.begin();
        const texts = Array.from({ length: 5 }, (_, index) => `both ${String(round).padStart(2, '0')} ${index}`);
        await Promise.all([
          ...texts.map((text) => writer.write('a', columns(text))),
          writer.write('b', columns(...texts)),
        ]);
        if (round % 3 === 0) await writer.abort();
        else await writer.commit();
        if (round % 3 !== 0) wanted.push(...texts);
      }
      expect(await committed('a', 'both', wanted.length)).toEqual(wanted.sort());
      expect(await committed('b', 'both', wanted.length)).toEqual(wanted);
    }, 60_000);

    it('carry the offsets of a group', async () => {
      const writer = await open('offsets');
      const committer = { groupId: 'g', generationId: -1, memberId: '', groupInstanceId: null };
      void writer.begin();
      await writer.sendOffsets(committer, [{ topic: 'in', partition: 1, offset: 7 }]);
      await writer.abort();
      void writer.begin();
      await writer.write('a', columns('offsets 1'));
      await writer.sendOffsets(committer, [{ topic: 'in', partition: 2, offset: 9 }]);
      await writer.commit();
      const kept = async () => (await admin.groupOffsets('g')).map(({ partition, offset }) => ({ partition, offset }));
      const deadline = Date.now() + 10_000;
      while ((await kept()).length === 0 && Date.now() < deadline) await systemClock.sleep(50);
      expect(await kept()).toEqual([{ partition: 2, offset: 9 }]);
    }, 60_000);

    it('are fenced by a later writer, which finds nothing of what was open', async () => {
      const earlier = await open('fenced');
      void earlier.begin();
      await earlier.write('a', columns('fenced old'));
      const later = await open('fenced');
      await expect(earlier.commit()).rejects.toMatchObject({ kind: topicsErrors.producerFenced });
      void later.begin();
      await later.write('a', columns('fenced new'));
      await later.commit();
      expect(await committed('a', 'fenced', 1)).toEqual(['fenced new']);
    }, 60_000);

    it('go on after one that took too long', async () => {
      const writer = await open('slow', 1000);
      void writer.begin();
      await writer.write('a', columns('slow 1'));
      // Kafka looks for such transactions every ten seconds.
      await systemClock.sleep(13_000);
      await expect(writer.commit()).rejects.toMatchObject({ kind: topicsErrors.refusedForNow });
      await writer.abort();
      void writer.begin();
      await writer.write('a', columns('slow 2'));
      await writer.commit();
      expect(await committed('a', 'slow', 1)).toEqual(['slow 2']);
    }, 60_000);
  });
}
