import type { PositionChanges, SourceContext } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';

export interface RetryOptions {
  /** Ends the waits; a delivery under way is waited for. */
  readonly signal: AbortSignal;
  /** The first wait; each is twice the one before. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** Gets each refusal, and null once the batch was taken after one. */
  readonly report: (error: unknown) => void;
  /** Positions that hold once the batch is committed. */
  readonly moved?: PositionChanges | undefined;
}

/**
 * Gives a batch until the channels have taken it. Rejects with the signal's reason when that aborts first (nothing may be taken
 * as delivered then), and at once with what is no `ChannelError`.
 */
export async function deliverUntilTaken(
  context: SourceContext,
  batch: EventBatch,
  { signal, retryMsMin, retryMsMax, report, moved }: RetryOptions,
): Promise<void> {
  for (let waitMs = Math.min(retryMsMin, retryMsMax), wasRefused = false; ; waitMs = Math.min(waitMs * 2, retryMsMax)) {
    try {
      await context.deliver(batch, moved);
      if (wasRefused) report(null);
      return;
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      wasRefused = true;
      report(error);
      await context.clock.sleep(waitMs, signal);
    }
  }
}
