import type { ComponentType, Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { eventually } from './socket.testkit.js';
import { createSource, TestContext } from './source-context.testkit.js';
import { seqSource } from './seq/seq-source.js';
import { stressSource } from './stress/stress-source.js';

let context: TestContext;
let batches: number[];
const started: Source[] = [];

beforeEach(() => {
  context = new TestContext();
  batches = [];
  const deliver = context.deliver.bind(context);
  context.deliver = (batch: EventBatch) => {
    batches.push(batch.count);
    return deliver(batch);
  };
});
afterEach(async () => {
  for (const source of started.splice(0)) await source.stop();
});

async function start(type: ComponentType<Source>, options: Readonly<Record<string, string>>): Promise<Source> {
  const source = createSource(type, options);
  started.push(source);
  await source.start(context);
  return source;
}

test('seq counts up to totalEvents, and rests', async () => {
  await start(seqSource, { totalEvents: '7', batchSize: '3' });
  await context.until(7);
  await systemClock.sleep(20);
  expect(context.bodies).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  expect(batches).toEqual([3, 3, 1]);
});

test('seq gives one number at a time by default', async () => {
  await start(seqSource, { totalEvents: '2' });
  await context.until(2);
  expect(batches).toEqual([1, 1]);
});

test('seq gives the same numbers again when the channels have refused them', async () => {
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  await start(seqSource, { totalEvents: '4', batchSize: '2', backoffSleepIncrement: '10' });
  await eventually(() => batches.length > 1);
  expect(context.error).toBe(context.refusal);
  context.refusal = null;
  await context.until(4);
  expect(context.bodies).toEqual(['0', '1', '2', '3']);
  expect(context.error).toBe(null);
});

test('seq begins anew with each start, and stops in the middle', async () => {
  const source = await start(seqSource, {});
  await context.until(10);
  await source.stop();
  const count = context.events.length;
  await systemClock.sleep(10);
  expect(context.events).toHaveLength(count);
  await source.start(context);
  await context.until(count + 1);
  expect(context.bodies[count]).toBe('0');
});

test('stress gives bodies of 0x7F without headers, the last batch cut at maxTotalEvents', async () => {
  await start(stressSource, { maxTotalEvents: '5', batchSize: '2', size: '3' });
  await context.until(5);
  await systemClock.sleep(20);
  expect(batches).toEqual([2, 2, 1]);
  expect(new Set(context.bodies)).toEqual(new Set(['\x7f\x7f\x7f']));
  expect(context.events[4]?.headers).toEqual({});
});

test('stress counts refused events for maxTotalEvents, and not for maxSuccessfulEvents', async () => {
  context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
  await start(stressSource, { maxTotalEvents: '3', maxSuccessfulEvents: '2', backoffSleepIncrement: '5' });
  await eventually(() => batches.length === 1);
  context.refusal = null;
  await context.until(2);
  await systemClock.sleep(20);
  expect(context.events).toHaveLength(2);
});

test('stress keeps to maxEventsPerSecond', async () => {
  const startedAt = systemClock.monotonic();
  await start(stressSource, { maxTotalEvents: '40', maxEventsPerSecond: '200', size: '1' });
  await context.until(40);
  expect(systemClock.monotonic() - startedAt).toBeGreaterThan(150);
});
