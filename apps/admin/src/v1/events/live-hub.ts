import type { LiveTable } from './live-rows.js';
import { LiveFeed, type FeedParts, type Look } from './live-feed.js';

/** By table; `narrowed` are the groups of `group-partitions`. */
export type LiveLook = (narrowed: readonly string[]) => Look;

/** One feed a table, shared by all who listen. */
export class LiveHub {
  private readonly feeds = new Map<string, LiveFeed>();

  constructor(
    private readonly looks: Readonly<Record<LiveTable, LiveLook>>,
    private readonly parts: FeedParts,
  ) {}

  feed(table: LiveTable, narrowed: readonly string[] = []): LiveFeed {
    for (const [key, feed] of this.feeds) if (feed.isIdle) this.feeds.delete(key);
    const key = [table, ...narrowed].join('\n');
    const feed = this.feeds.get(key) ?? new LiveFeed(table, this.looks[table](narrowed), this.parts);
    this.feeds.set(key, feed);
    return feed;
  }

  /** Tables that somebody listens to. */
  get busy(): readonly string[] {
    return [...this.feeds].flatMap(([key, feed]) => (feed.isIdle ? [] : [key]));
  }
}
