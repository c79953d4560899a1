import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { JsonObject } from '#pipeline/sink-json';
import { assert } from '#std/assert';
import type { RowGroup, TableChange } from './rows.js';
import type { SqlSettings } from './sql-options.js';
import type { TableName } from './table-name.js';
import { kindOf, widerKind, type ValueKind } from './value-kind.js';

/** What is asked of a column, whatever the database. */
export interface SqlColumn {
  readonly name: string;
  /** Largest absolute value of a column of whole numbers, as near as a double comes; null for other types. */
  readonly wholeMax: number | null;
  /** Characters of a column of text that has a bound; null elsewise. */
  readonly charsMax: number | null;
}

export interface NewColumn {
  readonly name: string;
  readonly kind: ValueKind;
}

/** A table without end is no table: PostgreSQL itself stops at 1600, InnoDB at 1017. */
export const columnsMax = 1000;

/** What a database does for `TableWriter`. `C` is a connection. */
export interface TableDialect<C, Column extends SqlColumn> {
  /** The name as SQL has it. */
  quotedTable(table: TableName): string;
  /** The columns that can be written, by name; null where there is no such table. */
  readColumns(client: C, table: TableName): Promise<ReadonlyMap<string, Column> | null>;
  /** Creates the table unless somebody else just did; outside of a transaction. Key columns become the primary key. */
  createTable(client: C, table: TableName, columns: readonly NewColumn[], keyFields: readonly string[]): Promise<void>;
  /** Adds nullable columns and widens others; outside of a transaction. */
  evolveTable(client: C, table: TableName, added: readonly NewColumn[], widened: readonly NewColumn[]): Promise<void>;
  truncate(client: C, table: TableName): Promise<void>;
  delete(client: C, table: TableName, columns: readonly Column[], keys: readonly JsonObject[]): Promise<void>;
  /** Writes rows that all have just these columns. Throws PoisonRecordError with the record's index where the store says which it is. */
  write(client: C, write: TableWrite<Column>): Promise<void>;
}

export interface TableWrite<Column> {
  readonly table: TableName;
  readonly columns: readonly Column[];
  readonly keyFields: readonly string[];
  readonly rows: readonly JsonObject[];
  /** Of each row its record in the batch, -1 where several records made it. */
  readonly indexes: readonly number[];
}

/**
 * Writes rows into one table. Rows with the same fields go together; fields that a row does not have are not mentioned, and keep their
 * default or value.
 */
export class TableWriter<C, Column extends SqlColumn> {
  private columns: ReadonlyMap<string, Column> | null = null;

  constructor(
    private readonly dialect: TableDialect<C, Column>,
    private readonly table: TableName,
    private readonly settings: SqlSettings,
  ) {}

  /** The next write looks at the table anew. */
  forget(): void {
    this.columns = null;
  }

  /** Whether the table is known from an earlier write, and may have changed since. */
  get remembered(): boolean {
    return this.columns !== null;
  }

  /** Creates or evolves the table where the options allow it, in transactions of its own. Throws where the rows do not fit. */
  async prepare(client: C, change: TableChange): Promise<void> {
    this.columns ??= await this.dialect.readColumns(client, this.table);
    if (this.columns === null) await this.create(client, change);
    assert(this.columns !== null, 'a table that was created is there');
    const added = this.missing(change);
    const widened = this.settings.autoEvolve ? this.tooNarrow(change) : [];
    if (added.length === 0 && widened.length === 0) return;
    if (!this.settings.autoEvolve) throw this.refusal(change, added);
    if (this.columns.size + added.length > columnsMax) throw this.tooManyColumns();
    await this.dialect.evolveTable(client, this.table, added, widened);
    this.columns = await this.dialect.readColumns(client, this.table);
    if (this.columns === null) {
      throw new RetriableSinkError(`Table ${this.dialect.quotedTable(this.table)} went away while it was changed`);
    }
  }

  async write(client: C, change: TableChange): Promise<void> {
    const { keyFields } = change;
    const rowsMax = this.settings.rowsPerStatementMax;
    if (change.truncate) await this.dialect.truncate(client, this.table);
    const keys = this.known(keyFields);
    for (let from = 0; from < change.deletes.length && keys.length > 0; from += rowsMax) {
      await this.dialect.delete(client, this.table, keys, change.deletes.slice(from, from + rowsMax));
    }
    for (const { fields, rows, indexes } of change.groups) {
      // A field without column is null in every row, or prepare would have refused it.
      const columns = this.known(fields);
      if (columns.length === 0) continue;
      for (let from = 0; from < rows.length; from += rowsMax) {
        const whole = from === 0 && rows.length <= rowsMax;
        await this.dialect.write(client, {
          table: this.table,
          columns,
          keyFields,
          rows: whole ? rows : rows.slice(from, from + rowsMax),
          indexes: whole ? indexes : indexes.slice(from, from + rowsMax),
        });
      }
    }
  }

