import { Writable } from 'node:stream';

import { silentLogger } from '#std/log';
import type { Grant } from '../../access/grants.js';
import { LiveClient, type MayRead } from './live-client.js';
import { LiveHub } from './live-hub.js';
import { mayWatch, rowsOf } from './live-rights.js';
import type { LiveFrame, LiveTable } from './live-rows.js';
import { liveTableNames } from './live-tables.js';
import { Rates, rounded } from './rates.js';
import { TimedClock } from './timed-clock.testkit.js';

const all: MayRead = () => true;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A socket that takes what it is given at once, or only when it is told to. */
class Socket extends Writable {
  readonly frames: LiveFrame[] = [];
  bytes = 0;
  isSlow = false;
  private go: (() => void) | null = null;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.bytes += chunk.length;
    const text = chunk.toString('utf8');
    if (text.startsWith('data: ')) this.frames.push(JSON.parse(text.slice(6)) as LiveFrame);
    if (this.isSlow) this.go = done;
    else done();
  }

  /** Takes what waits. */
  drain(): void {
    this.isSlow = false;
    this.go?.();
  }

  /** What a reader has after all frames. */
  get rows(): Record<string, unknown> {
    let rows: Record<string, unknown> = {};
    for (const frame of this.frames) {
      rows = { ...(frame.full ? {} : rows), ...frame.rows };
      for (const key of frame.gone) Reflect.deleteProperty(rows, key);
    }
    return rows;
  }
}

describe('the stream of live data', () => {
  let clock: TimedClock;
  let looks: number;
  let look: () => Promise<Map<string, object>>;
  let hub: LiveHub;
  beforeEach(() => {
    clock = new TimedClock();
    looks = 0;
    look = async () => new Map([['a', { n: 1 }]]);
    const counted = () => () => {
      looks += 1;
      return look();
    };
    const tables = Object.fromEntries(liveTableNames.map((name) => [name, counted])) as Record<
      LiveTable,
      typeof counted
    >;
    hub = new LiveHub(tables, { clock, logger: silentLogger, cpuMs: () => clock.monotonic() });
  });
  const watch = (socket: Socket, mayRead = all, table: LiveTable = 'topics'): LiveClient => {
    const client = new LiveClient(socket, mayRead);
    client.watch(table, hub.feed(table));
    return client;
  };
  const tick = async (ms = 1000): Promise<void> => {
    clock.advance(ms);
    await turn();
  };

  it('looks once a second for all readers together, and never without one', async () => {
    await tick(10_000);
    expect(looks).toBe(0);
    const clients = [watch(new Socket()), watch(new Socket())];
    await turn();
    expect([looks, hub.busy]).toEqual([1, ['topics']]);
    await tick();
    await tick();
    expect(looks).toBe(3);
    for (const client of clients) client.end();
    for (let second = 0; second < 10; second += 1) await tick();
    expect([looks, hub.busy]).toEqual([3, []]);
  });

  it('sends everything at first, then what has changed, then what is gone', async () => {
    const socket = new Socket();
    watch(socket);
    await turn();
    look = async () =>
      new Map<string, object>([
        ['a', { n: 1 }],
        ['b', { n: 2 }],
      ]);
    await tick();
    await tick();
    look = async () => new Map<string, object>([['b', { n: 3 }]]);
    await tick();
    expect(socket.frames.map(({ full, rows, gone }) => ({ full, rows, gone }))).toEqual([
      { full: true, rows: { a: { n: 1 } }, gone: [] },
      { full: false, rows: { b: { n: 2 } }, gone: [] },
      { full: false, rows: { b: { n: 3 } }, gone: ['a'] },
    ]);
  });

  it('says of an empty table that it is empty', async () => {
    look = async () => new Map();
    const socket = new Socket();
    watch(socket);
    await turn();
    expect(socket.frames).toMatchObject([{ table: 'topics', full: true, rows: {} }]);
  });

  it('gives a slow reader the newest values only, and keeps little for it', async () => {
    const name = 'x'.repeat(500);
    let round = 0;
    look = async () => new Map(Array.from({ length: 1000 }, (_, index) => [`row ${index}`, { name, round }]));
    const socket = new Socket();
    socket.isSlow = true;
    watch(socket);
    await turn();
    for (round = 1; round <= 30; round += 1) await tick();
    round = 30;
    expect(socket.frames).toHaveLength(1);
    expect(socket.writableLength).toBeLessThan(256 * 1024);
    socket.drain();
    for (let wait = 0; wait < 50; wait += 1) await turn();
    expect(Object.keys(socket.rows)).toHaveLength(1000);
    expect(new Set(Object.values(socket.rows).map((row) => JSON.stringify(row))).size).toBe(1);
    // The whole table less than three times, not thirty times.
    expect(socket.bytes).toBeLessThan(3 * 1000 * 600);
  });

  it('goes on after a look that failed, and rests after one that took long', async () => {
    const socket = new Socket();
    watch(socket);
    await turn();
    look = async () => Promise.reject(new Error('away'));
    await tick();
    look = async () => {
      clock.advance(500);
      return new Map([['a', { n: looks }]]);
    };
    await tick(2000);
    expect(socket.rows).toEqual({ a: { n: 3 } });
    await tick(1500);
    expect(looks).toBe(3);
    await tick(500);
    expect(looks).toBe(4);
  });

  it('shows a role that is limited to names only rows of such names, also when they go', async () => {
    const grants: Grant[] = [{ level: 'read', areas: ['topics'], namePrefix: 'team-' }];
    look = async () =>
      new Map([
        ['team-a', {}],
        ['other', {}],
      ]);
    const socket = new Socket();
    const client = watch(socket, rowsOf(grants));
    await turn();
    expect(socket.rows).toEqual({ 'team-a': {} });
    look = async () => new Map();
    await tick();
    expect(socket.frames.at(-1)?.gone).toEqual(['team-a']);
    look = async () =>
      new Map([
        ['team-a', {}],
        ['other', {}],
      ]);
    await tick();
    client.setRights(rowsOf([{ level: 'read', areas: [], namePrefix: '' }]));
    await turn();
    expect(socket.rows).toEqual({ 'team-a': {}, other: {} });
    client.setRights(rowsOf([]));
    await turn();
    expect(socket.rows).toEqual({});
  });
});

