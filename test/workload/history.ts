/** What clients did and saw, in the order in which it happened: the checker's only input. Moments are counted, not measured. */

export type Outcome = 'commit' | 'abort';

export interface Send {
  readonly partition: string;
  readonly values: readonly number[];
  /** Of the first value; null where it was not answered, or refused. */
  offset: number | null;
}

export interface Transaction {
  readonly process: string;
  readonly sends: Send[];
  /** What was asked for; null where its client died before, so that it cannot have been committed. */
  asked: Outcome | null;
  askedAt: number;
  /** Whether the end was answered without an error. */
  isAnswered: boolean;
}

export interface Poll {
  readonly process: string;
  readonly at: number;
  readonly partition: string;
  /** Where this poll began and where the next one of the process will. */
  readonly from: number;
  readonly next: number;
  /** Offset and value, as they came. */
  readonly records: readonly (readonly [offset: number, value: number])[];
}

export class History {
  readonly transactions: Transaction[] = [];
  readonly polls: Poll[] = [];
  /** Values of requests that came after their transaction was over; nobody may ever see one. */
  readonly late = new Set<number>();
  lateRequests = 0;
  /** Committed records from start to end, as a last reader saw them when all was quiet. */
  readonly final = new Map<string, readonly (readonly [offset: number, value: number])[]>();
  private moments = 0;
  private values = 0;

  now(): number {
    return (this.moments += 1);
  }

  nextValue(): number {
    return (this.values += 1);
  }

  begin(process: string): Transaction {
    const transaction: Transaction = { process, sends: [], asked: null, askedAt: Infinity, isAnswered: false };
    this.transactions.push(transaction);
    return transaction;
  }
}
