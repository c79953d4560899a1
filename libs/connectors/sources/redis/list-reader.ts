import type { Redis } from 'ioredis';
import type { RedisEntry, RedisReader, RedisSettings, RedisToken } from './redis-broker.js';

/** How long one look waits for an element, s. */
const blockSeconds = 0.5;

/** Elements from the left of lists, moved to a list of this consumer's own until the channels have them. */
export class ListReader implements RedisReader {
  private recoveredList = 0;
  /** Elements at the head of the list that is being recovered which were given and not acknowledged: the next come after them. */
  private givenCount = 0;
  private turn = 0;

  constructor(
    private readonly client: Redis,
    private readonly blocking: Redis,
    private readonly settings: RedisSettings,
  ) {}

  /** What is in the lists of this consumer from before the start. */
  async recover(count: number): Promise<readonly RedisEntry[]> {
    for (;;) {
      const list = this.settings.lists[this.recoveredList];
      if (list === undefined) return [];
      // Acknowledgements go over the same connection: what was asked to be removed is removed before this looks.
      const from = this.givenCount;
      const elements = await this.client.lrangeBuffer(this.ownOf(list), from, from + count - 1);
      this.givenCount += elements.length;
      if (elements.length > 0) return elements.map((element) => entryOf(list, element));
      this.recoveredList += 1;
      this.givenCount = 0;
    }
  }

  async read(count: number): Promise<readonly RedisEntry[]> {
    const entries: RedisEntry[] = [];
    for (const list of this.settings.lists) {
      entries.push(...(await this.readNow(list, count - entries.length)));
      if (entries.length >= count) return entries;
    }
    if (entries.length > 0) return entries;
    // Only one list can be waited for; the others have their turn.
    const list = this.settings.lists[this.turn % this.settings.lists.length] ?? '';
    this.turn += 1;
    const element = await this.blocking.blmoveBuffer(list, this.ownOf(list), 'LEFT', 'RIGHT', blockSeconds);
    return element === null ? [] : [entryOf(list, element)];
  }

  async acknowledge(tokens: readonly RedisToken[]): Promise<void> {
    const pipeline = this.client.pipeline();
    let count = 0;
    for (const { key, id } of tokens) {
      if (typeof id === 'string') continue;
      if (key === this.settings.lists[this.recoveredList]) this.givenCount -= 1;
      pipeline.lrem(this.ownOf(key), 1, id);
      count += 1;
    }
    if (count === 0) return;
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }

  private async readNow(list: string, count: number): Promise<readonly RedisEntry[]> {
    const pipeline = this.client.pipeline();
    for (let asked = 0; asked < count; asked += 1) pipeline.lmoveBuffer(list, this.ownOf(list), 'LEFT', 'RIGHT');
    const entries: RedisEntry[] = [];
    for (const [error, element] of (await pipeline.exec()) ?? []) {
      if (error !== null) throw error;
      if (Buffer.isBuffer(element)) entries.push(entryOf(list, element));
    }
    return entries;
  }

  private ownOf(list: string): string {
    return `${list}:${this.settings.group}:${this.settings.consumer}`;
  }
}

function entryOf(list: string, element: Buffer): RedisEntry {
  return { body: element, headers: { 'redis.key': list }, token: { key: list, id: element } };
}
