import type { FlowStage, FlowState, TopologyEdge, TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';
import { cardSize, layoutOf, pathOf } from './flow-layout.js';
import { edgeLook, edgeWord, lagText, totalsOf, type FlowRow, type FlowRows } from './flow-rows.js';
import { columnCardsMax, isSameStructure, structureOf } from './flow-structure.js';

function node(stage: FlowStage, name: string, given: Partial<TopologyNode> = {}): TopologyNode {
  const connector = stage === 'topic' || stage === 'client' ? null : name;
  const numbers = { in_per_second: 10, out_per_second: 10, fill: null, errors: 0 };
  return { kind: 'node', stage, name, type: 'x', connector, state: 'running', reason: null, ...numbers, ...given };
}

function edge(from: string, to: string, given: Partial<TopologyEdge> = {}): [string, TopologyEdge] {
  const numbers = { records_per_second: 10, bytes_per_second: 1_000, lag_records: null, lag_seconds: null };
  const drops = { back_pressure: false, dropped_intended: 0, dropped_lost: 0 };
  return [`edge:${from}→${to}`, { kind: 'edge', from, to, state: 'running', ...numbers, ...drops, ...given }];
}

/** As the demo is drawn. */
function demo(given: { state?: FlowState; lag?: number } = {}): FlowRows {
  const state = given.state ?? 'running';
  return new Map<string, FlowRow>([
    ['node:collector/w/source/web', node('source', 'web', { connector: 'w' })],
    ['node:collector/w/interceptor/web/time', node('interceptor', 'time', { connector: 'w' })],
    ['node:collector/w/interceptor/web/site', node('interceptor', 'site', { connector: 'w', out_per_second: 9 })],
    ['node:collector/w/channel/disk', node('channel', 'disk', { connector: 'w', fill: 0.1 })],
    ['node:collector/w/sink/out', node('sink', 'out', { connector: 'w' })],
    ['node:topic/log', node('topic', 'log')],
    ['node:topic/log.dead', node('topic', 'log.dead', { in_per_second: 1 })],
    ['node:sink/table', node('sink', 'table', { state })],
    ['node:sink/table/store', node('store', 'rows', { connector: 'table', state })],
    ['node:client/g', node('client', 'g', { state: 'stopped' })],
    edge('node:collector/w/source/web', 'node:collector/w/interceptor/web/time'),
    edge('node:collector/w/interceptor/web/time', 'node:collector/w/interceptor/web/site'),
    edge('node:collector/w/interceptor/web/site', 'node:collector/w/channel/disk'),
    edge('node:collector/w/channel/disk', 'node:collector/w/sink/out'),
    edge('node:collector/w/sink/out', 'node:topic/log'),
    edge('node:topic/log', 'node:sink/table', { lag_records: given.lag ?? 60, lag_seconds: 1, state }),
    edge('node:topic/log', 'node:client/g', { lag_records: 9_000, lag_seconds: 900, state: 'stopped' }),
    edge('node:sink/table', 'node:sink/table/store', { state }),
    edge('node:sink/table', 'node:topic/log.dead', { records_per_second: 1 }),
  ]);
}

function many(count: number): FlowRows {
  const rows = new Map<string, FlowRow>([['node:topic/log', node('topic', 'log')]]);
  for (let index = 0; index < count; index += 1) {
    const sink = `node:sink/s${index}`;
    rows.set(sink, node('sink', `s${index}`, { state: index === count - 1 ? 'failed' : 'running' }));
    rows.set(`${sink}/store`, node('store', `place ${index}`, { connector: `s${index}` }));
    rows.set(...edge('node:topic/log', sink));
    rows.set(...edge(sink, `${sink}/store`));
  }
  return rows;
}

const all = { filter: '', whole: new Set<number>() };

test('interceptors in a row are one card, so are a channel and its only sink; dead letters stand at the end', () => {
  const { cards, lines, columns } = structureOf(demo(), all);
  expect(cards.map(({ kind, column, members }) => `${column} ${kind} ${members.length}`).sort()).toEqual([
    '0 node 1',
    '1 chain 2',
    '2 chain 2',
    '4 node 1',
    '5 node 1',
    '5 node 1',
    '6 node 1',
    '6 node 1',
  ]);
  expect(lines).toHaveLength(7);
  expect([...columns.values()]).toEqual([
    'Sources',
    'Interceptors',
    'Channels',
    'Topics',
    'Sinks, clients',
    'Stores, dead letters',
  ]);
});

test('numbers that move leave the structure as it is; a node that comes does not', () => {
  expect(isSameStructure(demo(), demo({ state: 'stopped', lag: 900 }))).toBe(true);
  expect(isSameStructure(demo(), new Map([...demo(), ['node:topic/new', node('topic', 'new')]]))).toBe(false);
  expect(isSameStructure(demo(), demo({ state: 'failed' }))).toBe(false);
});

test('a filter keeps what flows to and from what is called so', () => {
  const { cards, hidden } = structureOf(many(40), { ...all, filter: 'S17' });
  expect(cards.map(({ key }) => key)).toEqual(['node:topic/log', 'node:sink/s17', 'node:sink/s17/store']);
  expect(hidden).toBe(78);
});

test('a long column ends in a card for the rest, what has failed stays in view', () => {
  const { cards } = structureOf(many(1_000), all);
  const sinks = cards.filter(({ column }) => column === 5);
  expect(sinks).toHaveLength(columnCardsMax);
  expect(sinks[0]?.key).toBe('node:sink/s999');
  expect(sinks.at(-1)).toMatchObject({ kind: 'rest', members: { length: 1_000 - columnCardsMax + 1 } });
  const whole = structureOf(many(1_000), { ...all, whole: new Set([5]) });
  expect(whole.cards.filter(({ column }) => column === 5)).toHaveLength(1_000);
});

test.each([false, true])('cards do not overlap, and edges lead from card to card (down: %s)', (isDown) => {
  const structure = structureOf(many(9), all);
  const layout = layoutOf(structure, isDown);
  const corners = [...layout.cards.values()];
  for (const [index, one] of corners.entries()) {
    for (const other of corners.slice(index + 1)) {
      const isApart =
        Math.abs(one.x - other.x) >= cardSize.width - 0.01 || Math.abs(one.y - other.y) >= cardSize.height - 0.01;
      expect(isApart).toBe(true);
    }
    expect(one.x + cardSize.width).toBeLessThanOrEqual(layout.width + 0.01);
    expect(one.y + cardSize.height).toBeLessThanOrEqual(layout.height + 0.01);
  }
  for (const { key, from, to } of structure.lines) {
    const points = layout.lines.get(key) ?? [];
    const [start, end] = [layout.cards.get(from), layout.cards.get(to)];
    const [side, middle] = isDown
      ? [cardSize.height, { x: cardSize.width / 2, y: 0 }]
      : [cardSize.width, { x: 0, y: cardSize.height / 2 }];
    expect(points[0]?.[isDown ? 'y' : 'x']).toBeCloseTo((start?.[isDown ? 'y' : 'x'] ?? 0) + side);
    expect(points.at(-1)?.x).toBeCloseTo((end?.x ?? 0) + middle.x);
    expect(points.at(-1)?.y).toBeCloseTo((end?.y ?? 0) + middle.y);
  }
});

test('a thousand cards have their places within a moment', () => {
  const rows = many(1_000);
  const from = performance.now();
  layoutOf(structureOf(rows, { filter: '', whole: new Set([5, 6]) }), false);
  expect(performance.now() - from).toBeLessThan(2_000);
});

test('a path bends along the flow', () => {
  expect(
    pathOf(
      [
        { x: 0, y: 0 },
        { x: 10, y: 20 },
      ],
      false,
    ),
  ).toBe('M0 0C5 0 5 20 10 20');
  expect(
    pathOf(
      [
        { x: 0, y: 0 },
        { x: 10, y: 20 },
      ],
      true,
    ),
  ).toBe('M0 0C0 10 10 10 10 20');
});

test('what an edge looks like and says', () => {
  const [, running] = edge('a', 'b');
  const looks = [
    [running, false],
    [{ ...running, records_per_second: 0 }, false],
    [{ ...running, back_pressure: true }, false],
    [{ ...running, state: 'waiting' as const }, false],
    [{ ...running, state: 'paused' as const, back_pressure: true }, false],
    [{ ...running, state: 'failed' as const }, false],
    [running, true],
  ] as const;
  expect(looks.map(([row, isDropping]) => edgeWord(row, edgeLook(row, isDropping)))).toEqual([
    'flowing',
    'quiet',
    'back-pressure',
    'waiting',
    'paused',
    'failed',
    'dropping',
  ]);
  expect([lagText(null, null), lagText(0, 0), lagText(62, 0.5), lagText(23_697, 1_510)]).toEqual([
    null,
    'lag 0',
    'lag 62 · 500 ms',
    'lag 23.7K · 25 min',
  ]);
});

test('totals leave out dead letters and groups that nobody uses', () => {
  expect(totalsOf(demo({ state: 'stopped', lag: 500 }))).toEqual({
    in: 10,
    out: 10,
    connectors: 2,
    notRunning: ['table'],
    largestLag: { who: 'table', records: 500, seconds: 1 },
  });
});
