import { javaText, type RecordValue } from './java-value.js';
import type { MorphlineRecord } from './record.js';

/**
 * Text with `@{field}` in it. On its own a reference gives the field's values as they are; amid text, or several together, each combination
 * gives one text, none where a field has no values. `@{}` is the text of the whole record.
 */
export class FieldExpression {
  private readonly parts: readonly (string | FieldReference)[];
  /** The field whose values this is, where it is one reference and nothing else. */
  private readonly onlyField: string | null;
  private readonly constant: readonly string[] | null;

  /** Throws an Error where `@{` is not closed. */
  constructor(expression: string) {
    this.parts = partsOf(expression);
    const [first] = this.parts;
    const isOne = this.parts.length === 1;
    this.constant = isOne && typeof first === 'string' ? [first] : null;
    this.onlyField = isOne && typeof first === 'object' && first.field !== '' ? first.field : null;
  }

  evaluate(record: MorphlineRecord): readonly RecordValue[] {
    if (this.constant !== null) return this.constant;
    if (this.onlyField !== null) return record.get(this.onlyField);
    const results: string[] = [];
    this.combine(record, 0, '', results);
    return results;
  }

  private combine(record: MorphlineRecord, at: number, before: string, results: string[]): void {
    const part = this.parts[at];
    if (part === undefined) results.push(before);
    else if (typeof part === 'string') this.combine(record, at + 1, before + part, results);
    else if (part.field === '') this.combine(record, at + 1, before + record.toString(), results);
    else for (const value of record.get(part.field)) this.combine(record, at + 1, before + javaText(value), results);
  }
}

interface FieldReference {
  readonly field: string;
}

function partsOf(expression: string): (string | FieldReference)[] {
  const parts: (string | FieldReference)[] = [];
  let from = 0;
  while (from < expression.length) {
    const start = expression.indexOf('@{', from);
    if (start < 0) break;
    if (start > from) parts.push(expression.slice(from, start));
    const end = expression.indexOf('}', start + 2);
    if (end < 0) throw new Error(`@{ is not closed in ${expression}`);
    parts.push({ field: expression.slice(start + 2, end) });
    from = end + 1;
  }
  if (from < expression.length || parts.length === 0) parts.push(expression.slice(from));
  return parts;
}
