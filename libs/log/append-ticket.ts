import type { AppendResult, LogErrorCode } from './engine.js';

/** One call of `append`: one promise for all its entries, resolved when the last of them is settled. */
export class AppendTicket {
  readonly done: Promise<AppendResult[]>;
  private readonly results: AppendResult[];
  private left: number;
  private resolve: (results: AppendResult[]) => void = () => undefined;

  constructor(
    count: number,
    readonly acks: -1 | 0 | 1,
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