describe('rights of live tables', () => {
  const limited: Grant[] = [{ level: 'operate', areas: ['sinks'], namePrefix: 'team-' }];
  const viewer: Grant[] = [{ level: 'read', areas: [], namePrefix: '' }];

  it.each([
    ['topics', false],
    ['sinks', true],
    ['dead-letters', true],
    ['topology', true],
    ['collectors', false],
    ['jobs', false],
    ['workers', false],
    ['groups', false],
  ] as const)('%s are for a role over sinks team-*: %s', (table, may) => {
    expect(mayWatch(limited, table)).toBe(may);
    expect(mayWatch(viewer, table)).toBe(true);
    expect(mayWatch([], table)).toBe(false);
  });

  it('show an edge to who sees both ends', () => {
    const edge = { from: 'node:topic/team-orders', to: 'node:sink/team-lake' };
    expect(rowsOf(limited)('topology', 'edge:x', edge)).toBe(false);
    const both = rowsOf([...limited, { level: 'read', areas: ['topics'], namePrefix: 'team-' }]);
    expect(both('topology', 'edge:x', edge)).toBe(true);
    expect(both('topology', 'node:sink/team-lake/store', {})).toBe(true);
    expect(both('topology', 'node:sink/lake', {})).toBe(false);
    expect(both('topology', 'node:client/team-x', {})).toBe(false);
  });
});

describe('rates', () => {
  it('are over the last seconds, and begin anew with their counter', () => {
    const rates = new Rates();
    expect(rates.of('a', 0, 0)).toBeNull();
    expect(rates.of('a', 0, 10)).toBeNull();
    expect(rates.of('a', 100, 1000)).toBe(100);
    for (let second = 2; second <= 20; second += 1) rates.of('a', 100, second * 1000);
    expect(rates.of('a', 100, 21_000)).toBe(0);
    expect(rates.of('a', 5, 22_000)).toBeNull();
    expect(rates.of('a', 6, 60_000)).toBeNull();
  });

  it.each([
    [0.04, 0],
    [12.34, 12.3],
    [123.4, 123],
    [12_345, 12_300],
    [999_999, 1_000_000],
  ])('of %d are shown as %d', (value, shown) => {
    expect(rounded(value)).toBe(shown);
  });
});
