/**
 * Mappings in the words of the DataStax Kafka connector: `id=key, name=value.name, at=header.at, made=now(), __ttl=value.ttl,
 * __timestamp=value.at`.
 */

/** Where a column's value comes from. `named` = the field of the value, or of the key where the value has none. */
export type ColumnSource =
  | { readonly kind: 'key' | 'value' | 'now' }
  | { readonly kind: 'keyField' | 'valueField' | 'header' | 'named'; readonly name: string };

export interface ColumnMapping {
  readonly column: string;
  readonly source: ColumnSource;
}

export interface Mapping {
  readonly columns: readonly ColumnMapping[];
  readonly ttl: ColumnSource | null;
  readonly timestamp: ColumnSource | null;
}

/** Throws an Error that says which part is wrong. */
export function parseMapping(text: string): Mapping {
  const columns: ColumnMapping[] = [];
  let [ttl, timestamp]: (ColumnSource | null)[] = [null, null];
  for (const part of partsOf(text)) {
    const match = /^\s*("(?:[^"]|"")+"|[^\s"=]+)\s*=\s*(.+?)\s*$/s.exec(part);
    if (match === null) throw new Error(`"${part.trim()}" is not like column=value.field`);
    const column = unquoted(match[1] ?? '');
    const source = sourceOf(match[2] ?? '', part);
    if (column === '__ttl' || column === '__timestamp') {
      if (source.kind === 'now') throw new Error(`${column} can not be now(): leave it out`);
      if (column === '__ttl') ttl = source;
      else timestamp = source;
      continue;
    }
    if (columns.some((other) => other.column === column)) throw new Error(`column ${column} is there twice`);
    columns.push({ column, source });
  }
  if (columns.length === 0) throw new Error('it names no column');
  return { columns, ttl, timestamp };
}

function sourceOf(text: string, part: string): ColumnSource {
  if (text === 'key' || text === 'value') return { kind: text };
  if (/^now\(\s*\)$/i.test(text)) return { kind: 'now' };
  const match = /^(key|value|header)\.(.+)$/s.exec(text);
  const name = unquoted(match?.[2] ?? '');
  switch (match?.[1]) {
    case 'key':
      return { kind: 'keyField', name };
    case 'value':
      return { kind: 'valueField', name };
    case 'header':
      return { kind: 'header', name };
    default:
      throw new Error(`"${part.trim()}" must end with key, value, key.field, value.field, header.name or now()`);
  }
}

/** Parts between commas that are not in double quotes. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let [from, quoted] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === ',' && !quoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part.trim() !== '');
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
