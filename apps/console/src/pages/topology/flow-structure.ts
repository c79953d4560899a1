/**
 * Which cards and edges the picture has: one card a node, but a chain of interceptors is one card, as is a channel with its only sink, and of
 * a long column there are only the first ones and a card for the rest. Depends on names and places alone, so that moving numbers change nothing here.
 */
import type { FlowStage } from '../../../../admin/src/v1/events/live-rows.js';
import { edgeOf, nodeOf, stageNames, stages, type FlowRows } from './flow-rows.js';

export interface FlowCard {
  /** Of its node; of several: of the first, with a prefix. */
  readonly key: string;
  readonly kind: 'node' | 'chain' | 'rest';
  readonly stage: FlowStage;
  readonly column: number;
  /** Keys of rows. */
  readonly members: readonly string[];
}

export interface FlowLine {
  readonly key: string;
  /** Keys of cards. */
  readonly from: string;
  readonly to: string;
  readonly members: readonly string[];
}

export interface FlowStructure {
  readonly cards: readonly FlowCard[];
  readonly lines: readonly FlowLine[];
  /** Title of each column that has cards. */
  readonly columns: ReadonlyMap<number, string>;
  /** Nodes that the filter leaves out. */
  readonly hidden: number;
}

export interface StructureOptions {
  /** Part of a name, in any case; what flows to it and from it stays. */
  readonly filter: string;
  /** Columns that are shown whole. */
  readonly whole: ReadonlySet<number>;
}

/** Cards of a column before the rest becomes one. */
export const columnCardsMax = 12;

const columns = { source: 0, interceptor: 1, channel: 2, collectorSink: 3, topic: 4, sink: 5, store: 6 } as const;
const columnOfStage: Readonly<Record<FlowStage, number>> = {
  source: columns.source,
  interceptor: columns.interceptor,
  channel: columns.channel,
  topic: columns.topic,
  sink: columns.sink,
  store: columns.store,
  client: columns.sink,
};

/** Readers of topics stand in it, and edges to it say their lag. */
export const sinkColumn = columns.sink;

/** Whether two sets of rows make the same picture. */
export function isSameStructure(left: FlowRows, right: FlowRows): boolean {
  if (left.size !== right.size) return false;
  for (const [key, row] of right) {
    const before = left.get(key);
    if (before === row) continue;
    if (before?.kind === 'node' && row.kind === 'node') {
      const isSame = before.stage === row.stage && before.name === row.name && before.connector === row.connector;
      // What has failed comes first in long columns.
      if (!isSame || (before.state === 'failed') !== (row.state === 'failed')) return false;
    } else if (before?.kind === 'edge' && row.kind === 'edge') {
      if (before.from !== row.from || before.to !== row.to) return false;
    } else return false;
  }
  return true;
}

export function structureOf(rows: FlowRows, { filter, whole }: StructureOptions): FlowStructure {
  const links = linksOf(rows);
  const nodes = [...rows].filter(([, row]) => row.kind === 'node').map(([key]) => key);
  const shown = filter === '' ? new Set(nodes) : found(rows, links, filter.toLowerCase());
  const chains = chainsOf(rows, links, shown);
  const inChain = new Set(chains.flatMap(({ members }) => members.slice(1)));
  const chainOf = new Map(chains.map((chain) => [chain.members[0], chain]));
  const cards = nodes
    .filter((key) => shown.has(key) && !inChain.has(key))
    .flatMap((key) => chainOf.get(key) ?? cardOf(rows, links, key));
  const kept = withRests(rows, cards, links, whole);
  const cardOfNode = new Map(kept.flatMap((card) => card.members.map((member) => [member, card.key])));
  return {
    cards: kept,
    lines: linesOf(rows, cardOfNode),
    columns: titlesOf(kept),
    hidden: nodes.length - shown.size,
  };
}

interface Links {
  readonly after: ReadonlyMap<string, readonly string[]>;
  readonly before: ReadonlyMap<string, readonly string[]>;
}

function linksOf(rows: FlowRows): Links {
  const after = new Map<string, string[]>();
  const before = new Map<string, string[]>();
  for (const row of rows.values()) {
    if (row.kind !== 'edge' || nodeOf(rows, row.from) === undefined || nodeOf(rows, row.to) === undefined) continue;
    listed(after, row.from).push(row.to);
    listed(before, row.to).push(row.from);
  }
  return { after, before };
}

