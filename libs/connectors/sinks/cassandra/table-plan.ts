import { addsSentence, type TableRule } from './table-rules.js';
import { cqlCodes, encoderOf, typeName, type CqlEncoder, type CqlType } from './cql-values.js';
import { quotedName, type ColumnMapping, type ColumnSource } from './mapping.js';

/** What the sink asks of the driver's metadata of a table. */
export interface TableShape {
  readonly columnsByName: Readonly<Record<string, { readonly name: string; readonly type: CqlType }>>;
  readonly partitionKeys: readonly { readonly name: string }[];
  readonly clusteringKeys: readonly { readonly name: string }[];
}

/** One marker of the statement. */
export interface Cell {
  readonly column: string;
  readonly source: ColumnSource;
  readonly type: CqlType;
  readonly encode: CqlEncoder;
  readonly primary: boolean;
}

/** A rule against the table as it is: statements, and how their markers are filled. */
export interface TablePlan {
  readonly rule: TableRule;
  /** `shop.orders`, for errors. */
  readonly table: string;
  /** Its markers are `cells`, then the write timestamp and the TTL; those of a statement of the user's go by the names of `cells`. */
  readonly write: string;
  readonly cells: readonly Cell[];
  readonly hasTtl: boolean;
  /** Its markers are the write timestamp, then the primary key. Null where the rule deletes nothing. */
  readonly remove: string | null;
  /** Positions among `cells` of the primary key, the partition key first. */
  readonly primaryKey: readonly number[];
  readonly partitionKeyLength: number;
  /** A partition of the table may hold several rows, so that batches are worth while. */
  readonly wide: boolean;
}

export type PlanResult = { readonly plan: TablePlan } | { readonly problem: string };

/** Table of a topic: what is no name in CQL without quotes becomes an underscore. */
export function tableOf(rule: TableRule, topic: string): string {
  return rule.table.replaceAll('${topic}', () => topic.replaceAll(/[^A-Za-z0-9_]/g, '_'));
}

export function planOf(rule: TableRule, name: string, shape: TableShape | null): PlanResult {
  const table = `${rule.keyspace}.${name}`;
  if (shape === null) return { problem: `table ${table} is not there: create it, or name another one` };
  const mappings = rule.mapping?.columns ?? byName(shape);
  const partitionKey = shape.partitionKeys.map((column) => column.name);
  const primary = [...partitionKey, ...shape.clusteringKeys.map((column) => column.name)];
  const counter = Object.values(shape.columnsByName).find(({ type }) => type.code === cqlCodes.counter);
  if (counter !== undefined) {
    return { problem: `column ${counter.name} of ${table} is a counter: the sink ${addsSentence}` };
  }
  const cells: Cell[] = [];
  for (const { column, source } of mappings) {
    if (source.kind === 'now') {
      if (rule.query === null) continue;
      return { problem: `now() can not be mapped to ${column}: write it into the query itself` };
    }
    const found = shape.columnsByName[column];
    if (found === undefined) return { problem: `table ${table} has no column ${column}` };
    const problem = typeProblem(column, found.type, table);
    if (problem !== null) return { problem };
    const encode = encoderOf(found.type, rule.codecUnit);
    if (encode === null) {
      return { problem: `column ${column} of ${table} has ${typeName(found.type)}, which the sink can not write` };
    }
    cells.push({ column, source, type: found.type, encode, primary: primary.includes(column) });
  }
  const made = mappings.filter(({ source }) => source.kind === 'now').map(({ column }) => column);
  const primaryKey = primary.map((column) => cells.findIndex((cell) => cell.column === column));
  const missing = primary.find((column) => !mappings.some((mapping) => mapping.column === column));
  if (missing !== undefined && rule.query === null) {
    return { problem: `column ${missing} is of the primary key of ${table}, and nothing is mapped to it` };
  }
  const unfilled = markersOf(rule.query ?? '').find((mark) => !cells.some((cell) => cell.column === mark));
  if (unfilled !== undefined) {
    return {
      problem: `marker :${unfilled} of the query is filled by no column of the mapping; call it after its column`,
    };
  }
  const hasTtl = rule.ttlSeconds !== null || (rule.mapping?.ttl ?? null) !== null;
  const complete = rule.query === null && primaryKey.every((position) => position >= 0);
  const target = `${quotedName(rule.keyspace)}.${quotedName(name)}`;
  return {
    plan: {
      rule,
      table,
      write: rule.query === null ? insertInto(target, cells, made, hasTtl) : rule.query,
      cells,
      hasTtl: hasTtl && rule.query === null,
      remove: rule.deletesEnabled && complete ? deleteFrom(target, primary) : null,
      primaryKey,
      partitionKeyLength: partitionKey.length,
      wide: complete && shape.clusteringKeys.length > 0,
    },
  };
}

function byName(shape: TableShape): ColumnMapping[] {
  return Object.keys(shape.columnsByName).map((column) => ({ column, source: { kind: 'named', name: column } }));
}

/**
 * A list that is not frozen is written as a deletion just before the write timestamp and new elements with ids of their own: the
 * same write again leaves them twice.
 */
function typeProblem(column: string, type: CqlType, table: string): string | null {
  if (type.code !== cqlCodes.list || type.options?.frozen === true) return null;
  return (
    `column ${column} of ${table} is a list that is not frozen: a record that is written again would leave its elements twice. ` +
    'Make it frozen<list<…>> or a set, or leave it out of the mapping (option columns)'
  );
}

function insertInto(target: string, cells: readonly Cell[], made: readonly string[], hasTtl: boolean): string {
  const names = [...cells.map(({ column }) => column), ...made].map(quotedName).join(', ');
  const marks = [...cells.map(() => '?'), ...made.map(() => 'now()')].join(', ');
  return `INSERT INTO ${target} (${names}) VALUES (${marks}) USING TIMESTAMP ?${hasTtl ? ' AND TTL ?' : ''}`;
}

function deleteFrom(target: string, primary: readonly string[]): string {
  return `DELETE FROM ${target} USING TIMESTAMP ? WHERE ${primary.map((column) => `${quotedName(column)} = ?`).join(' AND ')}`;
}

/** Names of a statement's markers, as Cassandra takes them. */
function markersOf(query: string): string[] {
  const marks = [...query.matchAll(/(?<![:\w']):("(?:[^"]|"")+"|[A-Za-z]\w*)/g)].map((match) => match[1] ?? '');
  return marks.map((mark) => (mark.startsWith('"') ? mark.slice(1, -1).replaceAll('""', '"') : mark.toLowerCase()));
}
