import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import type { SinkProcessorPlan } from '#pipeline/flume-plan';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { systemRandom, type Random } from '#std/random';

export interface GroupMember {
  readonly name: string;
  readonly sink: ChannelSink;
  readonly context: ComponentContext;
  /** False while its start has not succeeded. */
  readonly isRunning: () => boolean;
}

interface MemberState extends GroupMember {
  /** In a row. */
  failures: number;
  /** Monotonic time before which it is left out. */
  restsUntil: number;
}

/** First pause of a sink that failed, ms; it doubles with each failure in a row. */
const pauseMs = 1000;
const failuresCountedMax = 16;

/**
 * Sinks that stand in for each other: one writes a batch, and where it fails the next one tries, at once. The batch fails when all
 * have. `failover` prefers the highest priority, and tries a failed sink again after 2 s, 4 s …, at most `maxpenalty`; `load_balance`
 * takes turns.
 */
export class SinkGroup {
  readonly batchSize: number;
  private readonly members: readonly MemberState[];
  private turn = 0;

  constructor(
    private readonly processor: SinkProcessorPlan,
    members: readonly GroupMember[],
    private readonly clock: Clock,
    private readonly random: Random = systemRandom,
  ) {
    this.members = members.map((member) => ({ ...member, failures: 0, restsUntil: Number.NEGATIVE_INFINITY }));
    this.batchSize = Math.max(1, ...members.map((member) => member.sink.batchSize));
  }

  async write(batch: EventBatch): Promise<void> {
    let failure: unknown = new Error('No sink of the group can be tried yet.');
    for (const member of this.inOrder()) {
      try {
        await this.writeTo(member, batch);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private async writeTo(member: MemberState, batch: EventBatch): Promise<void> {
    member.context.count('EventDrainAttemptCount', batch.count);
    try {
      await member.sink.write(batch);
    } catch (error) {
      member.context.count('EventWriteFail', 1);
      member.context.reportError(error);
      if (member.failures === 0)
        member.context.logger.warn(`A sink of a group failed, another one takes over: ${messageOf(error)}`);
      member.failures = Math.min(member.failures + 1, failuresCountedMax);
      member.restsUntil = this.clock.monotonic() + this.restMs(member.failures);
      throw error;
    }
    member.context.count('EventDrainSuccessCount', batch.count);
    if (member.failures > 0) member.context.reportError(null);
    member.failures = 0;
  }

  /** Those that may be tried now, the preferred one first. */
  private inOrder(): MemberState[] {
    const now = this.clock.monotonic();
    const ready = this.preferred().filter((member) => member.isRunning());
    const rested = ready.filter((member) => member.restsUntil <= now);
    // Where turns are taken all are tried before the batch is given up, also those that should rest.
    return this.processor.type === 'failover'
      ? rested
      : [...rested, ...ready.filter((member) => member.restsUntil > now)];
  }

  private preferred(): MemberState[] {
    if (this.processor.type === 'failover') {
      const { order } = this.processor;
      return this.members.toSorted((left, right) => order.indexOf(left.name) - order.indexOf(right.name));
    }
    const { length } = this.members;
    const first = this.processor.isRandom ? Math.floor(this.random.next() * length) : this.turn % length;
    this.turn += 1;
    return [...this.members.slice(first), ...this.members.slice(0, first)];
  }

  private restMs(failures: number): number {
    if (this.processor.type === 'failover') return Math.min(this.processor.maxPenaltyMs, pauseMs * 2 ** failures);
    return Math.min(this.processor.backoffMsMax, pauseMs * 2 ** (failures - 1));
  }
}
