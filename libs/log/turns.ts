/** Runs jobs one after another in the order they were given; a failed job does not stop the next. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.last.then(job);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when all jobs given so far are done; never rejects. */
  async idle(): Promise<void> {
    await this.last;
  }
}
