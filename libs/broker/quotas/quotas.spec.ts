import { ManualClock } from '#log/testing/manual-clock';
import { MemoryCatalog } from '#log/memory-catalog';
import { ClusterState } from '../cluster-state.js';
import { keyOfEntity, quotaKind, type EntityType, type QuotaKey } from './quota-entities.js';
import { Quotas } from './quotas.js';
import { RateWindow } from './rate-window.js';

const size = { samples: 11, sampleMs: 1_000 };

describe('a rate in a window', () => {
  test('counts over at least ten seconds, then over the time that went by', () => {
    const rate = new RateWindow(size);
    rate.record(5_000, 0);
    expect(rate.rate(0)).toBe(500);
    rate.record(5_000, 9_000);
    expect(rate.rate(9_000)).toBe(1_000);
    expect(rate.rate(10_500)).toBeCloseTo(10_000 / 10.5);
  });

  test('forgets what is older than the window', () => {
    const rate = new RateWindow(size);
    rate.record(20_000, 0);
    rate.record(1_000, 9_000);
    expect(rate.rate(11_000)).toBe(100);
    expect(rate.rate(30_000)).toBe(0);
  });

  test.each([
    [9_000, 0],
    [10_000, 0],
    [11_000, 1_000],
    [30_000, 20_000],
  ])('%d bytes at once, of 1,000 a second, wait %d ms', (bytes, waitMs) => {
    const rate = new RateWindow(size);
    rate.record(bytes, 0);
    expect(rate.delayMs(1_000, 0)).toBe(waitMs);
  });

  test('a client that keeps to its wait keeps to its quota', () => {
    const rate = new RateWindow(size);
    let nowMs = 0;
    let sent = 0;
    while (nowMs < 300_000) {
      rate.record(700, nowMs);
      sent += 700;
      nowMs += 50 + rate.delayMs(1_000, nowMs);
    }
    expect(sent / 300).toBeGreaterThan(900);
    expect(sent / 300).toBeLessThan(1_100);
  });
});

describe('quotas', () => {
  let clock: ManualClock;
  let cluster: ClusterState;
  let quotas: Quotas;
  const alice = { user: 'alice', client: 'app' };

  beforeEach(async () => {
    clock = new ManualClock();
    cluster = new ClusterState(new MemoryCatalog());
    await cluster.open();
    quotas = new Quotas(cluster, clock, size);
    quotas.start();
  });

  const limit = (entity: Partial<Record<EntityType, string | null>>, key: QuotaKey, value: number | null) =>
    cluster.put([
      {
        kind: quotaKind,
        key: keyOfEntity(new Map(Object.entries(entity) as [EntityType, string | null][])),
        value: value === null ? null : JSON.stringify({ [key]: value }),
      },
    ]);

  test('measure nothing while there are none', async () => {
    expect(quotas.limits('producer_byte_rate')).toBe(false);
    await limit({ user: 'alice' }, 'producer_byte_rate', 1_000);
    expect(quotas.limits('producer_byte_rate')).toBe(true);
    expect(quotas.limits('consumer_byte_rate')).toBe(false);
    await limit({ user: 'alice' }, 'producer_byte_rate', null);
    expect(quotas.limits('producer_byte_rate')).toBe(false);
  });

  test('of a user are shared by its clients, of a user and a client are not', async () => {
    await limit({ user: 'alice' }, 'producer_byte_rate', 1_000);
    expect(quotas.bytes('producer_byte_rate', alice, 6_000)).toBe(0);
    expect(quotas.bytes('producer_byte_rate', { ...alice, client: 'other' }, 6_000)).toBe(2_000);
    await limit({ user: 'alice', 'client-id': null }, 'producer_byte_rate', 1_000);
    expect(quotas.bytes('producer_byte_rate', alice, 6_000)).toBe(0);
    expect(quotas.bytes('producer_byte_rate', { ...alice, client: 'other' }, 6_000)).toBe(0);
  });

  test('of fetches count only what is sent', async () => {
    await limit({ 'client-id': 'app' }, 'consumer_byte_rate', 1_000);
    expect(quotas.bytesInWindow(alice)).toBe(10_000);
    expect(quotas.bytesInWindow({ ...alice, client: 'other' })).toBe(Number.POSITIVE_INFINITY);
    expect(quotas.bytes('consumer_byte_rate', alice, 15_000)).toBe(5_000);
    quotas.takeBack('consumer_byte_rate', alice, 15_000);
    expect(quotas.bytes('consumer_byte_rate', alice, 10_000)).toBe(0);
  });

  test('of time make nobody wait longer than a second', async () => {
    await limit({ user: null }, 'request_percentage', 1);
    expect(quotas.requestTime(alice, 50)).toBe(0);
    // 110 ms in ten seconds, where 100 are one percent.
    expect(quotas.requestTime(alice, 60)).toBe(1_000);
    expect(quotas.requestTime(alice, 100_000)).toBe(1_000);
  });

  test('of changes let the last token be overdrawn, then refuse or make wait', async () => {
    await limit({ user: 'alice' }, 'controller_mutation_rate', 1);
    expect(quotas.mutations(alice, 14, true)).toEqual({ isRefused: false, waitMs: 0 });
    expect(quotas.mutations(alice, 1, true)).toEqual({ isRefused: true, waitMs: 3_000 });
    expect(quotas.mutations(alice, 1, false)).toEqual({ isRefused: false, waitMs: 4_000 });
    clock.advance(4_000);
    expect(quotas.mutations(alice, 1, true)).toEqual({ isRefused: false, waitMs: 0 });
    clock.advance(3_600_000);
    expect(quotas.mutations(alice, 11, false)).toEqual({ isRefused: false, waitMs: 0 });
    expect(quotas.mutations(alice, 1, false)).toEqual({ isRefused: false, waitMs: 1_000 });
  });

  test('of addresses count connections that are let in', async () => {
    expect(quotas.connectionWaitMs('10.0.0.1')).toBe(0);
    await limit({ ip: null }, 'connection_creation_rate', 1);
    const waits = Array.from({ length: 12 }, () => quotas.connectionWaitMs('10.0.0.1'));
    expect(waits).toEqual([...Array.from({ length: 10 }, () => 0), 1_000, 1_000]);
    expect(quotas.connectionWaitMs('10.0.0.2')).toBe(0);
    clock.advance(11_000);
    expect(quotas.connectionWaitMs('10.0.0.1')).toBe(0);
  });
});
