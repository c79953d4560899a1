import { silentLogger } from '#std/log';
import { systemClock } from '#std/clock';
import { kafkaError } from '#wire/kafka/error-codes';
import { noSecurity } from '#topics/client-security';
import type { Cluster } from '#topics/cluster';
import { FakeCluster, type Fault } from '#topics/fake-cluster.testkit';
import { FakeTransactions } from '#topics/fake-transactions.testkit';
import { AgentChannel } from '#pipeline/agent-channel';
import { AgentComponent } from '#pipeline/agent-component';
import type { Channel, ComponentContext } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { SourceTransactions } from '#pipeline/source-transactions';
import { TapPoint } from '#pipeline/tap';

const positionsTopic = 'positions';

/** A channel that is a topic: one partition, its name the channel's. */
async function channelOf(name: string): Promise<AgentChannel> {
  const channel: Channel = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    put: () => Promise.reject(new Error('puts go by transactions')),
    take: () => Promise.resolve(null),
    size: () => null,
    capacity: null,
    transactional: {
      bootstrap: 'fake',
      security: noSecurity,
      writer: {},
      putOf: ({ bytes, starts, ends, headers }) => ({
        topic: name,
        columns: { bytes, starts, ends, headers, partitions: 0 },
      }),
    },
  };
  const component = new AgentComponent({
    kind: 'channel',
    name,
    type: 'topic',
    clock: systemClock,
    logger: silentLogger,
    stateDirectory: '/state',
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  });
  await component.start();
  return new AgentChannel({ name, channel, component, transactionCapacity: null, tap: new TapPoint() });
}

function lines(...texts: string[]): EventBatch {
  return EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
}

