import { kafkaError } from '#wire/kafka/error-codes';
import { recordBatch } from '#wire/kafka/record-batch';
import { topicsErrors } from '#topics/errors';
import type { WriteColumns } from '#topics/topic-writer';
import { TransactionalWriter } from '#topics/transactional-writer';
import { FakeCluster, type Fault } from './fake-cluster.testkit.js';
import { FakeTransactions } from './fake-transactions.testkit.js';

function columns(...texts: string[]): WriteColumns {
  const starts = new Int32Array(texts.length);
  const ends = new Int32Array(texts.length);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    starts[index] = at;
    at += text.length;
    ends[index] = at;
  }
  return { bytes: Buffer.from(texts.join('')), starts, ends, headers: new Map(), partitions: 0 };
}

const protocols = [
  { what: 'an epoch for each transaction (KIP-890)', level: 2 },
  { what: 'partitions added first (Kafka 3 and older)', level: 0 },
] as const;

for (const { what, level } of protocols) {
  describe(`a transactional writer, ${what}`, () => {
    let fake: FakeCluster;
    let transactions: FakeTransactions;
    const writers: TransactionalWriter[] = [];
    beforeEach(async () => {
      fake = new FakeCluster();
      await fake.start(1);
      transactions = new FakeTransactions(fake, level);
      fake.create('a', 1);
      fake.create('b', 1);
    });
    afterEach(async () => {
      for (const writer of writers.splice(0)) await writer.close(100);
      await fake.stop();
    });

    async function writerOf(): Promise<TransactionalWriter> {
      const writer = new TransactionalWriter(fake.connect({ requestTimeoutMs: 500 }), { transactionalId: 'x' });
      writers.push(writer);
      await writer.init();
      return writer;
    }

    const seen = (topic: string): string[] => transactions.committedValues(topic, 0);

    it('shows what it wrote to several topics when it commits, and not before', async () => {
      const writer = await writerOf();
      void writer.begin();
      await Promise.all([writer.write('a', columns('1', '2')), writer.write('b', columns('3'))]);
      expect([seen('a'), seen('b')]).toEqual([[], []]);
      await writer.commit();
      expect([seen('a'), seen('b')]).toEqual([['1', '2'], ['3']]);
      expect(transactions.added.length).toBe(level === 2 ? 0 : 2);
      expect(fake.topics.get('a')?.[0]?.batches.every((batch) => recordBatch.isTransactional(batch))).toBe(true);
    });

    it('writes many transactions one after another, each record once and in order', async () => {
      const writer = await writerOf();
      const wanted: string[] = [];
      for (let round = 0; round < 20; round += 1) {
        void writer.begin();
        const texts = [`${round}.1`, `${round}.2`];
        const isKept = round % 3 !== 2;
        await Promise.all(texts.map((text) => writer.write('a', columns(text))));
        if (isKept) await writer.commit();
        else await writer.abort();
        if (isKept) wanted.push(...texts);
      }
      expect(seen('a')).toEqual(wanted);
    });

    it('writes again what was in a transaction that broke, once', async () => {
      const writer = await writerOf();
      void writer.begin();
      await writer.write('a', columns('1'));
      let faults = 1;
      fake.onProduce = (): Fault => {
        faults -= 1;
        return faults === 0 ? { kind: 'error', code: kafkaError.INVALID_TXN_STATE } : { kind: 'none' };
      };
      await expect(writer.write('a', columns('2'))).rejects.toMatchObject({ kafkaCode: kafkaError.INVALID_TXN_STATE });
      await writer.abort();
      void writer.begin();
      await Promise.all([writer.write('a', columns('1')), writer.write('a', columns('2'))]);
      await writer.commit();
      expect(seen('a')).toEqual(['1', '2']);
    });

    for (const kind of ['lost-before', 'lost-after'] as const) {
      it(`keeps records once over connections that end (${kind})`, async () => {
        const writer = await writerOf();
        let requests = 0;
        fake.onProduce = (): Fault => ({ kind: (requests += 1) % 3 === 0 ? kind : 'none' });
        const wanted: string[] = [];
        for (let round = 0; round < 5; round += 1) {
          void writer.begin();
          const texts = Array.from({ length: 4 }, (_, index) => `${round}.${index}`);
          for (const text of texts) await writer.write('a', columns(text));
          await writer.commit();
          wanted.push(...texts);
        }
        expect(seen('a')).toEqual(wanted);
      });
    }

    it('tries to end a transaction until the coordinator is there, and waits for the one before', async () => {
      const writer = await writerOf();
      void writer.begin();
      await writer.write('a', columns('1'));
      transactions.endCodes.push(kafkaError.CONCURRENT_TRANSACTIONS, kafkaError.NOT_COORDINATOR);
      await writer.commit();
      expect(seen('a')).toEqual(['1']);
    });

    it('is fenced by a later writer of the same id, and nothing of it holds', async () => {
      const earlier = await writerOf();
      void earlier.begin();
      await earlier.write('a', columns('old'));
      const later = await writerOf();
      await expect(earlier.commit()).rejects.toMatchObject({ kind: topicsErrors.producerFenced });
      await expect(earlier.abort()).rejects.toThrow('Another producer has taken over the transactional id x');
      void later.begin();
      await later.write('a', columns('new'));
      await later.commit();
      expect(seen('a')).toEqual(['new']);
    });

    it('goes on after the cluster aborted a transaction that took too long', async () => {
      const writer = await writerOf();
      void writer.begin();
      await writer.write('a', columns('slow'));
      transactions.timeOut('x');
      await expect(writer.commit()).rejects.toMatchObject({ kind: topicsErrors.refusedForNow });
      await writer.abort();
      void writer.begin();
      await writer.write('a', columns('slow'));
      await writer.commit();
      expect(seen('a')).toEqual(['slow']);
    });

    it('makes offsets of a group hold with the commit', async () => {
      const writer = await writerOf();
      void writer.begin();
      const committer = { groupId: 'g', generationId: -1, memberId: '', groupInstanceId: null };
      await writer.sendOffsets(committer, [{ topic: 'in', partition: 0, offset: 7 }]);
      expect(transactions.groupOffsets.size).toBe(0);
      await writer.commit();
      expect([...transactions.groupOffsets]).toEqual([['0@in', 7]]);
    });

    it('ends an empty transaction without a request', async () => {
      const writer = await writerOf();
      void writer.begin();
      await writer.commit();
      expect(fake.requests).not.toContain('EndTxn');
    });

    if (level === 0) {
      it('says at once that partitions cannot be added', async () => {
        const writer = await writerOf();
        transactions.addCodes.push(kafkaError.TOPIC_AUTHORIZATION_FAILED);
        const broken = writer.begin();
        const write = writer.write('a', columns('1'));
        write.catch(() => undefined);
        await expect(broken).resolves.toMatchObject({ kafkaCode: kafkaError.TOPIC_AUTHORIZATION_FAILED });
        await writer.abort();
        await expect(write).rejects.toMatchObject({ kafkaCode: kafkaError.TOPIC_AUTHORIZATION_FAILED });
      });
    }
  });
}
