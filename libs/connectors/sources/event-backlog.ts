import { EventBatch } from '#pipeline/event-batch';

/** Events that wait to be delivered, in order. The owner bounds it: it stops reading while `bytes` is too much. */
export class EventBacklog {
  private readonly parts: EventBatch[] = [];
  private events = 0;
  private bodyBytes = 0;

  get count(): number {
    return this.events;
  }

  /** Of bodies. */
  get bytes(): number {
    return this.bodyBytes;
  }

  push(batch: EventBatch): void {
    if (batch.count === 0) return;
    this.parts.push(batch);
    this.events += batch.count;
    this.bodyBytes += batch.bodyBytes;
  }

  /** The first events, at most `eventsMax`; null when there is none. */
  take(eventsMax: number): EventBatch | null {
    const taken: EventBatch[] = [];
    let wanted = eventsMax;
    for (let first = this.parts[0]; first !== undefined && wanted > 0; first = this.parts[0]) {
      if (first.count <= wanted) {
        this.parts.shift();
        taken.push(first);
        wanted -= first.count;
      } else {
        this.parts[0] = first.slice(wanted, first.count);
        taken.push(first.slice(0, wanted));
        wanted = 0;
      }
    }
    if (taken.length === 0) return null;
    const batch = EventBatch.join(taken);
    this.events -= batch.count;
    this.bodyBytes -= batch.bodyBytes;
    return batch;
  }
}
