import { ChannelError, pipelineErrors } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { BrokerSource, type Broker, type BrokerSession, type SessionEvents } from './broker-source.js';
import { TestContext } from './source-context.testkit.js';

const full = new ChannelError(pipelineErrors.channelFull, 'The channel is full.');

interface Connection extends SessionEvents<number> {
  readonly accepted: number[];
  readonly givenBack: number[];
  readonly unused: number[];
  readonly held: boolean[];
  credit: number;
  give(...bodies: string[]): void;
}

/** A broker in memory: every connection can be looked at. Tokens count up. */
class FakeBroker implements Broker<number> {
  readonly address = 'fake';
  readonly connections: Connection[] = [];
  refusal: Error | null = null;
  private token = 0;

  constructor(private readonly abilities: { readonly givesBack?: boolean; readonly settlesSingly?: boolean } = {}) {}

  connect(events: SessionEvents<number>): Promise<BrokerSession<number>> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    const connection: Connection = {
      ...{ accepted: [], givenBack: [], unused: [], held: [], credit: 0 },
      onMessage: (message) => events.onMessage(message),
      onEnd: (reason) => events.onEnd(reason),
      give: (...bodies) => {
        for (const body of bodies) {
          this.token += 1;
          events.onMessage({ body: Buffer.from(body), headers: { n: String(this.token) }, token: this.token });
        }
      },
    };
    this.connections.push(connection);
    const { givesBack = true, settlesSingly = true } = this.abilities;
    return Promise.resolve({
      request: (count) => (connection.credit += count),
      hold: (isHeld) => connection.held.push(isHeld),
      accept: (tokens) => void connection.accepted.push(...tokens),
      ...(givesBack ? { giveBack: (tokens: readonly number[]) => void connection.givenBack.push(...tokens) } : {}),
      settlesSingly,
      close: (unused) => {
        connection.unused.push(...unused);
        return Promise.resolve();
      },
    });
  }

  /** The connection of now. */
  get last(): Connection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nothing has connected');
    return connection;
  }
}

const options = { batchSize: 3, prefetch: 5, prefetchBytes: 1e6, reconnectMsMax: 100 };

async function eventually(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !done(); tries += 1) await systemClock.sleep(10);
  expect(done()).toBe(true);
}

async function started(
  broker = new FakeBroker(),
  settings: Partial<typeof options> = {},
): Promise<{ broker: FakeBroker; context: TestContext; source: BrokerSource<number> }> {
  const context = new TestContext();
  const source = new BrokerSource(broker, { ...options, ...settings });
  await source.start(context);
  if (broker.refusal === null) await eventually(() => broker.connections.length === 1 && broker.last.credit > 0);
  return { broker, context, source };
}

test('messages are accepted when the channels have them, and as many more are asked for', async () => {
  const { broker, context, source } = await started();
  expect(broker.last.credit).toBe(5);
  broker.last.give('a', 'b', 'c', 'd');
  await context.until(4);
  await eventually(() => broker.last.accepted.length === 4);
  expect(context.events[0]).toEqual({ body: 'a', headers: { n: '1' } });
  await eventually(() => broker.last.credit === 9);
  await source.stop();
  expect(broker.last.unused).toEqual([]);
});

