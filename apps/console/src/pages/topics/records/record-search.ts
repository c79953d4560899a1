/** A search that runs: what it has found and how far it is. Rows come in when the server says that it can go on behind them. */
import { ApiError, requestLines } from '../../../api/request.js';
import { previewLength, recordsPath, type RecordRow, type SearchLine } from './record-api.js';
import { filterOf, orderOf, serverQuery, type RecordQuery } from './record-query.js';

export interface SearchState {
  readonly rows: readonly RecordRow[];
  readonly status: 'running' | 'stopped' | 'more' | 'done' | 'failed';
  readonly scanned: number;
  readonly of: number | null;
  readonly found: number;
  readonly error: unknown;
  /** Of all runs together. */
  readonly seconds: number;
  /** Whether there were so many that no more are kept. */
  readonly isFull: boolean;
}

/** Rows of one run: without a filter more come when the end of the list is seen. */
const rowsPlain = 500;
const rowsFound = 1_000;
const rowsMax = 200_000;
const tellMs = 200;

const first: SearchState = {
  rows: [],
  status: 'running',
  scanned: 0,
  of: null,
  found: 0,
  error: null,
  seconds: 0,
  isFull: false,
};

export class RecordSearch {
  private current: SearchState = first;
  private readonly listeners = new Set<() => void>();
  private leaving: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** Where the next run goes on, and what was scanned until there. */
  private next: string | null = null;
  private base = 0;

  constructor(
    private readonly topic: string,
    private readonly query: RecordQuery,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly state = (): SearchState => this.current;

  /** Begins, or goes on where it was. */
  readonly run = (): void => {
    if (this.leaving !== null) return;
    const leaving = new AbortController();
    this.leaving = leaving;
    this.set({ status: 'running', error: null });
    void this.read(leaving.signal).then(() => {
      if (this.leaving === leaving) this.leaving = null;
    });
  };

  /** What was found stays. */
  readonly stop = (): void => {
    if (this.leaving === null) return;
    this.leaving.abort();
    this.leaving = null;
    this.set({ status: 'stopped', scanned: this.base });
  };

  private async read(signal: AbortSignal): Promise<void> {
    const isFiltered = filterOf(this.query) !== '';
    const before = { found: this.current.found, seconds: this.current.seconds };
    const base = this.base;
    const startedAt = performance.now();
    const query = {
      ...serverQuery(this.query),
      preview: previewLength,
      limit: isFiltered ? rowsFound : rowsPlain,
      page_token: this.next,
    };
    let waiting: RecordRow[] = [];
    try {
      for await (const line of requestLines<SearchLine>('GET', recordsPath(this.topic), { query, signal })) {
        if (signal.aborted) return;
        if ('error' in line) throw new ApiError(line.error.detail, 500, line.error.code, true);
        if (!('scanned' in line)) {
          waiting.push(line);
          continue;
        }
        const { scanned, found, of, next } = line;
        const seconds = before.seconds + (performance.now() - startedAt) / 1_000;
        const progress = { scanned: base + scanned, of: base + of, found: before.found + found, seconds };
        if (next === undefined) {
          this.setSoon(progress);
          continue;
        }
        this.next = next;
        this.base = base + scanned;
        const rows = this.withRows(waiting);
        waiting = [];
        const isFull = rows.length >= rowsMax;
        const status = next === null ? 'done' : line.done === true || isFull ? 'more' : 'running';
        if (status === 'running') {
          this.setSoon({ ...progress, rows });
          continue;
        }
        this.leaving?.abort();
        this.leaving = null;
        this.set({ ...progress, rows, status, isFull });
        return;
      }
      // A stream that ends without its last line was cut off.
      if (this.current.status === 'running' && !signal.aborted) this.set({ status: 'stopped', scanned: this.base });
    } catch (error) {
      if (!signal.aborted) this.set({ status: 'failed', error, scanned: this.base });
    }
  }

  private withRows(more: readonly RecordRow[]): readonly RecordRow[] {
    const { rows } = this.current;
    if (more.length === 0) return rows;
    const sign = orderOf(this.query) === 'newest' ? -1 : 1;
    const [last, next] = [rows.at(-1), more[0]];
    // Windows follow each other; only where partitions are uneven in time must they be put together.
    if (last === undefined || next === undefined || sign * compare(last, next) <= 0) return [...rows, ...more];
    return [...rows, ...more].sort((left, right) => sign * compare(left, right));
  }

  private set(change: Partial<SearchState>): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener();
  }

  /** Told some times a second. */
  private setSoon(change: Partial<SearchState>): void {
    this.current = { ...this.current, ...change };
    this.timer ??= setTimeout(() => this.set({}), tellMs);
  }
}

function compare(left: RecordRow, right: RecordRow): number {
  const [leftTime, rightTime] = [left.timestamp ?? '', right.timestamp ?? ''];
  if (leftTime !== rightTime) return leftTime < rightTime ? -1 : 1;
  return left.partition - right.partition || left.offset - right.offset;
}
