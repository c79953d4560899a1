import type { HeaderColumn } from '#pipeline/event-batch';

/**
 * Gathers one header over a batch, event by event in rising order: one text while all events share it, a column from the first that
 * differs.
 */
export class HeaderColumnBuilder {
  private shared: string | null = null;
  /** Events 0 up to here have the shared text, as long as there is no column. */
  private sharedCount = 0;
  private values: (string | null)[] | null = null;

  get isEmpty(): boolean {
    return this.sharedCount === 0 && this.values === null;
  }

  /** Places that it takes. */
  get length(): number {
    return this.values?.length ?? this.sharedCount;
  }

  /** The same event may be set again: the last text counts. */
  set(index: number, value: string): void {
    if (this.values === null) {
      if (index === this.sharedCount && (index === 0 || value === this.shared)) {
        this.shared = value;
        this.sharedCount += 1;
        return;
      }
      if (index < this.sharedCount && value === this.shared) return;
      this.values = this.spread();
    }
    const { values } = this;
    while (values.length < index) values.push(null);
    values[index] = value;
  }

  /** The column of a batch of `count` events. */
  finish(count: number): HeaderColumn {
    if (this.values === null && this.sharedCount === count && this.shared !== null) return this.shared;
    const values = this.values ?? this.spread();
    while (values.length < count) values.push(null);
    return values;
  }

  private spread(): (string | null)[] {
    const values: (string | null)[] = [];
    for (let index = 0; index < this.sharedCount; index += 1) values.push(this.shared);
    return values;
  }
}

/** Places of a table, names times events, that may be empty: so many, and so many for each that is not. */
const emptyCellsMax = 4 * 1024 * 1024;
const emptyCellsEach = 8;

/** A batch has so many events with so many different headers that no table can hold them. */
export class HeaderTableError extends Error {
  constructor() {
    super('The events have too many different headers for one batch. Send fewer at once.');
  }
}

/**
 * The headers of one batch while it is made: a builder a name, made when the name first comes. Throws a `HeaderTableError` where names
 * times events are too many.
 */
export class HeaderColumnsBuilder {
  private readonly columns = new Map<string, HeaderColumnBuilder>();
  private cells = 0;
  private sets = 0;

  get names(): number {
    return this.columns.size;
  }

  has(name: string): boolean {
    return this.columns.has(name);
  }

  set(name: string, index: number, value: string): void {
    let column = this.columns.get(name);
    if (column === undefined) {
      column = new HeaderColumnBuilder();
      this.columns.set(name, column);
    }
    this.sets += 1;
    const { length } = column;
    if (index >= length) {
      this.cells += index + 1 - length;
      this.check(this.cells);
    }
    column.set(index, value);
  }

  finish(count: number): Map<string, HeaderColumn> {
    this.check(this.columns.size * count);
    const headers = new Map<string, HeaderColumn>();
    for (const [name, column] of this.columns) headers.set(name, column.finish(count));
    return headers;
  }

  private check(cells: number): void {
    if (cells > emptyCellsMax + this.sets * emptyCellsEach) throw new HeaderTableError();
  }
}
