import type { RecordQueue } from '#log/record-queue';
import type { BatchStore } from '../stored-events.js';

/** What the queue writes before each of its records: the next position after a record is this plus its length further. */
const frameBytes = 8;

/** A record queue as the store of a channel. */
export function storeOf(queue: RecordQueue): BatchStore {
  return {
    get head() {
      return queue.head;
    },
    get end() {
      return queue.end;
    },
    async append(bytes) {
      const position = await queue.append(bytes);
      return { position, next: position + frameBytes + bytes.length };
    },
    read: (position, bytesMax) => queue.read(position, bytesMax),
    trim: (position) => queue.trim(position),
    close: () => queue.close(),
  };
}
