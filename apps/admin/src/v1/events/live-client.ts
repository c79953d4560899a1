/**
 * One reader of the stream. Of each table it keeps only which keys have changed; their values are those of the moment in which the socket
 * can take more. However slow the reader is, what waits for it is one set of keys a table and one piece of text.
 */
import type { Writable } from 'node:stream';
import type { LiveTable } from './live-rows.js';
import type { FeedListener, LiveFeed, LiveRow } from './live-feed.js';

export type MayRead = (table: LiveTable, key: string, row: object) => boolean;

/** Characters of rows in one event, about; a table that has more comes in several, the first of which says `full`. */
const frameCharactersMax = 64_000;

class WatchedTable implements FeedListener {
  readonly dirty = new Set<string>();
  /** Keys that the reader knows of. */
  private readonly sent = new Set<string>();
  readonly gone = new Set<string>();
  /** Nothing was sent yet, or all that was is void. */
  isFull = true;
  isKnown = false;

  constructor(
    readonly table: LiveTable,
    readonly feed: LiveFeed,
    private readonly wake: () => void,
  ) {}

  changed(keys: readonly string[], gone: readonly string[]): void {
    this.isKnown = true;
    for (const key of keys) {
      this.dirty.add(key);
      this.gone.delete(key);
    }
    for (const key of gone) {
      this.dirty.delete(key);
      this.gone.add(key);
    }
    this.wake();
  }

  get hasNews(): boolean {
    return this.isKnown && (this.isFull || this.dirty.size > 0 || this.gone.size > 0);
  }

  again(): void {
    this.isFull = true;
    this.sent.clear();
    this.gone.clear();
    for (const key of this.feed.keys) this.dirty.add(key);
  }

  /** The next event; empty where nothing that this reader may see has changed. */
  frame(mayRead: MayRead): string {
    const rows: string[] = [];
    const gone = [...this.gone].filter((key) => this.sent.delete(key));
    this.gone.clear();
    let characters = 0;
    for (const key of this.dirty) {
      if (characters > frameCharactersMax) break;
      this.dirty.delete(key);
      const found: LiveRow | undefined = this.feed.row(key);
      if (found === undefined || !mayRead(this.table, key, found.row)) continue;
      const text = `${JSON.stringify(key)}:${found.text}`;
      characters += text.length;
      rows.push(text);
      this.sent.add(key);
    }
    const { isFull } = this;
    if (!isFull && rows.length === 0 && gone.length === 0) return '';
    this.isFull = false;
    const words = `"table":"${this.table}","full":${isFull},"gone":${JSON.stringify(gone)},"at":${this.feed.at}`;
    return `data: {${words},"rows":{${rows.join(',')}}}\n\n`;
  }
}

export class LiveClient {
  private readonly tables: WatchedTable[] = [];
  private readonly ends: (() => void)[] = [];
  private isBlocked = false;
  private isPlanned = false;
  private isEnded = false;

  constructor(
    private readonly socket: Writable,
    private mayRead: MayRead,
  ) {
    socket.on('drain', () => {
      this.isBlocked = false;
      this.plan();
    });
  }

  watch(table: LiveTable, feed: LiveFeed): void {
    const watched = new WatchedTable(table, feed, () => this.plan());
    this.tables.push(watched);
    this.ends.push(feed.listen(watched));
  }

  /** Other rights than before: everything is sent anew. */
  setRights(mayRead: MayRead): void {
    this.mayRead = mayRead;
    for (const table of this.tables) table.again();
    this.plan();
  }

  /** A comment, so that whoever stands between does not take the stream for dead. */
  beat(): void {
    if (!this.isBlocked) this.write(':\n\n');
  }

  end(): void {
    this.isEnded = true;
    for (const end of this.ends) end();
  }

  /** Tables that change in one turn of the loop are written together. */
  private plan(): void {
    if (this.isPlanned || this.isBlocked || this.isEnded) return;
    this.isPlanned = true;
    setImmediate(() => {
      this.isPlanned = false;
      this.flush();
    });
  }

  private flush(): void {
    for (const table of this.tables) {
      while (table.hasNews) {
        if (this.isBlocked || this.isEnded) return;
        const text = table.frame(this.mayRead);
        if (text !== '') this.write(text);
      }
    }
  }

  private write(text: string): void {
    if (!this.socket.write(text)) this.isBlocked = true;
  }
}