  private known(names: readonly string[]): Column[] {
    return names.flatMap((name) => this.columns?.get(name) ?? []);
  }

  private async create(client: C, change: TableChange): Promise<void> {
    const sql = this.dialect.quotedTable(this.table);
    if (!this.settings.autoCreate) {
      throw new FatalSinkError(`Table ${sql} does not exist. Create it, or set auto.create=true`);
    }
    const kinds = new Map<string, ValueKind | null>();
    for (const group of change.groups) {
      for (const name of group.fields) kinds.set(name, widerKind(kinds.get(name) ?? null, kindIn(group, name)));
    }
    for (const key of change.deletes) {
      for (const name of change.keyFields) {
        kinds.set(name, widerKind(kinds.get(name) ?? null, kindOf(key[name] ?? null)));
      }
    }
    // A field that was null in all rows gets its column when it has a value, or, where none can be added later, takes any text.
    const unknown = this.settings.autoEvolve ? null : 'text';
    const columns = [...kinds].flatMap(([name, seen]): NewColumn[] => {
      const kind = change.kinds.get(name) ?? seen ?? unknown;
      return kind === null ? [] : [{ name, kind }];
    });
    if (columns.length === 0) {
      throw new PoisonRecordError(
        `Table ${sql} can not be created from records without a field that has a value`,
        null,
      );
    }
    if (columns.length > columnsMax) throw this.tooManyColumns();
    await this.dialect.createTable(client, this.table, columns, change.keyFields);
    this.columns = await this.dialect.readColumns(client, this.table);
  }

  /** Fields with a value that have no column. */
  private missing(change: TableChange): NewColumn[] {
    const kinds = new Map<string, ValueKind | null>();
    for (const group of change.groups) {
      for (const name of group.fields) {
        if (this.columns?.has(name) === true) continue;
        kinds.set(name, widerKind(kinds.get(name) ?? null, kindIn(group, name)));
      }
    }
    return [...kinds].flatMap(([name, seen]) => {
      const kind = seen === null ? null : (change.kinds.get(name) ?? seen);
      return kind === null ? [] : [{ name, kind }];
    });
  }

  private tooNarrow(change: TableChange): NewColumn[] {
    const wider = new Map<string, ValueKind>();
    for (const group of change.groups) {
      for (const column of this.known(group.fields)) {
        const kind = widened(column, group);
        if (kind !== null) wider.set(column.name, widerKind(wider.get(column.name) ?? null, kind) ?? kind);
      }
    }
    return [...wider].map(([name, kind]) => ({ name, kind }));
  }

  /** Names the first record that needs a column which is not there. */
  private refusal(change: TableChange, added: readonly NewColumn[]): PoisonRecordError {
    const names = added.map(({ name }) => name);
    let first: number | null = null;
    for (const { fields, rows, indexes } of change.groups) {
      const wanted = names.filter((name) => fields.includes(name));
      if (wanted.length === 0) continue;
      const at = rows.findIndex((row) => wanted.some((name) => (row[name] ?? null) !== null));
      const index = indexes[at] ?? -1;
      if (index >= 0 && (first === null || index < first)) first = index;
    }
    return new PoisonRecordError(
      `Table ${this.dialect.quotedTable(this.table)} has no column ${names.join(', ')}. Add it, name the fields to write in ` +
        'fields.whitelist, or set auto.evolve=true',
      first,
    );
  }

  private tooManyColumns(): PoisonRecordError {
    const sql = this.dialect.quotedTable(this.table);
    return new PoisonRecordError(`Table ${sql} would have more than ${columnsMax} columns`, null);
  }
}

function kindIn({ rows }: RowGroup, name: string): ValueKind | null {
  let kind: ValueKind | null = null;
  for (const row of rows) kind = widerKind(kind, kindOf(row[name] ?? null));
  return kind;
}

/** What a column has to become so that every value of the group fits; null where it may stay. Text in numbers stays a bad record. */
function widened({ name, wholeMax, charsMax }: SqlColumn, { rows }: RowGroup): ValueKind | null {
  if (charsMax !== null) {
    const isLong = rows.some((row) => {
      const value = row[name];
      return typeof value === 'string' && value.length > charsMax;
    });
    return isLong ? 'text' : null;
  }
  if (wholeMax === null) return null;
  let kind: ValueKind | null = null;
  for (const row of rows) {
    const value = row[name] ?? null;
    if (typeof value !== 'number' && typeof value !== 'bigint') continue;
    const seen = kindOf(value);
    if (seen !== 'integer') kind = 'decimal';
    else if (kind === null && Math.abs(Number(value)) > wholeMax) kind = 'integer';
  }
  return kind;
}
