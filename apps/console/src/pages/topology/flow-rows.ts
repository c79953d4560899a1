/** Rows of the live table `topology` as people read them. */
import type { FlowStage, FlowState, TopologyEdge, TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';
import type { Tone } from '../../ui/basics.js';
import { formatCount, formatRate, formatSeconds, formatShort } from '../../ui/format.js';

export type FlowRow = TopologyNode | TopologyEdge;
export type FlowRows = ReadonlyMap<string, FlowRow>;

/** From left to right. */
export const stages: readonly FlowStage[] = ['source', 'interceptor', 'channel', 'topic', 'sink', 'store', 'client'];

export const stageNames: Readonly<Record<FlowStage, { readonly one: string; readonly many: string }>> = {
  source: { one: 'source', many: 'Sources' },
  interceptor: { one: 'interceptor', many: 'Interceptors' },
  channel: { one: 'channel', many: 'Channels' },
  topic: { one: 'topic', many: 'Topics' },
  sink: { one: 'sink', many: 'Sinks' },
  store: { one: 'store', many: 'Stores' },
  client: { one: 'client', many: 'Clients' },
};

export const stateTones: Readonly<Record<FlowState, Tone>> = {
  running: 'good',
  paused: 'idle',
  stopped: 'idle',
  waiting: 'warn',
  failed: 'bad',
};

/** The first is what most needs a look. */
const byUrgency: readonly FlowState[] = ['failed', 'waiting', 'stopped', 'paused', 'running'];

export function worstState(states: readonly FlowState[]): FlowState {
  return byUrgency.find((state) => states.includes(state)) ?? 'running';
}

export function nodeOf(rows: FlowRows, key: string): TopologyNode | undefined {
  const row = rows.get(key);
  return row?.kind === 'node' ? row : undefined;
}

export function edgeOf(rows: FlowRows, key: string): TopologyEdge | undefined {
  const row = rows.get(key);
  return row?.kind === 'edge' ? row : undefined;
}

export type EdgeLook = 'flowing' | 'quiet' | 'pressure' | 'dropping' | 'failed' | 'stopped';

/** How an edge is drawn, and its word. */
export function edgeLook(edge: TopologyEdge, isDropping: boolean): EdgeLook {
  if (isDropping) return 'dropping';
  if (edge.state === 'failed') return 'failed';
  if (edge.state === 'stopped' || edge.state === 'paused') return 'stopped';
  if (edge.back_pressure || edge.state === 'waiting') return 'pressure';
  return (edge.records_per_second ?? 0) > 0 ? 'flowing' : 'quiet';
}

export const edgeTones: Readonly<Record<EdgeLook, Tone>> = {
  flowing: 'good',
  quiet: 'idle',
  pressure: 'warn',
  dropping: 'bad',
  failed: 'bad',
  stopped: 'idle',
};

export function edgeWord(edge: TopologyEdge, look: EdgeLook): string {
  if (look === 'pressure') return edge.back_pressure ? 'back-pressure' : 'waiting';
  return look === 'stopped' ? edge.state : look;
}

/** `lag 62 · 1 s`; null where nobody can be behind. */
export function lagText(records: number | null, seconds: number | null): string | null {
  if (records === null) return null;
  return `lag ${records < 10_000 ? formatCount(records) : formatShort(records)}${seconds === null || records === 0 ? '' : ` · ${formatSeconds(roughly(seconds))}`}`;
}

/** In its largest unit. */
function roughly(seconds: number): number {
  const unit = [86_400, 3_600, 60].find((one) => seconds >= one) ?? 0;
  return unit === 0 ? seconds : Math.round(seconds / unit) * unit;
}

/** Taken for the size of a record where bytes are not counted. */
const recordBytes = 200;

/** Pixels, by the logarithm of bytes a second. */
export function edgeWidth({ bytes_per_second: bytes, records_per_second: records }: TopologyEdge): number {
  return Math.min(9, 1.5 + Math.log10(1 + (bytes ?? (records ?? 0) * recordBytes) / 500) * 1.7);
}

/** A place without the variables before it, which all places share. */
export function shortName(name: string): string {
  return name.replace(/^(?:\$\{[^}]*\})+(?=.)/, '').replace(/ in \$\{[^}]*\}$/, '');
}

