import type pg from 'pg';
import { PoisonRecordError } from '#pipeline/errors';
import type { JsonObject } from '#pipeline/sink-json';
import { assert } from '#std/assert';
import {
  arrayLiteral,
  isWhole,
  kindOf,
  mustWiden,
  quoted,
  widerKind,
  type Column,
  type ColumnKind,
} from './columns.js';
import type { PostgresSettings } from './options.js';
import type { TableChange } from './rows.js';
import { createTable, evolveTable, missingTable, quotedTable, readColumns, type TableName } from './table.js';

/**
 * Writes rows into one table. Rows with the same fields go in one statement that takes an array a column (`unnest`), so the number
 * of parameters does not grow with the rows; fields that a row does not have are not mentioned, and keep their default or value.
 */
export class TableWriter {
  private columns: ReadonlyMap<string, Column> | null = null;
  private readonly sql: string;

  constructor(
    private readonly table: TableName,
    private readonly settings: PostgresSettings,
  ) {
    this.sql = quotedTable(table);
  }

  /** The next write looks at the table anew. */
  forget(): void {
    this.columns = null;
  }

  /** Whether the table is known from an earlier write, and may have changed since. */
  get remembered(): boolean {
    return this.columns !== null;
  }

  /**
   * Creates or evolves the table where the options allow it, in transactions of its own. Throws where the rows do not fit; with
   * `oneToOne` the error says which, since row i is record i.
   */
  async prepare(client: pg.Client, change: TableChange, oneToOne: boolean): Promise<void> {
    this.columns ??= await readColumns(client, this.table);
    const kinds = this.kindsToCheck(change.rows);
    if (this.columns === null) {
      if (!this.settings.autoCreate) throw missingTable(this.table);
      // A field that was null in all rows gets its column when it has a value, or, where none can be added later, takes any text.
      const unknown = this.settings.autoEvolve ? null : 'text';
      const columns = [...kinds].flatMap(([name, seen]) => {
        const kind = seen ?? unknown;
        return kind === null ? [] : [{ name, kind }];
      });
      await createTable(client, this.table, columns, change.keyFields);
      this.columns = await readColumns(client, this.table);
      assert(this.columns !== null, 'a table that was created is there');
    }
    const added: { name: string; kind: ColumnKind }[] = [];
    const widened: string[] = [];
    for (const [name, kind] of kinds) {
      const column = this.columns.get(name);
      if (column === undefined && kind !== null) added.push({ name, kind });
      else if (column !== undefined && mustWiden(column, kind)) widened.push(name);
    }
    if (added.length === 0 && widened.length === 0) return;
    if (this.settings.autoEvolve) {
      await evolveTable(client, this.table, this.columns.size, added, widened);
      this.columns = await readColumns(client, this.table);
    } else if (added.length > 0) {
      const names = added.map(({ name }) => name);
      throw new PoisonRecordError(
        `Table ${this.sql} has no column ${names.join(', ')}. Add it, name the fields to write in fields.whitelist, or set auto.evolve=true`,
        oneToOne ? change.rows.findIndex((row) => names.some((name) => (row[name] ?? null) !== null)) : null,
      );
    }
  }

  async write(client: pg.Client, change: TableChange): Promise<void> {
    for (let from = 0; from < change.deletes.length; from += this.settings.rowsPerStatementMax) {
      await this.delete(client, change.deletes.slice(from, from + this.settings.rowsPerStatementMax), change.keyFields);
    }
    for (const rows of sameFields(change.rows)) {
      for (let from = 0; from < rows.length; from += this.settings.rowsPerStatementMax) {
        await this.insert(client, rows.slice(from, from + this.settings.rowsPerStatementMax), change.keyFields);
      }
    }
  }

  private async insert(client: pg.Client, rows: readonly JsonObject[], keyFields: readonly string[]): Promise<void> {
    const first = rows[0];
    if (first === undefined) return;
    // A field without column is null in every row, or prepare would have refused it.
    const columns = Object.keys(first).flatMap((name) => this.columns?.get(name) ?? []);
    if (columns.length === 0) return;
    const names = columns.map(({ name }) => quoted(name)).join(', ');
    await client.query(
      `INSERT INTO ${this.sql} (${names}) SELECT ${selected(columns)} FROM ${unnested(columns)}${this.onConflict(columns, keyFields)}`,
      columns.map((column) => arrayLiteral(valuesOf(rows, column.name), column)),
    );
  }

  private onConflict(columns: readonly Column[], keyFields: readonly string[]): string {
    if (!this.settings.upsert) return '';
    const others = columns.filter(({ name }) => !keyFields.includes(name)).map(({ name }) => quoted(name));
    const target = keyFields.map(quoted).join(', ');
    if (others.length === 0) return ` ON CONFLICT (${target}) DO NOTHING`;
    return ` ON CONFLICT (${target}) DO UPDATE SET ${others.map((name) => `${name} = EXCLUDED.${name}`).join(', ')}`;
  }

  private async delete(client: pg.Client, keys: readonly JsonObject[], keyFields: readonly string[]): Promise<void> {
    const columns = keyFields.flatMap((name) => this.columns?.get(name) ?? []);
    if (columns.length === 0) return;
    const same = columns.map((column, at) => `t.${quoted(column.name)} = ${cell(column, at)}`).join(' AND ');
    await client.query(
      `DELETE FROM ${this.sql} AS t USING ${unnested(columns)} WHERE ${same}`,
      columns.map((column) => arrayLiteral(valuesOf(keys, column.name), column)),
    );
  }

  /** Per field of the rows, what its column must hold; known columns that take everything are left out. */
  private kindsToCheck(rows: readonly JsonObject[]): Map<string, ColumnKind | null> {
    const kinds = new Map<string, ColumnKind | null>();
    for (const row of rows) {
      for (const name of Object.keys(row)) {
        const column = this.columns?.get(name);
        if (column !== undefined && !isWhole(column)) continue;
        kinds.set(name, widerKind(kinds.get(name) ?? null, kindOf(row[name] ?? null)));
      }
    }
    return kinds;
  }
}

function valuesOf(rows: readonly JsonObject[], name: string): (JsonObject[string] | undefined)[] {
  return rows.map((row) => row[name]);
}

/** The parameters as rows. Array columns come as text: unnest would flatten them. */
function unnested(columns: readonly Column[]): string {
  const arrays = columns.map(({ type, isArray }, at) => `$${at + 1}::${isArray ? 'text' : type}[]`);
  return `unnest(${arrays.join(', ')}) AS u(${columns.map((_column, at) => `c${at}`).join(', ')})`;
}

function selected(columns: readonly Column[]): string {
  return columns.map(cell).join(', ');
}

function cell(column: Column, at: number): string {
  return column.isArray ? `u.c${at}::${column.type}` : `u.c${at}`;
}

/** Rows by their fields, in the order of the first of each; the same fields in another order make another group. */
function sameFields(rows: readonly JsonObject[]): Iterable<JsonObject[]> {
  const groups = new Map<string, JsonObject[]>();
  for (const row of rows) {
    const shape = Object.keys(row).join('\u0000');
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, [row]);
    else group.push(row);
  }
  return groups.values();
}
