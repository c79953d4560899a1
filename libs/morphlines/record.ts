import { javaEquals, javaText, type RecordValue } from './java-value.js';

/** Fields with a meaning of their own in every morphline. */
export const fields = {
  id: 'id',
  timestamp: 'timestamp',
  message: 'message',
  attachmentBody: '_attachment_body',
  attachmentMimeType: '_attachment_mimetype',
  attachmentCharset: '_attachment_charset',
  attachmentName: '_attachment_name',
} as const;

const noValues: readonly RecordValue[] = [];

/**
 * What flows through a morphline: fields with an ordered list of values each, duplicates allowed. A field without values does not exist.
 * Commands change the record that they get, unless they have to keep it (a reader makes one record a line of a copy).
 */
export class MorphlineRecord {
  private constructor(private readonly values: Map<string, RecordValue[]>) {}

  static empty(): MorphlineRecord {
    return new MorphlineRecord(new Map());
  }

  /** Shallow: the values are shared, the lists are not. */
  copy(): MorphlineRecord {
    const values = new Map<string, RecordValue[]>();
    for (const [name, list] of this.values) values.set(name, list.slice());
    return new MorphlineRecord(values);
  }

  names(): IterableIterator<string> {
    return this.values.keys();
  }

  entries(): IterableIterator<[string, readonly RecordValue[]]> {
    return this.values.entries();
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** A view: what is put later shows in it. Take a copy (`slice`) where the same field is changed meanwhile. */
  get(name: string): readonly RecordValue[] {
    return this.values.get(name) ?? noValues;
  }

  first(name: string): RecordValue | undefined {
    return this.values.get(name)?.[0];
  }

  put(name: string, value: RecordValue): void {
    const list = this.values.get(name);
    if (list === undefined) this.values.set(name, [value]);
    else list.push(value);
  }

  putAll(name: string, added: readonly RecordValue[]): void {
    if (added.length === 0) return;
    const list = this.values.get(name);
    if (list === undefined) this.values.set(name, added.slice());
    else list.push(...added.slice());
  }

  /** As `put`, where no equal value is there yet. */
  putIfAbsent(name: string, value: RecordValue): void {
    const list = this.values.get(name);
    if (list === undefined) this.values.set(name, [value]);
    else if (!list.some((existing) => javaEquals(existing, value))) list.push(value);
  }

  /** This one value in place of all that were there. */
  replace(name: string, value: RecordValue): void {
    this.values.set(name, [value]);
  }

  replaceAll(name: string, replacements: readonly RecordValue[]): void {
    if (replacements.length === 0) this.values.delete(name);
    else this.values.set(name, replacements.slice());
  }

  remove(name: string): void {
    this.values.delete(name);
  }

  removeAttachments(): void {
    this.values.delete(fields.attachmentBody);
    this.values.delete(fields.attachmentMimeType);
    this.values.delete(fields.attachmentCharset);
    this.values.delete(fields.attachmentName);
  }

  /** Puts `change(value)` in the place of each value; false as soon as it gives null, and values before it then stay changed. */
  transform(name: string, change: (value: RecordValue) => RecordValue | null): boolean {
    const list = this.values.get(name);
    if (list === undefined) return true;
    for (let index = 0; index < list.length; index += 1) {
      const value = list[index];
      const changed = value === undefined ? null : change(value);
      if (changed === null) return false;
      list[index] = changed;
    }
    return true;
  }

  /** Fields sorted by name: `{a=[1, 2], message=[hello]}`. */
  toString(): string {
    const names = [...this.values.keys()].sort();
    const parts = names.map((name) => `${name}=[${this.get(name).map(javaText).join(', ')}]`);
    return `{${parts.join(', ')}}`;
  }
}
