import { messageOf } from '#std/errors';
import type { AgentChannel } from '#pipeline/agent-channel';
import type { ChannelSink, ChannelTake, ComponentContext } from '#pipeline/collector';

/** How long one take waits before the loop looks around, ms. An event that arrives ends the wait at once. */
const takeWaitMs = 5000;
/** After a failure: n × 1 s, at most 5 s, as Flume's runner waits when a sink backs off. */
const failureWaitStepMs = 1000;
const failureWaitMsMax = 5000;
/** Commits that may be under way for each write that may: a durable channel syncs them, several at once. */
const commitsPerWriteMax = 4;
/** Bodies of the writes under way; a larger batch goes alone. */
const bytesInFlightMax = 16 * 1024 * 1024;

export interface SinkRunnerParts {
  readonly sink: Pick<ChannelSink, 'batchSize' | 'write' | 'writesInFlightMax'>;
  readonly channel: AgentChannel;
  readonly context: ComponentContext;
}

/**
 * Moves events from a channel to a sink: take, write, commit, or roll back and wait. A sink that allows several writes at once gets
 * them begun in order, and commits begin in that order too. After a failure nothing new is taken until all
 * writes under way are settled and the failed ones lie in the channel again.
 */
export class SinkRunner {
  private loop: Promise<void> | null = null;
  private readonly stopping = new AbortController();
  private failures = 0;

  constructor(private readonly parts: SinkRunnerParts) {}

  start(): void {
    this.loop = this.run();
  }

  /** Ends the taking, and waits for the writes under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const failure = await this.runUntilFailure();
      if (failure === null) continue;
      this.failures += 1;
      this.parts.context.reportError(failure.error);
      if (this.failures === 1) {
        this.parts.context.logger.warn(`The sink failed and tries again: ${messageOf(failure.error)}`);
      }
      const waitMs = Math.min(this.failures * failureWaitStepMs, failureWaitMsMax);
      await this.parts.context.clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** Gives the first failure when everything under way has settled, or null when it was told to stop. */
  private async runUntilFailure(): Promise<{ error: unknown } | null> {
    const { sink, channel, context } = this.parts;
    const inFlightMax = Math.max(1, sink.writesInFlightMax ?? 1);
    const writes: Promise<boolean>[] = [];
    const commits: Promise<void>[] = [];
    const run: RunState = { failure: null, rollbacks: [], bytes: 0 };
    let previous: Promise<unknown> = Promise.resolve();
    while (!this.stopping.signal.aborted && run.failure === null) {
      if (writes.length >= inFlightMax || (writes.length > 0 && run.bytes >= bytesInFlightMax)) {
        await writes.shift();
        continue;
      }
      if (commits.length >= inFlightMax * commitsPerWriteMax) {
        await commits.shift();
        continue;
      }
      const take = await this.take(run);
      if (take === null) continue;
      if (run.failure !== null) {
        run.rollbacks.push(take);
        break;
      }
      context.count('EventDrainAttemptCount', take.batch.count);
      context.count(take.batch.count < sink.batchSize ? 'BatchUnderflowCount' : 'BatchCompleteCount', 1);
      const written = this.write(take, previous, run);
      previous = written;
      writes.push(written);
      commits.push(written.then((isWritten) => (isWritten ? this.commit(take, run) : undefined)));
    }
    await Promise.all(commits);
    for (const take of run.rollbacks.toReversed()) await this.rollback(take, channel);
    return run.failure;
  }

  private async take(run: RunState): Promise<ChannelTake | null> {
    const { sink, channel, context } = this.parts;
    try {
      const take = await channel.take({ maxEvents: sink.batchSize, waitMs: takeWaitMs, signal: this.stopping.signal });
      if (take === null) context.count('BatchEmptyCount', 1);
      return take;
    } catch (error) {
      context.count('ChannelReadFail', 1);
      run.failure ??= { error };
      return null;
    }
  }

  /** Writes at once; gives whether that went well, after every earlier write has ended. Never rejects. */
  private async write(take: ChannelTake, previous: Promise<unknown>, run: RunState): Promise<boolean> {
    const bytes = take.batch.bodyBytes;
    run.bytes += bytes;
    try {
      await this.parts.sink.write(take.batch);
      await previous;
      return true;
    } catch (error) {
      this.parts.context.count('EventWriteFail', 1);
      await previous;
      run.failure ??= { error };
      run.rollbacks.push(take);
      return false;
    } finally {
      run.bytes -= bytes;
    }
  }

  /** Begun in the order of the takes; several may share one sync of the channel. Never rejects. */
  private async commit(take: ChannelTake, run: RunState): Promise<void> {
    const { channel, context } = this.parts;
    try {
      await channel.commit(take);
      context.count('EventDrainSuccessCount', take.batch.count);
      if (this.failures > 0) this.reportRecovery();
    } catch (error) {
      context.count('ChannelReadFail', 1);
      run.failure ??= { error };
      run.rollbacks.push(take);
    }
  }

  private reportRecovery(): void {
    this.failures = 0;
    this.parts.context.reportError(null);
    this.parts.context.logger.info('The sink works again.');
  }

  private async rollback(take: ChannelTake, channel: AgentChannel): Promise<void> {
    try {
      await take.rollback();
    } catch (error) {
      this.parts.context.logger.error(`Channel ${channel.name} did not take events back: ${messageOf(error)}`);
    }
  }
}

interface RunState {
  failure: { error: unknown } | null;
  /** Takes to give back, the oldest first. */
  readonly rollbacks: ChannelTake[];
  /** Of bodies whose writes are under way. */
  bytes: number;
}
