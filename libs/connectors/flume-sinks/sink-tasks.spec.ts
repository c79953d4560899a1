import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelSink, ComponentType, SinkTaskPlan, Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { FakeCluster } from '#topics/fake-cluster.testkit';
import { avroSource } from '../sources/avro/avro-source.js';
import { batchOf, valuesFrom } from '../sinks/postgres/batch.testkit.js';
import { portOf } from '../sources/socket.testkit.js';
import { createSource, TestContext } from '../sources/source-context.testkit.js';
import { avroSink } from './avro/avro-sink.js';
import { morphlineSink } from './morphline/morphline-sink.js';
import { kafkaSink } from './topic/topic-sink-types.js';

const letters = { 'errors.deadletterqueue.topic.name': 'dead' };
const at = { topic: 'orders', partition: 0 };
const folder = mkdtempSync(join(tmpdir(), 'millrace-tasks-'));
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The sink as a task over a topic, started. */
async function task(type: ComponentType<ChannelSink>, options: Record<string, string>): Promise<SinkTaskPlan> {
  const services = { bootstrap: '', clock: systemClock, logger: silentLogger };
  const plan = type.createTask?.({ agent: 'a1', name: 'k', options, services }) ?? null;
  if (plan === null) throw new Error('there is no task');
  stops.push(() => plan.sink.stop());
  const parts = { clock: systemClock, logger: silentLogger, ownerEpoch: 1, stateDirectory: folder };
  await plan.sink.start({ name: 'k', task: 0, ...parts });
  return plan;
}

describe('an avro sink over a topic', () => {
  let context: TestContext;
  let options: Record<string, string>;

  beforeEach(async () => {
    context = new TestContext();
    const source: Source = createSource(avroSource, { bind: '127.0.0.1', port: '0' });
    await source.start(context);
    stops.push(() => source.stop());
    options = { hostname: '127.0.0.1', port: String(portOf(source)) };
  });

  it('counts what the other agent has taken, and tries again what it has not', async () => {
    const { sink, deadLetterTopic } = await task(avroSink, options);
    expect(deadLetterTopic).toBeNull();
    context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
    await expect(sink.put(valuesFrom(0, [1, 2]))).rejects.toThrow(RetriableSinkError);
    expect(await sink.flush(false)).toEqual([]);
    context.refusal = null;
    await sink.put(valuesFrom(0, [1, 2]));
    expect(context.bodies).toEqual(['1', '2']);
    expect(await sink.flush(false)).toEqual([{ ...at, offset: 2 }]);
  });

  it('gives an event that is too large to the dead letters, where there are any', async () => {
    const large = valuesFrom(0, ['a', 'x'.repeat(3000)]);
    const { sink } = await task(avroSink, { ...options, ...letters, 'event.max.bytes': '2000' });
    await expect(sink.put(large)).rejects.toMatchObject({ index: 1 });
    const { sink: other } = await task(avroSink, { ...options, 'event.max.bytes': '2000' });
    await other.put(large);
    expect(context.bodies).toHaveLength(2);
  });
});

describe('a kafka sink over a topic', () => {
  it('gives what its topic never takes to the dead letters, and holds up where there are none', async () => {
    const fake = new FakeCluster();
    await fake.start();
    stops.push(() => fake.stop());
    fake.create('out', 1);
    fake.limitBytes = 200;
    const [bootstrap = ''] = fake.connect().options.bootstrap;
    const options = { 'kafka.bootstrap.servers': bootstrap, 'kafka.topic': 'out' };
    const { sink } = await task(kafkaSink, { ...options, ...letters });
    const put = sink.put(valuesFrom(0, ['a', 'x'.repeat(300)]));
    await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
    await expect(put).rejects.toMatchObject({ index: 1 });
    const { sink: other } = await task(kafkaSink, options);
    await expect(other.put(valuesFrom(0, ['x'.repeat(300)]))).rejects.toThrow(RetriableSinkError);
    await sink.put(valuesFrom(0, ['a']));
    expect(fake.topics.get('out')?.[0]?.values()).toEqual(['"a"']);
  });
});

describe('a morphline over a topic', () => {
  it('gives an event at which it fails to the dead letters', async () => {
    const file = join(folder, 'm.conf');
    writeFileSync(file, 'morphlines : [{ id : m, importCommands : ["org.kitesdk.**"], commands : [{ readJson {} }] }]');
    const { sink } = await task(morphlineSink, { morphlineFile: file, morphlineId: 'm', ...letters });
    const put = sink.put(
      batchOf([
        { offset: 0, value: '{"a":1}' },
        { offset: 1, value: '{"a":' },
      ]),
    );
    await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
    await expect(put).rejects.toMatchObject({ index: 1 });
    const { sink: other } = await task(morphlineSink, { morphlineFile: file, morphlineId: 'm' });
    await expect(other.put(batchOf([{ offset: 1, value: '{"a":' }]))).rejects.toThrow(RetriableSinkError);
  });
});
