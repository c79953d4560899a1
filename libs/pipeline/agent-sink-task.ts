import type { ChannelTopic, ComponentContext, SinkTaskPlan } from '#pipeline/collector';
import { FencedSinkError } from '#pipeline/errors';
import type { Sink } from '#pipeline/sink';
import { SinkTask } from '#pipeline/sink-task';
import type { TapPoint } from '#pipeline/tap';
import type { TaskStatus } from '#pipeline/task-status';
import type { Timer } from '#std/clock';
import { systemRandom } from '#std/random';

export interface AgentSinkTaskParts {
  /** Called for each start of the task, also after one that failed. */
  readonly createPlan: (context: ComponentContext) => SinkTaskPlan | null;
  readonly openTopic: (deadLetterTopic: string | null) => ChannelTopic;
  readonly context: ComponentContext;
  /** The kind of sink, for dead letters. */
  readonly type: string;
  /** Under which a store keeps the task's positions: the same for agents that stand in for each other. */
  readonly connector: string;
  /** Sees what the sink is given. */
  readonly tap?: TapPoint;
}

const statusEveryMs = 1000;
/** A task that failed begins anew after so long, and after twice as long each further time. */
const restartMs = 5000;
const restartMsMax = 60_000;
const limits = { recordsMax: 2000, bytesMax: 4 * 1024 * 1024, lingerMs: 50 };
const bufferBytesMax = 16 * 1024 * 1024;

/** What a task counts, as Flume's sinks call it. */
const counters = {
  EventDrainAttemptCount: 'sink-record-read-total',
  EventDrainSuccessCount: 'sink-record-send-total',
  EventWriteFail: 'total-record-errors',
  DeadLetterCount: 'total-records-skipped',
} as const;

/**
 * A sink of an agent whose channel is a topic, run as a sink worker runs its sinks: the task reads as a member of the channel's group,
 * commits what the sink says is durable, tries again while the store is away, and puts records that the sink refuses to the dead letters. A task
 * that has failed begins anew.
 */
export class AgentSinkTask {
  private task: SinkTask | null = null;
  private topic: ChannelTopic | null = null;
  private timer: Timer | null = null;
  private isStopped = false;
  private failures = 0;
  /** The store has met an owner that began later than this task. */
  private isFenced = false;
  private counted: Readonly<Record<string, number>> = {};
  private changing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: AgentSinkTaskParts) {}

  start(): void {
    const { context, type } = this.parts;
    const { clock, logger } = context;
    const plan = this.parts.createPlan(context);
    if (plan === null) return;
    const topic = this.parts.openTopic(plan.deadLetterTopic);
    this.topic = topic;
    this.counted = {};
    this.isFenced = false;
    const sink = noticing(plan.sink, () => (this.isFenced = true), this.parts.tap);
    this.task = new SinkTask(
      { sink, reader: topic.reader, deadLetters: topic.deadLetters, clock, random: systemRandom, logger },
      {
        connector: this.parts.connector,
        task: 0,
        className: type,
        ownerEpoch: clock.now(),
        stateDirectory: context.stateDirectory,
        limits,
        policy: { attemptsMax: 3, stopAfterDeadLetter: false, drop: false, contextHeaders: true },
        retry: { timeoutMs: -1, delayMsMax: 30_000 },
        bufferBytesMax,
        commitIntervalMs: 5000,
        ...(topic.preparation === undefined ? {} : { preparation: topic.preparation }),
      },
    );
    this.task.start();
    this.watch();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    await this.changing;
    await this.end();
  }

  private watch(): void {
    this.timer = this.parts.context.clock.after(statusEveryMs, () => {
      const status = this.task?.status();
      if (status === undefined || this.isStopped) return;
      this.count(status);
      // Who has a partition is the group's business. Where the group gave it to this agent, and another one that began later had it before,
      // this one has to begin anew to be the later one.
      if (status.state === 'FAILED' || this.isFenced) this.restart(status);
      else {
        this.parts.context.reportError(status.degraded ? (status.lastError?.message ?? 'The store is away.') : null);
        if (!status.degraded && status.partitions.some(({ lastSuccessAt }) => lastSuccessAt !== null))
          this.failures = 0;
        this.watch();
      }
    });
  }

  private restart(status: TaskStatus): void {
    const { context } = this.parts;
    context.reportError(status.trace?.split('\n', 1)[0] ?? status.lastError?.message ?? 'The task failed.');
    const delayMs = Math.min(restartMs * 2 ** this.failures, restartMsMax);
    this.failures = Math.min(this.failures + 1, 10);
    this.changing = this.end();
    this.timer = context.clock.after(delayMs, () => {
      this.changing = this.changing.then(() => {
        if (!this.isStopped) this.start();
      });
    });
  }

  private async end(): Promise<void> {
    const { task, topic } = this;
    this.task = null;
    this.topic = null;
    await task?.stop();
    if (task !== null) this.count(task.status());
    await topic?.close();
  }

  private count({ metrics }: TaskStatus): void {
    for (const [counter, metric] of Object.entries(counters)) {
      const grown = (metrics[metric] ?? 0) - (this.counted[metric] ?? 0);
      if (grown > 0) this.parts.context.count(counter, grown);
    }
    this.counted = metrics;
  }
}

/** The same sink; `onFenced` hears of a store that has another owner. */
function noticing(sink: Sink, onFenced: () => void, tap?: TapPoint): Sink {
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof FencedSinkError) onFenced();
      throw error;
    }
  };
  return {
    start: (context) => sink.start(context),
    open: (partitions) => watched(sink.open(partitions)),
    put: (batch) => {
      tap?.offerRecords(batch);
      return watched(sink.put(batch));
    },
    flush: (all) => watched(sink.flush(all)),
    skip: (next) => watched(sink.skip?.(next) ?? Promise.resolve()),
    close: (partitions) => sink.close(partitions),
    stop: () => sink.stop(),
  };
}