function listed(lists: Map<string, string[]>, key: string): string[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** What bears the words, and everything upstream and downstream of it. */
function found(rows: FlowRows, links: Links, words: string): Set<string> {
  const named = [...rows].flatMap(([key, row]) => {
    if (row.kind !== 'node') return [];
    return `${row.name} ${row.connector ?? ''} ${row.type}`.toLowerCase().includes(words) ? [key] : [];
  });
  return new Set([...reached(named, links.after), ...reached(named, links.before)]);
}

function reached(from: readonly string[], next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set(from);
  for (const key of seen) for (const other of next.get(key) ?? []) seen.add(other);
  return seen;
}

function cardOf(rows: FlowRows, links: Links, key: string): FlowCard[] {
  const node = nodeOf(rows, key);
  if (node === undefined) return [];
  const { stage } = node;
  const column = columnOf(rows, links, { key, stage });
  return [{ key, kind: 'node', stage, column, members: [key] }];
}

function columnOf(rows: FlowRows, links: Links, { key, stage }: { key: string; stage: FlowStage }): number {
  const stagesOf = (keys: readonly string[] | undefined) => (keys ?? []).map((other) => nodeOf(rows, other)?.stage);
  const after = stagesOf(links.after.get(key));
  const before = stagesOf(links.before.get(key));
  // A writer stands beside sources, a collector's sink in front of the topics that it writes to.
  if (stage === 'client' && after.length > 0) return columns.source;
  if (stage === 'sink' && before.includes('channel') && after.includes('topic')) return columns.collectorSink;
  // Topics that only sinks of topics write to hold their dead letters.
  const isEnd = (links.before.get(key) ?? []).every((from) => stagesOf(links.before.get(from)).includes('topic'));
  return stage === 'topic' && before.length > 0 && isEnd ? columns.store : columnOfStage[stage];
}

/** What stands in one line without branches. */
function chainsOf(rows: FlowRows, links: Links, shown: ReadonlySet<string>): FlowCard[] {
  const stageOf = (key: string): FlowStage | null => (shown.has(key) ? (nodeOf(rows, key)?.stage ?? null) : null);
  const mayFollow = (key: string, next: string): boolean => {
    const stage = stageOf(key);
    if (stage === 'interceptor') return stageOf(next) === 'interceptor';
    return stage === 'channel' && stageOf(next) === 'sink';
  };
  const only = (keys: readonly string[] | undefined): string | null => (keys?.length === 1 ? (keys[0] ?? null) : null);
  const nextOf = (key: string): string | null => {
    const next = only(links.after.get(key));
    return next !== null && mayFollow(key, next) && only(links.before.get(next)) === key ? next : null;
  };
  const heads = [...rows.keys()].filter((key) => {
    const before = only(links.before.get(key));
    return nextOf(key) !== null && (before === null || nextOf(before) !== key);
  });
  return heads.flatMap((head) => {
    const members = [head];
    for (let next = nextOf(head); next !== null && !members.includes(next); next = nextOf(next)) members.push(next);
    const stage = stageOf(head) ?? 'interceptor';
    return [{ key: `chain:${head}`, kind: 'chain' as const, stage, column: columnOfStage[stage], members }];
  });
}

/** Long columns end in a card for all that has no room; what has failed, and what the cards before it lead to, comes first. */
function withRests(
  rows: FlowRows,
  cards: readonly FlowCard[],
  links: Links,
  whole: ReadonlySet<number>,
): readonly FlowCard[] {
  const kept: FlowCard[] = [];
  const keptNodes = new Set<string>();
  for (const column of [...new Set(cards.map((card) => card.column))].sort((left, right) => left - right)) {
    const own = cards.filter((card) => card.column === column);
    const places = new Map(own.map((card) => [card, placeOf(rows, card, { links, keptNodes })]));
    const sorted = own.toSorted((left, right) => {
      const byPlace = (places.get(left) ?? 0) - (places.get(right) ?? 0);
      return byPlace || words.compare(nameOf(rows, left), nameOf(rows, right));
    });
    const isCut = own.length > columnCardsMax && !whole.has(column);
    const single = isCut ? sorted.slice(0, columnCardsMax - 1) : sorted;
    kept.push(...single);
    for (const { members } of single) for (const member of members) keptNodes.add(member);
    if (!isCut) continue;
    const rest = sorted.slice(columnCardsMax - 1);
    const [first] = rest;
    if (first === undefined) continue;
    const members = rest.flatMap((card) => card.members);
    kept.push({ key: `rest:${column}`, kind: 'rest', stage: first.stage, column, members });
  }
  return kept;
}

const words = new Intl.Collator('en', { numeric: true });

function nameOf(rows: FlowRows, { members }: FlowCard): string {
  return nodeOf(rows, members[0] ?? '')?.name ?? '';
}

function placeOf(
  rows: FlowRows,
  card: FlowCard,
  { links, keptNodes }: { links: Links; keptNodes: ReadonlySet<string> },
): number {
  if (card.members.some((member) => nodeOf(rows, member)?.state === 'failed')) return 0;
  const hasKept = card.members.some((member) => (links.before.get(member) ?? []).some((from) => keptNodes.has(from)));
  return hasKept ? 1 : 2;
}

function linesOf(rows: FlowRows, cardOfNode: ReadonlyMap<string, string>): FlowLine[] {
  const lines = new Map<string, { key: string; from: string; to: string; members: string[] }>();
  for (const key of rows.keys()) {
    const edge = edgeOf(rows, key);
    const from = cardOfNode.get(edge?.from ?? '');
    const to = cardOfNode.get(edge?.to ?? '');
    if (from === undefined || to === undefined || from === to) continue;
    const line = lines.get(`${from}\n${to}`);
    if (line === undefined) lines.set(`${from}\n${to}`, { key, from, to, members: [key] });
    else line.members.push(key);
  }
  return [...lines.values()];
}

function titlesOf(cards: readonly FlowCard[]): Map<number, string> {
  const titles = new Map<number, Set<string>>();
  for (const { column, stage } of cards) {
    const isEnd = stage === 'topic' && column !== columns.topic;
    const title = isEnd ? deadLetters : stageNames[stage].many;
    titles.set(column, (titles.get(column) ?? new Set()).add(title));
  }
  return new Map([...titles].map(([column, own]) => [column, titlesTogether(own)]));
}

const deadLetters = 'Dead letters';
const titleOrder = [...stages.map((stage) => stageNames[stage].many), deadLetters];

function titlesTogether(titles: ReadonlySet<string>): string {
  const [first = '', ...others] = titleOrder.filter((title) => titles.has(title));
  return [first, ...others.map((other) => other.toLowerCase())].join(', ');
}
