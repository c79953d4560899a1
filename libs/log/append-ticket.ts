import type { AppendResult, LogErrorCode } from './engine.js';
import type { ProducerEntry } from './producer-state.js';

/** One call of `append`: one promise for all its entries, resolved when the last of them is settled. */
export class AppendTicket {
  readonly done: Promise<AppendResult[]>;
  private readonly results: AppendResult[];
  private left: number;
  private resolve: (results: AppendResult[]) => void = () => undefined;

  constructor(
    count: number,
    readonly acks: -1 | 0 | 1,
    readonly beginsAtZero = false,
  ) {
    this.results = [];
    this.left = count;
    this.done = new Promise((resolve) => {
      this.resolve = resolve;
    });
    if (count === 0) this.resolve(this.results);
  }

  settle(index: number, result: AppendResult): void {
    this.results[index] = result;
    this.left -= 1;
    if (this.left === 0) this.resolve(this.results);
  }

  refuse(index: number, error: LogErrorCode, message: string, logStartOffset = -1): void {
    this.settle(index, { error, message, baseOffset: -1, logAppendTimeMs: -1, logStartOffset });
  }
}

/** One entry of a ticket on its way to the disk. */
export interface PendingAppend {
  readonly ticket: AppendTicket;
  readonly index: number;
  /** Null for a duplicate that waits for its original to become durable. */
  batch: Buffer | null;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly logAppendTimeMs: number;
  readonly producerId: number;
  readonly producer: ProducerEntry | null;
  /** In its segment; known when it is written. */
  position: number;
  answered: boolean;
}
