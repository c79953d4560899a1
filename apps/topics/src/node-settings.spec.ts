import { availableParallelism } from 'node:os';
import { nodeConfig, nodeCountOf, nodeDirectory } from './node-settings.js';
import { addMetrics } from './topics-metrics-sum.js';
import type { TopicsMetrics } from './topics-service.js';

describe('settings of one node of several', () => {
  const third = { index: 2, count: 3 };

  test('ids and ports follow those of the first, data lie below it, a budget is parted', () => {
    const config = {
      'node.id': '10',
      'num.partitions': '4',
      listeners: 'PLAINTEXT://127.0.0.1:9092, TLS://[::1]:9192',
      'advertised.listeners': 'PLAINTEXT://topics.example:9092,TLS://topics.example:9192',
      'log.dirs': '/disk1,/disk2',
      'log.disk.budget.bytes': '3000',
    };
    expect(nodeConfig(config, third)).toEqual({
      'node.id': '12',
      'node.count': '3',
      'num.partitions': '4',
      listeners: 'PLAINTEXT://127.0.0.1:9094,TLS://[::1]:9194',
      'advertised.listeners': 'PLAINTEXT://topics.example:9094,TLS://topics.example:9194',
      'log.dirs': '/disk1/nodes/2,/disk2/nodes/2',
      'log.disk.budget.bytes': '1000',
    });
    expect(nodeDirectory('/data', 2)).toBe('/data/nodes/2');
  });

  test('the first node keeps the place of the only one', () => {
    expect(nodeConfig({ 'log.dirs': '/disk1' }, { index: 0, count: 3 })).toMatchObject({
      'node.id': '1',
      'log.dirs': '/disk1',
    });
    expect(nodeDirectory('/data', 0)).toBe('/data');
  });

  test('the older name of node.id counts, references are followed, and port 0 is refused', () => {
    process.env['NODE_SETTINGS_SPEC'] = 'PLAINTEXT://127.0.0.1:9500';
    const config = { 'broker.id': '5', listeners: '${env:NODE_SETTINGS_SPEC}' };
    const moved = nodeConfig(config, third);
    expect(moved).toEqual({ 'node.id': '7', 'node.count': '3', listeners: 'PLAINTEXT://127.0.0.1:9502' });
    delete process.env['NODE_SETTINGS_SPEC'];
    expect(() => nodeConfig({ listeners: 'PLAINTEXT://127.0.0.1:0' }, third)).toThrow(
      expect.objectContaining({ code: 'topics.nodes.ports_unknown' }),
    );
  });

  test('one node is the default; 0 looks at the cores, and never takes fewer than have data', () => {
    expect(nodeCountOf({}, 1)).toBe(1);
    expect(nodeCountOf({ 'node.count': '4' }, 1)).toBe(4);
    expect(nodeCountOf({ 'node.count': '0' }, 1)).toBe(Math.max(1, availableParallelism() - 1));
    expect(nodeCountOf({ 'node.count': '0' }, 60)).toBeGreaterThanOrEqual(60);
  });
});

test('what nodes count is added up, and the first that is not well tells the health', () => {
  const one = (more: Partial<TopicsMetrics>): TopicsMetrics => ({ ...addMetrics([]), ...more });
  const ill = { ok: false, reason: 'disk' };
  const sum = addMetrics([
    one({ connections: 2, requests: { Fetch: 1, Produce: 2 }, bytesIn: 5 }),
    one({ connections: 3, requests: { Fetch: 4 }, bytesIn: 7, health: ill }),
  ]);
  expect(sum).toMatchObject({ connections: 5, requests: { Fetch: 5, Produce: 2 }, bytesIn: 12, health: ill });
  expect(addMetrics([]).health).toEqual({ ok: true, reason: null });
});
