/**
 * What became of dead letters: which were sent again, which discarded, by which job and when. The letters stay in their topic until its retention
 * takes them; this says which are still open. The topic is known by its id, so that one made anew under an old name begins with none.
 *
 * A letter is `sending` before the transaction that carries its copy ends, and `redriven` after; `settle` finds out what became of those that
 * a process left `sending`.
 */
import type { DataSource } from 'typeorm';
import { openDatabase, withDatabase, type Migration } from '#control/database';
import type { Logger } from '#std/log';

export type LetterState = 'open' | 'sending' | 'redriven' | 'discarded';

export interface HandledLetter {
  readonly state: Exclude<LetterState, 'open'>;
  readonly job: string;
  readonly at: Date;
}

/** The letters of one sink in one topic. */
export interface LetterBook {
  readonly sink: string;
  readonly topicId: string;
}

interface LedgerRow {
  readonly partition: number;
  readonly offset: string;
  readonly state: HandledLetter['state'];
  readonly job: string;
  readonly at: Date;
}

const migrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE millrace.dead_letter (
        sink text NOT NULL,
        topic_id text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        state text NOT NULL CHECK (state IN ('sending', 'redriven', 'discarded')),
        job text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (sink, topic_id, partition, "offset")
      );
      CREATE INDEX dead_letter_sending ON millrace.dead_letter (sink, topic_id) WHERE state = 'sending';
    `,
  },
];

export class LetterLedger {
  private source: Promise<DataSource> | null = null;

  constructor(private readonly options: { readonly databaseUrl: string; readonly logger: Logger }) {}

  async stop(): Promise<void> {
    const source = this.source;
    this.source = null;
    await (await source?.catch(() => undefined))?.destroy();
  }

  /** Of a partition's offsets `[from, to)`; what is not there is open. */
  async handled(
    book: LetterBook,
    range: { readonly partition: number; readonly from: number; readonly to: number },
  ): Promise<ReadonlyMap<number, HandledLetter>> {
    const rows: LedgerRow[] = await this.query(
      'reading what became of dead letters',
      `SELECT partition, "offset", state, job, at FROM millrace.dead_letter
        WHERE sink = $1 AND topic_id = $2 AND partition = $3 AND "offset" >= $4 AND "offset" < $5`,
      [book.sink, book.topicId, range.partition, range.from, range.to],
    );
    return new Map(rows.map((row) => [Number(row.offset), { state: row.state, job: row.job, at: row.at }]));
  }

  /** How many are not open any more. */
  async counts(book: LetterBook): Promise<{ readonly redriven: number; readonly discarded: number }> {
    const rows: { state: string; count: string }[] = await this.query(
      'counting dead letters',
      'SELECT state, count(*) AS count FROM millrace.dead_letter WHERE sink = $1 AND topic_id = $2 GROUP BY state',
      [book.sink, book.topicId],
    );
    const of = (state: string): number => Number(rows.find((row) => row.state === state)?.count ?? 0);
    return { redriven: of('redriven') + of('sending'), discarded: of('discarded') };
  }

  /** Marks letters that are open; gives those that were. */
  async mark(
    book: LetterBook,
    state: 'sending' | 'discarded',
    given: { readonly job: string; readonly partition: number; readonly offsets: readonly number[] },
  ): Promise<ReadonlySet<number>> {
    const rows: { offset: string }[] = await this.query(
      'marking dead letters',
      `INSERT INTO millrace.dead_letter (sink, topic_id, partition, "offset", state, job)
       SELECT $1, $2, $3, unnest($4::bigint[]), $5, $6
       ON CONFLICT DO NOTHING RETURNING "offset"`,
      [book.sink, book.topicId, given.partition, given.offsets, state, given.job],
    );
    return new Set(rows.map(({ offset }) => Number(offset)));
  }

  /** The copies that this job was sending hold. */
  async confirm(book: LetterBook, job: string): Promise<void> {
    await this.query(
      'marking dead letters as sent',
      `UPDATE millrace.dead_letter SET state = 'redriven', at = now()
        WHERE sink = $1 AND topic_id = $2 AND job = $3 AND state = 'sending'`,
      [book.sink, book.topicId, job],
    );
  }

  /**
   * Decides about letters that were left `sending`, of whichever job: `committed` gives the positions that the transactions of a job have
   * committed, by partition; below them the copies hold, from there on there are none.
   */
  async settle(book: LetterBook, committed: (job: string) => Promise<ReadonlyMap<number, number>>): Promise<void> {
    const jobs: { job: string; partition: number }[] = await this.query(
      'looking for dead letters that were being sent',
      `SELECT DISTINCT job, partition FROM millrace.dead_letter WHERE sink = $1 AND topic_id = $2 AND state = 'sending'`,
      [book.sink, book.topicId],
    );
    const positionsOf = new Map<string, ReadonlyMap<number, number>>();
    for (const { job, partition } of jobs) {
      const positions = positionsOf.get(job) ?? (await committed(job));
      positionsOf.set(job, positions);
      const what = [book.sink, book.topicId, job, partition, positions.get(partition) ?? 0];
      const where = `sink = $1 AND topic_id = $2 AND job = $3 AND partition = $4 AND state = 'sending'`;
      const doing = 'settling dead letters that were being sent';
      await this.query(
        doing,
        `UPDATE millrace.dead_letter SET state = 'redriven' WHERE ${where} AND "offset" < $5`,
        what,
      );
      await this.query(doing, `DELETE FROM millrace.dead_letter WHERE ${where} AND "offset" >= $5`, what);
    }
  }

  /** Forgets letters that the topic does not hold any more. */
  async prune(
    book: LetterBook,
    starts: readonly { readonly partition: number; readonly offset: number }[],
  ): Promise<void> {
    for (const { partition, offset } of starts) {
      await this.query(
        'forgetting dead letters that are gone',
        'DELETE FROM millrace.dead_letter WHERE sink = $1 AND topic_id = $2 AND partition = $3 AND "offset" < $4',
        [book.sink, book.topicId, partition, offset],
      );
    }
  }

  private async query<T>(doing: string, sql: string, parameters: readonly unknown[]): Promise<T[]> {
    const source = await this.open();
    // TypeORM gives rows and a count for what changes rows.
    const answer: unknown = await withDatabase(doing, () => source.query(sql, [...parameters]));
    return rowsOf<T>(answer);
  }

  private open(): Promise<DataSource> {
    this.source ??= openDatabase({
      ...this.options,
      room: 'dead-letters',
      entities: [],
      migrations,
      connectionsMax: 2,
    }).catch((error: unknown) => {
      this.source = null;
      throw error;
    });
    return this.source;
  }
}

function rowsOf<T>(answer: unknown): T[] {
  if (!Array.isArray(answer)) return [];
  const [first, second] = answer as unknown[];
  return (Array.isArray(first) && typeof second === 'number' ? first : answer) as T[];
}
