import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Source } from '#pipeline/collector';
import { ChannelError, pipelineErrors, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Sink, SinkType } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { avroSource } from '../../sources/avro/avro-source.js';
import { portOf } from '../../sources/socket.testkit.js';
import { createSource, TestContext } from '../../sources/source-context.testkit.js';
import { thriftSource } from '../../sources/thrift/thrift-source.js';
import { batchOf, valuesFrom } from '../postgres/batch.testkit.js';
import { flumeAvroSink, flumeThriftSink } from './sink-types.js';

type Options = Readonly<Record<string, string>>;

const kinds = [
  { type: flumeAvroSink, sourceType: avroSource },
  { type: flumeThriftSink, sourceType: thriftSource },
];

describe.each(kinds)('$type.name sink', ({ type, sourceType }) => {
  let folder: string;
  let context: TestContext;
  const sources: Source[] = [];
  const sinks: Sink[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-flume-'));
    context = new TestContext();
  });
  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.stop();
    for (const source of sources.splice(0)) await source.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function receiver(into = context): Promise<number> {
    const source = createSource(sourceType, { bind: '127.0.0.1', port: '0' });
    await source.start(into);
    sources.push(source);
    return portOf(source);
  }

  async function started(options: Options, of: SinkType = type): Promise<Sink> {
    const sink = of.create(options);
    sinks.push(sink);
    const parts = { clock: systemClock, logger: silentLogger, ownerEpoch: 1, stateDirectory: folder };
    await sink.start({ name: 'old', task: 0, ...parts });
    return sink;
  }

  const at = (port: number): Options => ({ hostname: '127.0.0.1', port: String(port) });

  it('makes events of records as the Kafka source of Flume does', async () => {
    const sink = await started({ ...at(await receiver()), 'batch-size': '2' });
    const records = batchOf([
      { offset: 7, key: 'k', value: 'a' },
      { offset: 8, value: 'b' },
      { offset: 9, value: null },
    ]);
    const own: SinkBatch = {
      ...records,
      headers: (index) => (index === 1 ? [{ key: 'timestamp', value: Buffer.from('5') }] : []),
    };
    await sink.put(own);
    const place = { topic: 'orders', partition: '0' };
    const timestamp = '1700000000000';
    expect(context.events).toEqual([
      { body: 'a', headers: { ...place, offset: '7', timestamp, key: 'k' } },
      { body: 'b', headers: { ...place, offset: '8', timestamp: '5' } },
      { body: '', headers: { ...place, offset: '9', timestamp } },
    ]);
    expect(await sink.flush(false)).toEqual([{ topic: 'orders', partition: 0, offset: 10 }]);
  });

  it('tries again what an agent does not take', async () => {
    const sink = await started(at(await receiver()));
    context.refusal = new ChannelError(pipelineErrors.channelFull, 'full');
    await expect(sink.put(valuesFrom(0, [1]))).rejects.toThrow(RetriableSinkError);
    expect(await sink.flush(false)).toEqual([]);
    context.refusal = null;
    await sink.put(valuesFrom(0, [1]));
    expect(context.bodies).toEqual(['1']);
  });

  it('refuses an event that is too large by its place', async () => {
    const sink = await started({ ...at(await receiver()), 'event.max.bytes': '2000' });
    const put = sink.put(valuesFrom(0, ['a', 'x'.repeat(3000)]));
    await expect(put).rejects.toBeInstanceOf(PoisonRecordError);
    await expect(put).rejects.toMatchObject({ index: 1 });
    expect(context.bodies).toEqual([]);
  });

  it('goes to the next agent where one is away, and lets several take turns', async () => {
    const second = new TestContext();
    const hosts = `h1 h2`;
    const addresses = {
      'hosts.h1': `127.0.0.1:${await receiver()}`,
      'hosts.h2': `127.0.0.1:${await receiver(second)}`,
    };
    const sink = await started({ hosts, ...addresses });
    await sink.put(valuesFrom(0, [1]));
    await sources[0]?.stop();
    await sink.put(valuesFrom(1, [2]));
    expect([context.bodies, second.bodies]).toEqual([['1'], ['2']]);
    const third = new TestContext();
    const turns = await started({
      hosts: `127.0.0.1:${await receiver(third)},${addresses['hosts.h2']}`,
      'client.type': 'default_loadbalance',
    });
    for (let offset = 2; offset < 6; offset += 1) await turns.put(valuesFrom(offset, [offset + 1]));
    expect([third.bodies, second.bodies]).toEqual([
      ['3', '5'],
      ['2', '4', '6'],
    ]);
  });

  it('finds out whether agents speak its protocol', async () => {
    const port = await receiver();
    expect(await type.verify?.(at(port))).toEqual([]);
    expect(context.bodies).toEqual([]);
    await sources.splice(0)[0]?.stop();
    expect(await type.verify?.(at(port))).toMatchObject([{ name: 'hostname', value: `127.0.0.1:${port}` }]);
  });

  it('says what its options lack', () => {
    expect(type.check?.({}).map(({ name }) => name)).toEqual(['hostname']);
    expect(type.check?.({ hosts: 'h1', 'hosts.h1': 'here' }).map(({ message }) => message)).toEqual([
      '"here" is no host:port; set hosts.h1 to the address',
    ]);
    expect(type.guarantee({})).toBe('at-least-once');
  });
});
