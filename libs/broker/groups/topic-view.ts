import type { Clock } from '#std/clock';
import type { Topic } from '#log/engine';

/** What groups know of the topics there are. */
export interface TopicSource {
  byName(name: string): Topic | null;
  byId(id: string): Topic | null;
  list(): Topic[];
}

/** How long a change of the topics may stay unseen, in ms. */
const checkMs = 500;

/** The topics with a number that changes when they do, so that a heartbeat costs nothing while they stay as they are. */
export class TopicView {
  private seen: readonly Topic[] = [];
  private checkedAtMs = -Infinity;
  private changes = 0;

  constructor(
    readonly source: TopicSource,
    private readonly clock: Clock,
  ) {}

  /** Never the same again after a topic came, went or grew. */
  get version(): number {
    const nowMs = this.clock.monotonic();
    if (nowMs - this.checkedAtMs >= checkMs) {
      this.checkedAtMs = nowMs;
      const topics = this.source.list();
      if (topics.length !== this.seen.length || topics.some((topic, index) => isOther(topic, this.seen[index]))) {
        this.changes += 1;
      }
      this.seen = topics;
    }
    return this.changes;
  }
}

function isOther(topic: Topic, before: Topic | undefined): boolean {
  return before === undefined || topic.id !== before.id || topic.partitions !== before.partitions;
}
