/**
 * Compares tables with the records that should be in them. The records are written by the sink's own writer into a temporary table of the
 * session that is like the real one, so that types, keys, upserts and deletes come out as they do there; then the database compares both.
 */
import { FatalSinkError } from '#pipeline/errors';
import type { SinkContext } from '#pipeline/sink';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import {
  differencesMax,
  type StoreComparison,
  type StoreDifference,
  type StoreReading,
  type VerifiedRange,
} from '#pipeline/store-reading';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { readRows } from './rows.js';
import type { SqlSettings } from './sql-options.js';
import type { SqlDatabase } from './sql-sink.js';
import { tableOf, type TableName } from './table-name.js';
import { TableWriter, type SqlColumn, type TableDialect } from './table-writer.js';

/** What a database brings to `SqlReading`. Names are quoted already. */
export interface SqlReadBack<C> {
  /** A temporary table with the columns and keys of another. Gives its name. */
  makeShadow(client: C, sql: string, name: string): Promise<TableName>;
  quoted(name: string): string;
  /** Text for texts in SQL. */
  literal(text: string): string;
  /** An expression: the hash of these columns of a row. */
  hash(columns: readonly string[]): string;
  /** An expression: these columns as a text for people, at most 200 characters. */
  text(columns: readonly string[]): string;
  query(client: C, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

interface Shadow<C, Column extends SqlColumn> {
  readonly target: string;
  readonly sql: string;
  readonly writer: TableWriter<C, Column>;
  readonly fields: Set<string>;
}

export class SqlReading<C, Column extends SqlColumn> implements StoreReading {
  private client: C | null = null;
  private readonly shadows = new Map<string, Shadow<C, Column>>();

  constructor(
    private readonly database: SqlDatabase<C, Column>,
    private readonly readBack: SqlReadBack<C>,
    private readonly settings: SqlSettings,
    private readonly scope: readonly VerifiedRange[],
  ) {
    if (settings.mode === 'update') {
      const what =
        'insert.mode=update changes rows that others have written: what they should be cannot be told from the topic';
      throw new FatalSinkError(what);
    }
  }

  async expect(batch: SinkBatch): Promise<void> {
    const change = readRows(batch, 0, this.settings);
    const client = await this.connected();
    const shadow = await this.shadowOf(client, tableOf(destinationTopic(batch), this.settings));
    await shadow.writer.prepare(client, change);
    for (const { fields } of change.groups) for (const field of fields) shadow.fields.add(field);
    for (const field of change.keyFields) shadow.fields.add(field);
    await shadow.writer.write(client, change);
  }

  async compare(signal: AbortSignal): Promise<StoreComparison> {
    const client = await this.connected();
    let total: StoreComparison = {
      expected: 0,
      found: 0,
      missing: 0,
      duplicated: 0,
      unexpected: 0,
      differences: [],
      notes: [],
    };
    for (const shadow of this.shadows.values()) {
      signal.throwIfAborted();
      total = sum(total, await this.compareTable(client, shadow));
    }
    return total;
  }

  async close(): Promise<void> {
    const { client } = this;
    this.client = null;
    if (client !== null) await this.database.disconnect(client);
  }

  private async compareTable(client: C, shadow: Shadow<C, Column>): Promise<StoreComparison> {
    const { readBack, settings } = this;
    const fields = [...shadow.fields].map((field) => readBack.quoted(field));
    const isPlaced = settings.keyMode === 'kafka' && settings.keyFields.length === 3;
    const keys = isPlaced ? settings.keyFields.map((field) => readBack.quoted(field)) : [];
    const shown = isPlaced ? keys : fields.slice(0, 8);
    const columns = `${readBack.hash(fields)} AS hash, ${readBack.text(shown)} AS place`;
    const within = isPlaced ? ` WHERE ${this.withinScope(keys)}` : '';
    const sides =
      `SELECT ${columns}, 1 AS e, 0 AS f FROM ${shadow.sql} UNION ALL ` +
      `SELECT ${columns}, 0 AS e, 1 AS f FROM ${shadow.target}${within}`;
    const rows = `SELECT hash, MIN(place) AS place, SUM(e) AS e, SUM(f) AS f FROM (${sides}) AS sides GROUP BY hash`;
    const [counts = {}] = await readBack.query(
      client,
      `SELECT SUM(e) AS expected, SUM(f) AS found, SUM(CASE WHEN e > f THEN e - f ELSE 0 END) AS missing,
              SUM(CASE WHEN e > 0 AND f > e THEN f - e ELSE 0 END) AS duplicated,
              SUM(CASE WHEN e = 0 THEN f ELSE 0 END) AS unexpected FROM (${rows}) AS hashes`,
    );
    const count = (name: string): number => Number(counts[name] ?? 0);
    const isEqual = count('missing') + count('duplicated') + count('unexpected') === 0;
    const different = isEqual
      ? []
      : await readBack.query(
          client,
          `SELECT place, e, f FROM (${rows}) AS hashes WHERE e <> f LIMIT ${differencesMax}`,
        );
    const scope = isPlaced
      ? []
      : [`Table ${shadow.target} is compared as a whole: what others write there is unexpected.`];
    return {
      expected: count('expected'),
      found: count('found'),
      missing: count('missing'),
      duplicated: count('duplicated'),
      unexpected: count('unexpected'),
      differences: different.map((row) => differenceOf(row, shadow.target, isPlaced)),
      notes: scope,
    };
  }

  private withinScope([topic = '', partition = '', offset = '']: readonly string[]): string {
    const ranges = this.scope.map(
      (range) =>
        `(${topic} = ${this.readBack.literal(range.topic)} AND ${partition} = ${range.partition} AND ` +
        `${offset} >= ${range.from} AND ${offset} < ${range.to})`,
    );
    return ranges.length === 0 ? '1 = 0' : ranges.join(' OR ');
  }

  private async shadowOf(client: C, table: TableName): Promise<Shadow<C, Column>> {
    const target = this.database.tables.quotedTable(table);
    const known = this.shadows.get(target);
    if (known !== undefined) return known;
    const columns = await this.database.tables.readColumns(client, table);
    if (columns === null) throw new FatalSinkError(`Table ${target} is not there, and nothing of the topic either`);
    const name = await this.readBack.makeShadow(client, target, `millrace_verify_${this.shadows.size}`);
    const settings = { ...this.settings, autoCreate: false, autoEvolve: false };
    const writer = new TableWriter(likeTable(this.database.tables, table), name, settings);
    const shadow = { target, sql: this.database.tables.quotedTable(name), writer, fields: new Set<string>() };
    this.shadows.set(target, shadow);
    return shadow;
  }

  private async connected(): Promise<C> {
    this.client ??= await this.database.connect(context, () => undefined);
    return this.client;
  }
}

const context: SinkContext = {
  name: 'verify',
  task: 0,
  clock: systemClock,
  logger: silentLogger,
  ownerEpoch: 0,
  stateDirectory: '',
};

/** Catalogs do not always list temporary tables: the columns are those of the real one. */
function likeTable<C, Column extends SqlColumn>(
  tables: TableDialect<C, Column>,
  target: TableName,
): TableDialect<C, Column> {
  return {
    quotedTable: (table) => tables.quotedTable(table),
    readColumns: (client) => tables.readColumns(client, target),
    createTable: (client, ...rest) => tables.createTable(client, ...rest),
    evolveTable: (client, ...rest) => tables.evolveTable(client, ...rest),
    truncate: (client, table) => tables.truncate(client, table),
    delete: (client, ...rest) => tables.delete(client, ...rest),
    write: (client, write) => tables.write(client, write),
  };
}

function differenceOf(row: Readonly<Record<string, unknown>>, table: string, isPlaced: boolean): StoreDifference {
  const [expected, found] = [Number(row['e']), Number(row['f'])];
  const kind = expected > found ? 'missing' : expected > 0 ? 'duplicated' : 'unexpected';
  const text = String(row['place']);
  const [topic, partition, offset] = text.split(',').map((part) => part.replaceAll(/[()"[\] ]/g, ''));
  const at =
    isPlaced && topic !== undefined && offset !== undefined
      ? { topic, partition: Number(partition), offset: Number(offset) }
      : null;
  return { kind, count: Math.abs(expected - found), at, place: `${table} ${text}` };
}

function sum(left: StoreComparison, right: StoreComparison): StoreComparison {
  return {
    expected: left.expected + right.expected,
    found: left.found + right.found,
    missing: left.missing + right.missing,
    duplicated: left.duplicated + right.duplicated,
    unexpected: left.unexpected + right.unexpected,
    differences: [...left.differences, ...right.differences].slice(0, differencesMax),
    notes: [...left.notes, ...right.notes],
  };
}
