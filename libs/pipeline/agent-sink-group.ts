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
  isFailing: boolean;
  /** In a row, as the processor counts them. */
  failures: number;
  /** Monotonic time of the last failure. */
  failedAt: number;
  /** Monotonic time up to which it is left out. */
  restsUntil: number;
}

/** Tells whose turn it is, and is told how that went. */
interface Processor {
  /** Members to try for one batch, the first one first. */
  order(): readonly MemberState[];
  onFailure(member: MemberState): void;
  onSuccess(member: MemberState): void;
}

/** The pause after n failures is 2ⁿ times this, ms: the first one is 2 s. */
const pauseMs = 1000;
const failuresCountedMax = 16;

/**
 * Sinks that stand in for each other: one writes a batch, and where it fails the next one tries, at once. The batch fails when all
 * have. A sink that has not started is passed over, without a penalty.
 */
export class SinkGroup {
  readonly batchSize: number;
  private readonly processor: Processor;

  constructor(plan: SinkProcessorPlan, members: readonly GroupMember[], clock: Clock, random: Random = systemRandom) {
    const states = members.map((member) => ({
      ...member,
      isFailing: false,
      failures: 0,
      failedAt: Number.NEGATIVE_INFINITY,
      restsUntil: Number.NEGATIVE_INFINITY,
    }));
    this.processor =
      plan.type === 'failover'
        ? new FailoverProcessor(plan, states, clock)
        : new LoadBalancingProcessor(plan, states, clock, random);
    this.batchSize = Math.max(1, ...members.map((member) => member.sink.batchSize));
  }

  async write(batch: EventBatch): Promise<void> {
    let failure: unknown = new Error('No sink of the group can be tried yet.');
    for (const member of this.processor.order()) {
      if (!member.isRunning()) continue;
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
    const { context } = member;
    context.count('EventDrainAttemptCount', batch.count);
    try {
      await member.sink.write(batch);
    } catch (error) {
      context.count('EventWriteFail', 1);
      context.reportError(error);
      if (!member.isFailing)
        context.logger.warn(`A sink of a group failed, another one takes over: ${messageOf(error)}`);
      member.isFailing = true;
      this.processor.onFailure(member);
      throw error;
    }
    context.count('EventDrainSuccessCount', batch.count);
    if (member.isFailing) context.reportError(null);
    member.isFailing = false;
    this.processor.onSuccess(member);
  }
}

/**
 * The sink with the highest priority has the work. One that fails is penalised: left out for 2 s, 4 s … up to `maxpenalty`. When
 * its time has come it is tried before all others, whatever its priority, those that have waited longest first; if it works it
 * takes its place again.
 */
class FailoverProcessor implements Processor {
  /** By falling priority. */
  private readonly members: readonly MemberState[];

  constructor(
    private readonly plan: SinkProcessorPlan & { readonly type: 'failover' },
    members: readonly MemberState[],
    private readonly clock: Clock,
  ) {
    this.members = members.toSorted((left, right) => plan.order.indexOf(left.name) - plan.order.indexOf(right.name));
  }

  order(): readonly MemberState[] {
    const now = this.clock.monotonic();
    const due = this.members
      .filter((member) => member.failures > 0 && member.restsUntil < now)
      .toSorted((left, right) => left.restsUntil - right.restsUntil);
    return [...due, ...this.members.filter((member) => member.failures === 0)];
  }

  onFailure(member: MemberState): void {
    member.failures = Math.min(member.failures + 1, failuresCountedMax);
    member.restsUntil = this.clock.monotonic() + Math.min(this.plan.maxPenaltyMs, pauseMs * 2 ** member.failures);
  }

  onSuccess(member: MemberState): void {
    member.failures = 0;
  }
}

/** A failure within the last pause and this counts as one more in a row, ms. */
const inARowMs = 3_600_000;

/**
 * Sinks take turns, or are drawn by lot. With backoff one that fails is left out for 2 s, 4 s … up to `maxTimeOut`; the count starts
 * again only when it has been well for an hour, as Flume has it, so that a sink that fails off and on is left alone for longer.
 */
class LoadBalancingProcessor implements Processor {
  private turn = 0;

  constructor(
    private readonly plan: SinkProcessorPlan & { readonly type: 'load_balance' },
    private readonly members: readonly MemberState[],
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  order(): readonly MemberState[] {
    const now = this.clock.monotonic();
    const ready = this.members.filter((member) => member.isRunning() && member.restsUntil < now);
    if (this.plan.isRandom) return this.shuffled(ready);
    if (this.turn >= ready.length) this.turn = 0;
    const first = this.turn;
    this.turn += 1;
    return [...ready.slice(first), ...ready.slice(0, first)];
  }

  onFailure(member: MemberState): void {
    const { backoffMsMax } = this.plan;
    const now = this.clock.monotonic();
    const lastPauseMs = Math.min(backoffMsMax, pauseMs * 2 ** member.failures);
    const isInARow = now - member.failedAt < lastPauseMs + inARowMs;
    member.failures = isInARow ? Math.min(member.failures + 1, failuresCountedMax) : 1;
    member.failedAt = now;
    if (backoffMsMax > 0) member.restsUntil = now + Math.min(backoffMsMax, pauseMs * 2 ** member.failures);
  }

  onSuccess(): void {}

  private shuffled(members: readonly MemberState[]): MemberState[] {
    const drawn = [...members];
    for (let at = drawn.length - 1; at > 0; at -= 1) {
      const other = Math.floor(this.random.next() * (at + 1));
      const [left, right] = [drawn[at], drawn[other]];
      if (left === undefined || right === undefined) continue;
      drawn[at] = right;
      drawn[other] = left;
    }
    return drawn;
  }
}
