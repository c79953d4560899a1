export interface TableName {
  /** Null = the one that the connection has by itself. */
  readonly schema: string | null;
  readonly name: string;
}

/** Only the dots of the format part schema and table. */
export function tableName(format: string, topic: string): TableName {
  const dot = format.indexOf('.');
  const fill = (text: string): string => text.replaceAll('${topic}', () => topic);
  if (dot < 0) return { schema: null, name: fill(format) };
  return { schema: fill(format.slice(0, dot)), name: fill(format.slice(dot + 1)) };
}

export interface TableNaming {
  readonly tableFormat: string;
  /** Tables of topics that the format does not count for. */
  readonly tables: ReadonlyMap<string, string>;
  /** What of a topic's name becomes `_` in the table's. */
  readonly replaced: RegExp | null;
}

export function tableOf(topic: string, { tableFormat, tables, replaced }: TableNaming): TableName {
  const mapped = tables.get(topic);
  if (mapped !== undefined) return tableName(mapped, topic);
  return tableName(tableFormat, replaced === null ? topic : topic.replaceAll(replaced, '_'));
}
