import { settle } from '#broker/groups/group-world.testkit';
import { kafkaError } from '#wire/kafka/error-codes';
import type { TransactionalWrite } from './transaction-ports.js';
import { TransactionWorld } from './transaction-world.testkit.js';
import type { ProducerSession } from './transaction.js';

describe('TransactionCoordinator', () => {
  let world: TransactionWorld;
  beforeEach(() => {
    world = new TransactionWorld();
  });
  afterEach(() => world.coordinator.stop());

  async function opened(partitions: readonly string[] = ['0 orders'], groups: readonly string[] = []) {
    const session = await world.init();
    expect(await world.add(session, partitions, groups)).toBe(kafkaError.NONE);
    return session;
  }

  test('tells every partition and group of a transaction how it ended, and only then is it complete', async () => {
    const session = await opened(['0 orders', '1 orders'], ['readers']);
    world.participants.markerMs = 50;
    expect(await world.end(session)).toMatchObject({ errorCode: kafkaError.NONE });
    expect(world.state).toBe('PrepareCommit');
    await world.clock.run(50);
    expect(world.participants.told.toSorted()).toEqual([
      'commit group readers 101',
      'commit orders-0 101/0',
      'commit orders-1 101/0',
    ]);
    expect(world.state).toBe('CompleteCommit');
    expect(await world.end(session)).toMatchObject({ errorCode: kafkaError.NONE });
    expect(world.participants.told).toHaveLength(3);
  });

  test.each(['commit', 'abort'] as const)(
    'a start finishes the %s that was prepared before a kill',
    async (outcome) => {
      const session = await opened(['0 orders'], ['readers']);
      world.participants.markerCode = 'storage_error';
      await world.end(session, outcome);
      await settle();
      world.participants.told.length = 0;
      world.participants.markerCode = 'none';
      world.restart();
      expect(await world.coordinator.initProducer('other', { timeoutMs: 1, expected: null })).toMatchObject({
        epoch: 0,
      });
      await world.coordinator.idle();
      expect(world.participants.told.toSorted()).toEqual([`${outcome} group readers 101`, `${outcome} orders-0 101/0`]);
      expect(world.state).toBe(outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort');
    },
  );

  test('a marker that storage refuses is tried again; a partition that is gone needs none', async () => {
    const session = await opened();
    world.participants.markerCode = 'storage_error';
    await world.end(session);
    await world.clock.run(1_000);
    expect(world.state).toBe('PrepareCommit');
    world.participants.markerCode = 'unknown_partition';
    await world.clock.run(10_000);
    expect(world.state).toBe('CompleteCommit');
  });

  test('what comes while a transaction ends waits for a moment, then is told CONCURRENT_TRANSACTIONS', async () => {
    const session = await opened();
    world.participants.markerMs = 150;
    await world.end(session);
    const early = world.add(session);
    await world.clock.run(100);
    expect(await early).toBe(kafkaError.CONCURRENT_TRANSACTIONS);
    const later = world.add(session);
    await world.clock.run(60);
    expect(await later).toBe(kafkaError.NONE);
  });

  test('a new session fences the old one and aborts what it had open', async () => {
    const old = await opened();
    const fresh = await world.init();
    expect(fresh).toMatchObject({ errorCode: kafkaError.NONE, producerId: old.producerId, epoch: old.epoch + 2 });
    expect(world.participants.told).toEqual(['abort orders-0 101/1']);
    expect(await world.add(old)).toBe(kafkaError.PRODUCER_FENCED);
    expect(await world.end(old)).toMatchObject({ errorCode: kafkaError.PRODUCER_FENCED });
    expect(await world.end(old, 'abort', 2)).toMatchObject({ errorCode: kafkaError.PRODUCER_FENCED });
    expect(await world.init('t', old)).toMatchObject({ errorCode: kafkaError.PRODUCER_FENCED });
  });

  test('an old session that goes on does not abort what a newer one has open', async () => {
    const old = await world.init();
    const fresh = await world.init();
    await world.add(fresh);
    expect(await world.init('t', old)).toMatchObject({ errorCode: kafkaError.PRODUCER_FENCED });
    expect(await world.end(fresh)).toMatchObject({ errorCode: kafkaError.NONE });
  });

  test('a transaction that is open for longer than its timeout is aborted, and its producer fenced', async () => {
    const session = await world.init('t', null, 5_000);
    await world.add(session);
    await world.clock.run(3_000);
    await world.add(session, ['1 orders']);
    expect(world.state).toBe('Ongoing');
    await world.clock.run(3_000);
    expect(world.state).toBe('CompleteAbort');
    expect(world.participants.told.toSorted()).toEqual(['abort orders-0 101/1', 'abort orders-1 101/1']);
    expect(await world.end(session)).toMatchObject({ errorCode: kafkaError.PRODUCER_FENCED });
  });

  test('the timeout goes on counting over a restart', async () => {
    await world.add(await world.init('t', null, 5_000));
    await world.clock.run(3_000);
    world.restart();
    await world.clock.run(1_500);
    expect(world.state).toBe('Ongoing');
    await world.clock.run(2_000);
    expect(world.state).toBe('CompleteAbort');
  });

  test('under protocol 2 each transaction has its own epoch, and an end that is repeated gets the same answer', async () => {
    const first = await opened();
    const second = await world.end(first, 'commit', 2);
    expect(second).toEqual({ errorCode: kafkaError.NONE, producerId: 101, epoch: 1 });
    await settle();
    expect(world.participants.told).toEqual(['commit orders-0 101/1']);
    expect(await world.end(first, 'commit', 2)).toEqual(second);
    expect(await world.add(first)).toBe(kafkaError.PRODUCER_FENCED);
    expect(await world.add(second)).toBe(kafkaError.NONE);
    expect(await world.end(first, 'commit', 2)).toMatchObject({ errorCode: kafkaError.PRODUCER_FENCED });
    expect(await world.end(second, 'abort', 2)).toMatchObject({ epoch: 2 });
  });

  test('an id that nobody uses expires, one that is open does not', async () => {
    world = new TransactionWorld({
      'transactional.id.expiration.ms': '10000',
      'transaction.remove.expired.transaction.cleanup.interval.ms': '1000',
    });
    await world.init();
    await world.coordinator.initProducer('open', { timeoutMs: 60_000, expected: null });
    await world.coordinator.add('open', { producerId: 102, epoch: 0 }, { partitions: ['0 orders'], groups: [] });
    await world.clock.run(9_000);
    expect(world.state).toBe('Empty');
    await world.clock.run(2_000);
    expect(world.state).toBe('none');
    expect([...world.table.rows.keys()]).toEqual(['open']);
    expect(await world.init()).toMatchObject({ producerId: 103, epoch: 0 });
  });

  test.each([
    ['an empty id', '', 1_000, kafkaError.INVALID_REQUEST],
    ['no timeout', 't', 0, kafkaError.INVALID_TRANSACTION_TIMEOUT],
    ['a timeout that is too long', 't', 900_001, kafkaError.INVALID_TRANSACTION_TIMEOUT],
  ])('a session with %s is refused', async (_, transactionalId, timeoutMs, errorCode) => {
    expect(await world.init(transactionalId, null, timeoutMs)).toMatchObject({ errorCode, producerId: -1, epoch: -1 });
  });

  test('an id without a session is an error of mapping', async () => {
    const session = { producerId: 1, epoch: 0 };
    expect(await world.add(session)).toBe(kafkaError.INVALID_PRODUCER_ID_MAPPING);
    expect((await world.end(session)).errorCode).toBe(kafkaError.INVALID_PRODUCER_ID_MAPPING);
    expect(world.coordinator.verify('t', session, { partitions: [], groups: [] })).toBe(
      kafkaError.INVALID_PRODUCER_ID_MAPPING,
    );
  });

  test('a change that is not durable is not seen, and the id can be used afterwards', async () => {
    world.table.failing = true;
    expect((await world.init()).errorCode).toBe(kafkaError.COORDINATOR_NOT_AVAILABLE);
    expect(world.state).toBe('none');
    world.table.failing = false;
    const session = await opened();
    world.table.failing = true;
    expect((await world.end(session)).errorCode).toBe(kafkaError.COORDINATOR_NOT_AVAILABLE);
    expect(world.state).toBe('Ongoing');
    expect(world.participants.told).toEqual([]);
  });

  describe('admits a write', () => {
    const write = (session: ProducerSession, more: Partial<TransactionalWrite> = {}): TransactionalWrite => ({
      transactionalId: 't',
      session,
      partitions: ['0 orders'],
      groups: [],
      adds: false,
      ...more,
    });

    test('at once where its partition is in the transaction, and refuses it at once where it is not', async () => {
      const session = await opened();
      const { coordinator } = world;
      expect(coordinator.admit(write(session), (code) => code)).toBe(kafkaError.NONE);
      const other = write(session, { partitions: ['0 orders', '1 orders'] });
      expect(coordinator.admit(other, (code) => code)).toBe(kafkaError.TRANSACTION_ABORTABLE);
      const stale = { ...session, epoch: session.epoch - 1 };
      expect(coordinator.admit(write(stale), (code) => code)).toBe(kafkaError.PRODUCER_FENCED);
      await world.end(session);
      await settle();
      expect(coordinator.admit(write(session), (code) => code)).toBe(kafkaError.TRANSACTION_ABORTABLE);
    });

    test('after its partition is durably added, in the order of the calls', async () => {
      const session = await world.init();
      world.table.putMs = 10;
      const order: string[] = [];
      const admit = async (name: string, more: Partial<TransactionalWrite> = {}) =>
        world.coordinator.admit(write(session, { adds: true, ...more }), (code) => {
          order.push(`${name} ${code} ${world.state}`);
          return code;
        });
      const all = [admit('first'), admit('second'), admit('third', { partitions: ['1 orders'] })];
      expect(order).toEqual([]);
      await world.clock.run(10);
      expect(order).toEqual(['first 0 Ongoing', 'second 0 Ongoing']);
      // A write that could be admitted at once does not pass one that waits.
      all.push(admit('fourth'));
      expect(order).toHaveLength(2);
      await world.clock.run(10);
      expect(await Promise.all(all)).toEqual([0, 0, 0, 0]);
      expect(order.slice(2)).toEqual(['third 0 Ongoing', 'fourth 0 Ongoing']);
      expect(await admit('fifth')).toBe(kafkaError.NONE);
    });

    test('of the next transaction once the one before has ended', async () => {
      const session = await opened();
      world.participants.markerMs = 40;
      const next = await world.end(session, 'commit', 2);
      const late = world.coordinator.admit(write(session, { adds: true }), (code) => code);
      const early = world.coordinator.admit(write(next, { adds: true }), (code) => code);
      await world.clock.run(50);
      expect(await late).toBe(kafkaError.PRODUCER_FENCED);
      expect(await early).toBe(kafkaError.NONE);
      expect(world.state).toBe('Ongoing');
    });

    test('which does not wait for the end of the one before it', async () => {
      const session = await world.init();
      let endFirst = (): void => undefined;
      const first = world.coordinator.admit(
        write(session, { adds: true }),
        () => new Promise<string>((resolve) => (endFirst = () => resolve('first'))),
      );
      const second = world.coordinator.admit(write(session, { adds: true }), () => 'second');
      expect(await second).toBe('second');
      endFirst();
      expect(await first).toBe('first');
    });
  });
});
