import type pg from 'pg';

/** What a connection of `pg` has besides what its types say. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/**
 * `COPY … FROM STDIN` with all of its data at hand (PostgreSQL, "Frontend/Backend Protocol", COPY Operations). `pg` itself has the
 * messages and no query that sends them.
 */
class CopyIn implements pg.Submittable {
  readonly done: Promise<void>;
  /** Set by the client where a query has a time limit; it must be there to be wrapped. */
  callback: (error?: Error | null) => void = () => undefined;
  private error: Error | null = null;

  constructor(
    private readonly sql: string,
    private readonly data: Buffer,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.callback = (error) => (error === undefined || error === null ? resolve() : reject(error));
    });
  }

  submit(connection: pg.Connection): void {
    connection.query(this.sql);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(this.data);
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {
    // The server is ready for the next query right after.
  }

  handleError(error: Error): void {
    this.error = error;
    this.callback(error);
  }

  handleReadyForQuery(): void {
    if (this.error === null) this.callback();
  }
}

/** Sends `data` in COPY's text format. Rejects with the server's error, whose `where` names the line. */
export function copyIn(client: pg.Client, sql: string, data: Buffer): Promise<void> {
  return client.query(new CopyIn(sql, data)).done;
}

/** The line that an error of COPY speaks of, from 1; null where it does not ("COPY orders, line 3, column a"). */
export function lineOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('where' in error) || typeof error.where !== 'string') return null;
  const line = /COPY [^\n]*?, line (\d+)/.exec(error.where)?.[1];
  return line === undefined ? null : Number(line);
}
