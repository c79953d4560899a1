import type { Row, SqlDatabase } from './sql-database.js';

export interface PageOptions {
  readonly mode: 'incrementing' | 'timestamp' | 'timestamp+incrementing';
  readonly incrementing: string | null;
  readonly timestamp: string | null;
  readonly timestampInitial: string | null;
  readonly delayMs: number;
  readonly rowsMax: number;
}

/** How far a table was read, as the database wrote it. */
export interface RowPosition {
  readonly incrementing?: string;
  readonly timestamp?: string;
}

export interface Page {
  readonly rows: readonly Row[];
  /** After its last row. */
  readonly position: RowPosition;
  /** There are more behind it. */
  readonly isFull: boolean;
}

/** As many rows of one time as a page is widened to before that is an error. */
const sameTimeRowsMax = 100_000;

/** Reads a table or query in pages, by where the last one ended and never by a count of rows: a page costs what an index costs. */
export class TablePages {
  private readonly from: string;

  /** `of` is a table's name or a SELECT in parentheses. */
  constructor(
    private readonly database: SqlDatabase,
    of: { readonly table: string } | { readonly query: string },
    private readonly options: PageOptions,
  ) {
    this.from =
      'table' in of
        ? of.table
            .split('.')
            .map((part) => this.quoted(part))
            .join('.')
        : `(${of.query}) q`;
  }

  /** The rows after `position`; null where there are none. */
  async next(position: RowPosition, rowsMax = this.options.rowsMax): Promise<Page | null> {
    const { text, values } = this.select(position, rowsMax);
    const rows = await this.database.query(text, values);
    if (rows.length === 0) return null;
    const isFull = rows.length >= rowsMax;
    const kept = isFull && this.options.mode === 'timestamp' ? this.wholeTimes(rows) : rows;
    if (kept.length > 0) return { rows: kept, position: this.after(kept.at(-1) ?? {}), isFull };
    if (rowsMax >= sameTimeRowsMax)
      throw new Error(
        `${this.from}: more than ${sameTimeRowsMax} rows have one time in ${this.options.timestamp ?? ''}; use mode timestamp+incrementing.`,
      );
    return this.next(position, rowsMax * 10);
  }

  /** Without the rows of the last time: there may be more of them behind the page. */
  private wholeTimes(rows: readonly Row[]): readonly Row[] {
    const last = this.textOf(rows.at(-1) ?? {}, this.options.timestamp);
    return rows.filter((row) => this.textOf(row, this.options.timestamp) !== last);
  }

  private after(row: Row): RowPosition {
    const { mode, incrementing, timestamp } = this.options;
    return {
      ...(mode === 'timestamp' ? {} : { incrementing: this.textOf(row, incrementing) }),
      ...(mode === 'incrementing' ? {} : { timestamp: this.textOf(row, timestamp) }),
    };
  }

  private textOf(row: Row, column: string | null): string {
    const value = column === null ? undefined : row[column];
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new Error(`${this.from}: the column ${column ?? ''} is not in the rows, or neither a number nor a time.`);
    return String(value);
  }

  private select(position: RowPosition, rowsMax: number): { text: string; values: (string | number)[] } {
    const { mode, incrementing, timestamp, timestampInitial, delayMs } = this.options;
    const id = this.quoted(incrementing ?? '');
    const time = this.quoted(timestamp ?? '');
    const since = position.timestamp ?? timestampInitial;
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    const where = (condition: string, ...more: (string | number)[]): void => {
      conditions.push(condition);
      values.push(...more);
    };
    if (mode === 'incrementing') {
      if (position.incrementing !== undefined) where(`${id} > ${this.number}`, position.incrementing);
    } else {
      where(`${time} IS NOT NULL`);
      if (delayMs > 0) where(`${time} < ${this.ago}`, delayMs);
      if (mode === 'timestamp' || position.incrementing === undefined) {
        if (since !== null) where(`${time} > ?`, since);
      } else if (since !== null) {
        where(`(${time} > ? OR (${time} = ? AND ${id} > ${this.number}))`, since, since, position.incrementing);
      }
    }
    const order = mode === 'incrementing' ? id : mode === 'timestamp' ? time : `${time}, ${id}`;
    const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    return { text: `SELECT * FROM ${this.from}${filter} ORDER BY ${order} LIMIT ${rowsMax}`, values };
  }

  private quoted(name: string): string {
    return this.database.kind === 'mysql' ? `\`${name.replaceAll('`', '``')}\`` : `"${name.replaceAll('"', '""')}"`;
  }

  /** A parameter that is a number and is compared as one. */
  private get number(): string {
    return this.database.kind === 'mysql' ? 'CAST(? AS DECIMAL(65))' : '?';
  }

  private get ago(): string {
    return this.database.kind === 'mysql'
      ? 'UTC_TIMESTAMP(6) - INTERVAL (? * 1000) MICROSECOND'
      : "CURRENT_TIMESTAMP - ? * interval '1 millisecond'";
  }
}