/** Several rows as one: rates and errors together, the worst state, the fullest buffer. */
export function nodesTogether(rows: readonly TopologyNode[], isChain: boolean): TopologyNode | undefined {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined || rows.length === 1) return first;
  const worst = rows.find(({ state }) => state === worstState(rows.map((row) => row.state)));
  return {
    ...first,
    state: worst?.state ?? first.state,
    reason: worst?.reason ?? null,
    // What a chain takes in is what its first link takes in.
    in_per_second: isChain ? first.in_per_second : sumOf(rows.map((row) => row.in_per_second)),
    out_per_second: isChain
      ? (last.out_per_second ?? last.in_per_second)
      : sumOf(rows.map((row) => row.out_per_second)),
    fill: maxOf(rows.map((row) => row.fill)),
    errors: rows.reduce((sum, row) => sum + row.errors, 0),
  };
}

export function edgesTogether(rows: readonly TopologyEdge[]): TopologyEdge | undefined {
  const [first] = rows;
  if (first === undefined || rows.length === 1) return first;
  return {
    ...first,
    state: worstState(rows.map(({ state }) => state)),
    records_per_second: sumOf(rows.map((row) => row.records_per_second)),
    bytes_per_second: sumOf(rows.map((row) => row.bytes_per_second)),
    lag_records: maxOf(rows.map((row) => row.lag_records)),
    lag_seconds: maxOf(rows.map((row) => row.lag_seconds)),
    back_pressure: rows.some((row) => row.back_pressure),
    dropped_intended: rows.reduce((sum, row) => sum + row.dropped_intended, 0),
    dropped_lost: rows.reduce((sum, row) => sum + row.dropped_lost, 0),
  };
}

export interface FlowTotals {
  /** Into topics, without what sinks put there (dead letters). */
  readonly in: number | null;
  /** Into stores. */
  readonly out: number | null;
  /** Collectors and sinks. */
  readonly connectors: number;
  readonly notRunning: readonly string[];
  readonly largestLag: { readonly who: string; readonly records: number; readonly seconds: number | null } | null;
}

export function totalsOf(rows: FlowRows): FlowTotals {
  const states = new Map<string, FlowState[]>();
  const inward: (number | null)[] = [];
  const outward: (number | null)[] = [];
  const deadLetters = new Set<string>();
  let largestLag: FlowTotals['largestLag'] = null;
  for (const row of rows.values()) {
    if (row.kind === 'node') {
      if (row.connector !== null) states.set(row.connector, [...(states.get(row.connector) ?? []), row.state]);
      if (row.stage === 'store') outward.push(row.in_per_second);
      continue;
    }
    if (row.from.startsWith('node:sink/')) deadLetters.add(row.to);
    const reader = nodeOf(rows, row.to);
    // A group that nobody uses any more falls behind for ever.
    if (reader === undefined || (reader.stage === 'client' && reader.state !== 'running')) continue;
    if (row.lag_records !== null && row.lag_records > (largestLag?.records ?? -1)) {
      largestLag = { who: reader.name, records: row.lag_records, seconds: row.lag_seconds };
    }
  }
  for (const [key, row] of rows) {
    if (row.kind === 'node' && row.stage === 'topic' && !deadLetters.has(key)) inward.push(row.in_per_second);
  }
  const notRunning = [...states].filter(([, all]) => worstState(all) !== 'running').map(([name]) => name);
  return { in: sumOf(inward), out: sumOf(outward), connectors: states.size, notRunning, largestLag };
}

/** Null where none is known. */
function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function maxOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** One sentence, for those who hear it. */
export function totalsSentence({ in: inward, out, notRunning, largestLag }: FlowTotals): string {
  const still = notRunning.length === 0 ? 'all connectors run' : `not running: ${notRunning.slice(0, 5).join(', ')}`;
  const lag =
    largestLag === null || largestLag.records === 0
      ? 'nobody is behind'
      : `${largestLag.who} is ${formatCount(largestLag.records)} records behind`;
  return `${formatRate(inward)} in, ${formatRate(out)} out; ${still}; ${lag}.`;
}
