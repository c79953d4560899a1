/** What comes from now on: a bounded list, newest first, that can be held. */
import { send } from '../../../api/request.js';
import { previewLength, recordsPath, type RecordRow } from './record-api.js';
import { serverQuery, type RecordQuery } from './record-query.js';

export interface TailState {
  readonly rows: readonly RecordRow[];
  readonly status: 'connecting' | 'live' | 'away';
  /** Came while the list was held; the newest of them are shown when it goes on. */
  readonly held: number;
  readonly scanned: number;
  readonly found: number;
  readonly error: unknown;
}

const rowsMax = 2_000;
/** Of each partition, shown at once for company. */
const newest = 20;
const retryMs = 2_000;
const tellMs = 200;

interface TailEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string;
}

export class RecordTail {
  private current: TailState = { rows: [], status: 'connecting', held: 0, scanned: 0, found: 0, error: null };
  private readonly listeners = new Set<() => void>();
  private leaving = new AbortController();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private waiting: RecordRow[] = [];
  private isHeld = false;
  private place = '';

  constructor(
    private readonly topic: string,
    private readonly query: RecordQuery,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly state = (): TailState => this.current;

  start(): void {
    this.leaving = new AbortController();
    void this.follow(this.leaving.signal);
  }

  stop(): void {
    this.leaving.abort();
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  hold(isHeld: boolean): void {
    if (this.isHeld === isHeld) return;
    this.isHeld = isHeld;
    this.tellSoon();
  }

  /** Connects again where it was, until it is stopped. */
  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.read(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.set({ status: 'away', error });
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    const from = this.place === '' ? { newest } : { page_token: this.place };
    const query = { ...serverQuery(this.query), preview: previewLength, ...from };
    const response = await send('GET', recordsPath(this.topic), { query, signal }, 'text/event-stream');
    this.set({ status: 'live', error: null });
    for await (const event of eventsOf(response)) {
      if (event.id !== '') this.place = event.id;
      if (event.name === 'record') this.waiting.push(JSON.parse(event.data) as RecordRow);
      if (event.name === 'progress') {
        const { scanned, found } = JSON.parse(event.data) as { scanned: number; found: number };
        this.current = { ...this.current, scanned, found };
      }
      if (event.name === 'error') throw new Error((JSON.parse(event.data) as { detail: string }).detail);
      if (this.waiting.length > 2 * rowsMax) this.waiting.splice(0, this.waiting.length - rowsMax);
      this.tellSoon();
    }
  }

  private tellSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.isHeld) {
        this.set({ held: this.waiting.length });
        return;
      }
      const rows = [...this.waiting, ...this.current.rows].sort(newestFirst).slice(0, rowsMax);
      this.waiting = [];
      this.set({ rows, held: 0 });
    }, tellMs);
  }

  private set(change: Partial<TailState>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener();
  }
}

function newestFirst(left: RecordRow, right: RecordRow): number {
  const [leftTime, rightTime] = [left.timestamp ?? '', right.timestamp ?? ''];
  if (leftTime !== rightTime) return leftTime < rightTime ? 1 : -1;
  return right.partition - left.partition || right.offset - left.offset;
}

async function* eventsOf(response: Response): AsyncGenerator<TailEvent, void, undefined> {
  if (response.body === null) return;
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) yield eventOf(block);
  }
}

function eventOf(block: string): TailEvent {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, Math.max(0, colon)), line.slice(colon + 2)] as const;
    }),
  );
  return { id: fields.get('id') ?? '', name: fields.get('event') ?? '', data: fields.get('data') ?? '' };
}
