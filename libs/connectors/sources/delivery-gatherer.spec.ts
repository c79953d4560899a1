import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { DeliveryGatherer } from './delivery-gatherer.js';
import { TestContext } from './source-context.testkit.js';

function part(...bodies: string[]): EventBatch {
  return EventBatch.of(bodies.map((body) => ({ body: Buffer.from(body) })));
}

/** A context whose deliveries are settled by the spec. */
class HeldContext extends TestContext {
  readonly held: { batch: EventBatch; resolve: () => void; reject: (error: Error) => void }[] = [];

  override deliver(batch: EventBatch): Promise<void> {
    return new Promise((resolve, reject) => this.held.push({ batch, resolve, reject }));
  }

  get bodiesHeld(): string[][] {
    return this.held.map(({ batch }) =>
      Array.from({ length: batch.count }, (_, index) => batch.body(index).toString()),
    );
  }
}

test('what is given in one turn goes in one delivery, up to the limit, in order', async () => {
  const context = new HeldContext();
  const gatherer = new DeliveryGatherer(context, { eventsMax: 3 });
  for (const bodies of [['a'], ['b', 'c'], ['d', 'e'], ['f', 'g']]) gatherer.add(part(...bodies), () => undefined);
  await systemClock.sleep(10);
  expect(context.bodiesHeld).toEqual([
    ['a', 'b', 'c'],
    ['d', 'e'],
    ['f', 'g'],
  ]);
});

test('while many deliveries are under way the rest waits, and then goes together', async () => {
  const context = new HeldContext();
  const gatherer = new DeliveryGatherer(context, { eventsMax: 100 });
  for (let index = 0; index < 30; index += 1) {
    gatherer.add(part(String(index)), () => undefined);
    await systemClock.sleep(1);
  }
  expect(context.held).toHaveLength(8);
  context.held[0]?.resolve();
  await systemClock.sleep(10);
  expect(context.bodiesHeld[8]).toHaveLength(22);
});

test('each part is told of its delivery, and idle waits for all', async () => {
  const context = new HeldContext();
  const gatherer = new DeliveryGatherer(context, { eventsMax: 2 });
  const told: [string, unknown][] = [];
  gatherer.add(part('a', 'b'), (refusal) => told.push(['ab', refusal]));
  gatherer.add(part('c'), (refusal) => told.push(['c', refusal]));
  let isIdle = false;
  const idle = gatherer.idle().then(() => (isIdle = true));
  await systemClock.sleep(10);
  const refusal = new Error('full');
  context.held[0]?.reject(refusal);
  await systemClock.sleep(10);
  expect([told, isIdle, context.error]).toEqual([[['ab', refusal]], false, refusal]);
  context.held[1]?.resolve();
  await idle;
  expect(told[1]).toEqual(['c', null]);
  expect(context.error).toBe(null);
});
