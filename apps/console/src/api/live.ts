/**
 * The one stream of events of this tab. Views say which tables they watch; nobody watching closes it, so that the server does not look
 * either. Frames are put together for at most one redraw a frame of the screen.
 */
import type { LiveFrame, LiveTable, LiveTables } from '../../../admin/src/v1/events/live-rows.js';
import { merged, remember, sparkPoints } from './live-frames.js';
import { loginNeeded, request, ApiError } from './request.js';

export type Rows<T extends LiveTable> = ReadonlyMap<string, LiveTables[T]>;
export type LiveState = 'idle' | 'connecting' | 'live' | 'away';

/** Numbers whose last minute is drawn in lists. */
const sparkFields = {
  topology: [],
  topics: ['in_per_second', 'lag_records'],
  groups: ['lag_records', 'out_per_second'],
  'group-partitions': ['lag_records'],
  sinks: ['records_per_second', 'lag_records'],
  collectors: ['records_per_second'],
  jobs: ['rate'],
  'dead-letters': ['in_per_second'],
  workers: [],
} as const satisfies { readonly [T in LiveTable]: readonly (keyof LiveTables[T])[] };
export type SparkField<T extends LiveTable> = (typeof sparkFields)[T][number];

const framesKeptMax = 60;
const reopenMs = 30;
const retryMs = 2_000;

interface Watched {
  watchers: number;
  rows: ReadonlyMap<string, unknown>;
  /** Moments of the last frames, for those who draw against time. */
  at: number;
  /** False until the first frame. */
  isKnown: boolean;
  /** By key and field, the newest last. */
  readonly sparks: Map<string, number[]>;
}

class LiveStream {
  private readonly tables = new Map<string, Watched>();
  private readonly listeners = new Set<() => void>();
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private url = '';
  private isPaused = false;
  private waiting: LiveFrame[] = [];
  private isFramePlanned = false;
  state: LiveState = 'idle';

  /** `narrowed` are further words of the query, such as `group=a`. Gives back what ends it. */
  watch(table: LiveTable, narrowed = ''): () => void {
    const key = keyOf(table, narrowed);
    const watched = this.tables.get(key) ?? {
      watchers: 0,
      rows: new Map(),
      at: 0,
      isKnown: false,
      sparks: new Map(),
    };
    watched.watchers += 1;
    this.tables.set(key, watched);
    this.reopenSoon();
    return () => {
      watched.watchers -= 1;
      if (watched.watchers === 0) this.tables.delete(key);
      this.reopenSoon();
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  rows(table: LiveTable, narrowed = ''): ReadonlyMap<string, unknown> {
    return this.tables.get(keyOf(table, narrowed))?.rows ?? none;
  }

  isKnown(table: LiveTable, narrowed = ''): boolean {
    return this.tables.get(keyOf(table, narrowed))?.isKnown ?? false;
  }

  /** When the newest frame was made; 0: there is none. */
  at(table: LiveTable): number {
    return this.tables.get(keyOf(table, ''))?.at ?? 0;
  }

  /** Oldest first, NaN before the first one. */
  spark(table: LiveTable, key: string, field: string): readonly number[] {
    const points = this.tables.get(keyOf(table, ''))?.sparks.get(`${key}\n${field}`) ?? [];
    return [...Array.from({ length: sparkPoints - points.length }, () => Number.NaN), ...points];
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /** While paused, frames are put together and not shown. */
  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
    if (!isPaused) this.planFrame();
    this.tell();
  }

  /** After a login, or when the network says that it is back. */
  reconnect(): void {
    this.url = '';
    this.reopenSoon();
  }

  private reopenSoon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.reopen(), reopenMs);
  }

  private reopen(): void {
    this.timer = null;
    const url = this.urlWanted();
    if (url === this.url && this.source !== null) return;
    this.source?.close();
    this.source = null;
    this.url = url;
    this.setState(url === '' ? 'idle' : this.state === 'away' ? 'away' : 'connecting');
    if (url === '') return;
    const source = new EventSource(url);
    this.source = source;
    source.addEventListener('open', () => this.setState('live'));
    source.addEventListener('message', (event: MessageEvent<string>) => this.take(JSON.parse(event.data) as LiveFrame));
    source.addEventListener('error', () => {
      if (this.source !== source) return;
      source.close();
      this.source = null;
      this.setState('away');
      this.timer = setTimeout(() => void this.knock(), retryMs);
    });
  }

  /** An EventSource does not say why it failed: a question does. */
  private async knock(): Promise<void> {
    try {
      await request('GET', '/api/v1/me');
      this.reconnect();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) window.dispatchEvent(new Event(loginNeeded));
      this.timer = setTimeout(() => void this.knock(), retryMs);
    }
  }

  private urlWanted(): string {
    if (this.tables.size === 0) return '';
    const words = new Set([...this.tables.keys()].sort().flatMap((key) => key.split('&')));
    return `/api/v1/events?${[...words].join('&')}`;
  }

  private take(frame: LiveFrame): void {
    this.waiting.push(frame);
    // A tab in the background, or a long pause: what is newest stands for all before it.
    if (this.waiting.length > framesKeptMax) this.waiting = merged(this.waiting);
    this.planFrame();
  }

  private planFrame(): void {
    if (this.isFramePlanned || this.isPaused || this.waiting.length === 0) return;
    this.isFramePlanned = true;
    requestAnimationFrame(() => {
      this.isFramePlanned = false;
      if (this.isPaused) return;
      for (const frame of merged(this.waiting)) this.apply(frame);
      this.waiting = [];
      this.tell();
    });
  }

  private apply(frame: LiveFrame): void {
    for (const [key, watched] of this.tables) {
      if (!key.startsWith(`watch=${frame.table}`)) continue;
      const rows = new Map<string, unknown>(frame.full ? [] : watched.rows);
      for (const [name, row] of Object.entries(frame.rows)) rows.set(name, row);
      for (const name of frame.gone) rows.delete(name);
      watched.rows = rows;
      watched.at = frame.at;
      watched.isKnown = true;
      remember(watched, sparkFields[frame.table]);
    }
  }

  private setState(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

const none: ReadonlyMap<string, unknown> = new Map();
export const live = new LiveStream();

function keyOf(table: LiveTable, narrowed: string): string {
  return narrowed === '' ? `watch=${table}` : `watch=${table}&${narrowed}`;
}
