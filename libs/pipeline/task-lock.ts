/** Runs one thing at a time, in the order of the calls. */
export class TaskLock {
  private tail: Promise<unknown> = Promise.resolve();
  private waiters = 0;

  /** How many wait for the lock or hold it. */
  get pending(): number {
    return this.waiters;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.waiters += 1;
    const result = this.tail.then(work).finally(() => {
      this.waiters -= 1;
    });
    this.tail = result.catch(() => undefined);
    return result;
  }
}
