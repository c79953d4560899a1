import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { seededRandom } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import type { TopicDirector } from './engine.js';
import { LocalEngine } from './local-engine.js';
import { LocalTopics } from './local-topics.js';
import { MemoryCatalog } from './memory-catalog.js';
import { batchOf } from './testing/engine-fixture.js';

/** Two engines on one machine; even partitions are led by the first, odd ones by the second. */
describe('engines that share the partitions', () => {
  const random = seededRandom(7);
  let engines: LocalEngine[];
  let director: TopicDirector;

  beforeEach(async () => {
    const catalog = new MemoryCatalog();
    engines = [0, 1].map(
      (nodeIndex) =>
        new LocalEngine({
          directory: '/data',
          disk: new SimulatedDisk({ random }),
          clock: systemClock,
          random,
          logger: silentLogger,
          catalog,
          onFatal: () => undefined,
          share: {
            nodeIndex,
            offsetsElsewhere: () => null,
            director: {
              create: (spec) => director.create(spec),
              delete: (name) => director.delete(name),
              addPartitions: (name, total) => director.addPartitions(name, total),
              alterConfigs: (name, configs) => director.alterConfigs(name, configs),
            },
          },
        }),
    );
    const tell = (kind: 'added' | 'changed' | 'removed') => (topic: Parameters<LocalEngine['follow']>[0]['topic']) =>
      Promise.all(engines.map((engine) => engine.follow({ kind, topic }))).then(() => undefined);
    const topics = new LocalTopics(
      catalog,
      random,
      {
        added: (topic) => void tell('added')(topic),
        changed: (topic) => void tell('changed')(topic),
        removed: tell('removed'),
      },
      (_, count) => Array.from({ length: count }, (__, index) => index % 2),
    );
    await topics.open();
    director = topics;
    for (const engine of engines) await engine.open();
  });
  afterEach(async () => {
    for (const engine of engines) await engine.close();
  });

  test('each takes what it leads, and says of the rest that another one does', async () => {
    const { id: topicId } = await engines[1]!.topics.create({ name: 'orders', partitions: 2, configs: {} });
    for (const [index, engine] of engines.entries()) {
      const entries = [0, 1, 2].map((partition) => ({ topicId, partition, batch: batchOf(['a']) }));
      const errors = (await engine.append(entries, { acks: -1 })).map((result) => result.error);
      const own = index === 0 ? ['none', 'not_leader'] : ['not_leader', 'none'];
      expect(errors).toEqual([...own, 'unknown_partition']);
      const queries = [0, 1, 2].map((partition) => ({ topicId, partition, timestamp: -1 }));
      expect((await engine.listOffsets(queries)).map((answer) => answer.error)).toEqual(errors);
      expect(engine.describePartitions().map(({ partition }) => partition)).toEqual([index]);
    }
  });

  test('what one asks for is in force on all when it is answered', async () => {
    const [first, second] = engines as [LocalEngine, LocalEngine];
    await second.topics.create({ name: 'orders', partitions: 1, configs: {} });
    await first.topics.addPartitions('orders', 4);
    await second.topics.alterConfigs('orders', { 'retention.ms': '1' });
    for (const engine of engines) {
      expect(engine.topics.byName('orders')).toMatchObject({
        partitions: 4,
        configs: { 'retention.ms': '1' },
        leaders: [0, 0, 1, 0],
      });
    }
    await first.topics.delete('orders');
    for (const engine of engines) expect(engine.topics.list()).toEqual([]);
    await expect(second.topics.delete('orders')).rejects.toMatchObject({ code: 'log.topic.unknown' });
  });

  test('no producer id is given out by both', async () => {
    const ids = await Promise.all(engines.map((engine) => engine.allocateProducer()));
    expect(new Set(ids.map(({ producerId }) => producerId)).size).toBe(2);
    for (const { producerId } of ids) expect(Number.isSafeInteger(producerId)).toBe(true);
  });
});
