import type { ChannelTopic, ComponentContext, SinkTaskPlan } from '#pipeline/collector';
import { SinkTask } from '#pipeline/sink-task';
import type { TaskStatus } from '#pipeline/task-status';
import type { Timer } from '#std/clock';
import { systemRandom } from '#std/random';

export interface AgentSinkTaskParts {
  /** Called for each start of the task, also after one that failed. */
  readonly createPlan: () => SinkTaskPlan | null;
  readonly openTopic: (deadLetterTopic: string | null) => ChannelTopic;
  readonly context: ComponentContext;
  /** The kind of sink, for dead letters. */
  readonly type: string;
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
  private counted: Readonly<Record<string, number>> = {};
  private changing: Promise<void> = Promise.resolve();

  constructor(private readonly parts: AgentSinkTaskParts) {}

  start(): void {
    const { context, type } = this.parts;
    const { clock, logger } = context;
    const plan = this.parts.createPlan();
    if (plan === null) return;
    const topic = this.parts.openTopic(plan.deadLetterTopic);
    this.topic = topic;
    this.counted = {};
    const startedAt = clock.now();
    this.task = new SinkTask(
      { sink: plan.sink, reader: topic.reader, deadLetters: topic.deadLetters, clock, random: systemRandom, logger },
      {
        // Which agent has a partition is the group's business: an owner that comes later wins, whatever its clock says.
        connector: `${context.name}-${startedAt}-${systemRandom.next().toString(36).slice(2)}`,
        task: 0,
        className: type,
        ownerEpoch: startedAt,
        stateDirectory: context.stateDirectory,
        limits,
        policy: { attemptsMax: 3, stopAfterDeadLetter: false, drop: false, contextHeaders: true },
        keyConverter: null,
        valueConverter: null,
        retry: { timeoutMs: -1, delayMsMax: 30_000 },
        bufferBytesMax,
        commitIntervalMs: 5000,
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
      if (status.state === 'FAILED') this.restart(status);
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
    context.reportError(status.trace?.split('\n', 1)[0] ?? 'The task failed.');
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