describe('transactions of a source', () => {
  let fake: FakeCluster;
  let topics: FakeTransactions;
  let channels: { a: AgentChannel; b: AgentChannel };
  let lost: { error: Error; isFinal: boolean }[];
  let errors: unknown[];
  const opened: SourceTransactions[] = [];

  beforeEach(async () => {
    fake = new FakeCluster();
    await fake.start(1);
    topics = new FakeTransactions(fake, 2);
    for (const topic of ['a', 'b', positionsTopic]) fake.create(topic, 1);
    channels = { a: await channelOf('a'), b: await channelOf('b') };
    lost = [];
    errors = [];
  });
  afterEach(async () => {
    for (const transactions of opened.splice(0)) await transactions.stop();
    await fake.stop();
  });

  function open(more: { boundaryMs?: number; source?: string } = {}): SourceTransactions {
    const context: ComponentContext = {
      name: 'r',
      clock: systemClock,
      logger: silentLogger,
      stateDirectory: '/state',
      count: () => undefined,
      reportError: (error) => void errors.push(error),
    };
    const transactions = new SourceTransactions({
      plan: { support: 'requested', positionsTopic, boundaryMs: more.boundaryMs ?? 5, owner: null },
      owner: 'host/a1',
      source: more.source ?? 'r',
      context,
      openCluster: (): Cluster => fake.connect({ requestTimeoutMs: 500 }),
      writer: {},
      onLost: (error, isFinal) => void lost.push({ error, isFinal }),
    });
    opened.push(transactions);
    return transactions;
  }

  const both = (batch: EventBatch) => Object.values(channels).map((channel) => ({ channel, batch, isOptional: false }));
  const onlyA = (batch: EventBatch) => [{ channel: channels.a, batch, isOptional: false }];
  const at = (position: string) => new Map([['file', position]]);
  const seen = (topic: string): string[] => topics.committedValues(topic, 0);

  it('hold the events of all channels and the positions, and a later start finds those', async () => {
    const transactions = open();
    expect([...(await transactions.load())]).toEqual([]);
    await transactions.deliver(both(lines('1', '2')), at('2'));
    await transactions.deliver(both(lines('3')), at('3'));
    expect([seen('a'), seen('b')]).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3'],
    ]);
    await transactions.stop();
    expect([...(await open().load())]).toEqual([['file', '3']]);
    expect([...(await open({ source: 'r2' }).load())]).toEqual([]);
  });

  it('forget a position that is null', async () => {
    const transactions = open();
    await transactions.load();
    await transactions.deliver(onlyA(lines('1')), at('1'));
    await transactions.deliver([], new Map([['file', null]]));
    await transactions.stop();
    expect([...(await open().load())]).toEqual([]);
  });

  it('gather deliveries that come at about the same time', async () => {
    const transactions = open({ boundaryMs: 30 });
    await transactions.load();
    const before = fake.requests.filter((name) => name === 'EndTxn').length;
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => transactions.deliver(onlyA(lines(String(n))), at(String(n)))),
    );
    expect(fake.requests.filter((name) => name === 'EndTxn').length - before).toBeLessThanOrEqual(2);
    expect(seen('a')).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
    expect(seen(positionsTopic).at(-1)).toBe('49');
  });

  it('give the same deliveries again in their order after an abort, to every channel once', async () => {
    const transactions = open({ boundaryMs: 10 });
    await transactions.load();
    let requests = 0;
    fake.onProduce = (): Fault => {
      requests += 1;
      return requests % 4 === 2 ? { kind: 'error', code: kafkaError.TRANSACTION_ABORTABLE } : { kind: 'none' };
    };
    const wanted = Array.from({ length: 30 }, (_, n) => String(n));
    await Promise.all(wanted.map((text) => transactions.deliver(both(lines(text)), at(text))));
    expect([seen('a'), seen('b')]).toEqual([wanted, wanted]);
    expect(errors.at(-1)).toBeNull();
  });

  it('refuse a record that is too large, with all behind it, and commit what came before', async () => {
    const transactions = open({ boundaryMs: 20 });
    fake.limitBytes = 500;
    await transactions.load();
    const results = await Promise.allSettled([
      transactions.deliver(onlyA(lines('1')), at('1')),
      transactions.deliver(onlyA(lines('x'.repeat(1000))), at('2')),
      transactions.deliver(onlyA(lines('3')), at('3')),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect([seen('a'), seen(positionsTopic)]).toEqual([['1'], ['1']]);
  });

  it('leave out an optional channel that does not take a record, and keep the rest', async () => {
    const transactions = open();
    fake.limitBytes = 500;
    await transactions.load();
    const large = { channel: channels.b, batch: lines('x'.repeat(1000)), isOptional: true };
    await transactions.deliver([...onlyA(lines('1')), large], at('1'));
    expect([seen('a'), seen('b')]).toEqual([['1'], []]);
  });

  it('end for good where another agent has taken over, which goes on at the last commit', async () => {
    const earlier = open();
    await earlier.load();
    await earlier.deliver(onlyA(lines('1')), at('1'));
    const later = open();
    expect([...(await later.load())]).toEqual([['file', '1']]);
    await expect(earlier.deliver(onlyA(lines('2')), at('2'))).rejects.toThrow('has taken over');
    expect(lost).toMatchObject([{ isFinal: true }]);
    await later.deliver(onlyA(lines('2')), at('2'));
    expect(seen('a')).toEqual(['1', '2']);
  });

  it('go on after the cluster aborted a transaction by its timeout', async () => {
    const transactions = open({ boundaryMs: 100 });
    await transactions.load();
    const delivery = transactions.deliver(onlyA(lines('1')), at('1'));
    await systemClock.sleep(50);
    topics.timeOut('millrace-source-host/a1.r');
    await delivery;
    expect(seen('a')).toEqual(['1']);
    expect(lost).toEqual([]);
  });

  it('have the source begin again where nobody knows what became of a commit', async () => {
    const transactions = open();
    await transactions.load();
    topics.endCodes.push(kafkaError.INVALID_TXN_STATE, kafkaError.UNKNOWN_SERVER_ERROR);
    await expect(transactions.deliver(onlyA(lines('1')), at('1'))).rejects.toThrow('a transaction');
    expect(lost).toMatchObject([{ isFinal: false }]);
    await transactions.load();
    await transactions.deliver(onlyA(lines('1')), at('1'));
    expect(seen('a')).toEqual(['1']);
  });

  it('commit on a stop what is under way, and refuse what comes later', async () => {
    const transactions = open({ boundaryMs: 1000 });
    await transactions.load();
    const delivery = transactions.deliver(onlyA(lines('1')), at('1'));
    await systemClock.sleep(20);
    await transactions.stop();
    await delivery;
    expect(seen('a')).toEqual(['1']);
    await expect(transactions.deliver(onlyA(lines('2')), at('2'))).rejects.toThrow('closed');
  });
});