test('full channels are waited for: nothing is accepted or given back, and the reading stops', async () => {
  const { broker, context, source } = await started();
  context.refusal = full;
  broker.last.give('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
  await eventually(() => context.error === full);
  await systemClock.sleep(250);
  expect(broker.last.accepted).toEqual([]);
  expect(broker.last.givenBack).toEqual([]);
  expect(broker.last.credit).toBe(5);
  expect(broker.last.held.at(-1)).toBe(true);
  context.refusal = null;
  await context.until(8);
  await eventually(() => broker.last.held.at(-1) === false);
  expect(context.bodies).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  expect(context.error).toBeNull();
  await source.stop();
});

test('credit is as much as fits into memory, once the size of messages is known', async () => {
  const { broker, context, source } = await started(new FakeBroker(), { prefetchBytes: 80_000, prefetch: 1000 });
  expect(broker.last.credit).toBe(8);
  broker.last.give(...Array.from({ length: 8 }, () => 'x'.repeat(9_700)));
  await context.until(8);
  await eventually(() => broker.last.credit === 16);
  for (let round = 0; round < 20; round += 1) broker.last.give(...Array.from({ length: 8 }, () => 'x'.repeat(200)));
  await context.until(168);
  await eventually(() => broker.last.credit > 250);
  expect(broker.last.credit).toBeLessThanOrEqual(168 + 400);
  await source.stop();
});

test('a limit of bytes stops the reading as well', async () => {
  const { broker, context, source } = await started(new FakeBroker(), { prefetchBytes: 1000, prefetch: 100 });
  context.refusal = full;
  broker.last.give('x'.repeat(900), 'y'.repeat(900));
  await eventually(() => broker.last.held.at(-1) === true);
  context.refusal = null;
  await eventually(() => broker.last.held.at(-1) === false);
  await source.stop();
});

class PickyContext extends TestContext {
  override deliver(...[batch]: Parameters<TestContext['deliver']>): Promise<void> {
    for (let index = 0; index < batch.count; index += 1) {
      if (batch.body(index).toString() === 'poison') return Promise.reject(new Error('an interceptor fails'));
    }
    return super.deliver(batch);
  }
}

test('a message that interceptors cannot take is found and given back alone', async () => {
  const broker = new FakeBroker();
  const context = new PickyContext();
  const source = new BrokerSource(broker, options);
  await source.start(context);
  await eventually(() => broker.connections.length === 1);
  broker.last.give('a', 'poison', 'b');
  await eventually(() => broker.last.givenBack.length === 1 && broker.last.accepted.length === 2);
  expect(context.bodies).toEqual(['a', 'b']);
  expect(broker.last.givenBack).toEqual([2]);
  expect(broker.last.accepted).toEqual([1, 3]);
  expect(context.counters.get('EventGiveBackCount')).toBe(1);
  await source.stop();
});

test('a transaction is given back as a whole, and without a way to give back messages are tried again', async () => {
  for (const [abilities, expected] of [
    [{ settlesSingly: false }, [1, 2]],
    [{ givesBack: false }, []],
  ] as const) {
    const broker = new FakeBroker(abilities);
    const context = new PickyContext();
    const source = new BrokerSource(broker, options);
    await source.start(context);
    await eventually(() => broker.connections.length === 1);
    broker.last.give('a', 'poison');
    await eventually(() => context.error !== null);
    await systemClock.sleep(200);
    expect(broker.last.givenBack).toEqual(expected);
    expect(broker.last.accepted).toEqual('givesBack' in abilities ? [1] : []);
    await source.stop();
  }
});

test('a lost connection is made anew, and what waited from it is dropped: the broker gives it again', async () => {
  const { broker, context, source } = await started();
  context.refusal = full;
  broker.last.give('a', 'b');
  await eventually(() => context.error === full);
  broker.last.onEnd(new Error('the broker is gone'));
  await eventually(() => broker.connections.length === 2);
  context.refusal = null;
  await eventually(() => broker.last.credit > 0);
  broker.last.give('a', 'b');
  await context.until(2);
  await eventually(() => broker.last.accepted.length === 2);
  expect(broker.connections[0]?.accepted).toEqual([]);
  expect(context.bodies).toEqual(['a', 'b']);
  expect(context.counters.get('ConnectionFailCount')).toBe(1);
  await source.stop();
});

test('a broker that is away is tried again until it is there', async () => {
  const broker = new FakeBroker();
  broker.refusal = new Error('nobody there');
  const { context, source } = await started(broker);
  await eventually(() => (context.counters.get('ConnectionFailCount') ?? 0) > 1);
  expect(context.error).toBe(broker.refusal);
  broker.refusal = null;
  await eventually(() => broker.connections.length === 1 && context.error === null);
  await source.stop();
});

test('a stop waits for the delivery under way and hands back what was not delivered', async () => {
  const { broker, context, source } = await started();
  context.refusal = full;
  broker.last.give('a', 'b', 'c', 'd');
  await eventually(() => context.error === full);
  await source.stop();
  expect(broker.last.accepted).toEqual([]);
  expect(broker.last.unused).toEqual([4]);
});
