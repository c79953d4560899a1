/**
 * Makes the reader and the writer of one version of one message, as source text that is compiled once. A generated reader
 * is straight-line code that ends in an object literal; closures called field by field took several times as long
 * for a Produce request, and every object they filled in had its own hidden class.
 *
 * The text is made of our own declarations alone: field names and literals written in `schemas/`. No input reaches it.
 */
import { assert } from '#std/assert';
import { contains, defaultOf, type Field, type Fields, type FieldType, type VersionRange } from './schema.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

export type ReadStruct = (reader: ByteReader) => unknown;
export type WriteStruct = (writer: ByteWriter, value: unknown) => void;

export function compileReader(fields: Fields, version: number, flexible: boolean): ReadStruct {
  const source = new CodecSource(version, flexible);
  const name = source.reader(fields);
  return source.compile(name);
}

export function compileWriter(fields: Fields, version: number, flexible: boolean): WriteStruct {
  const source = new CodecSource(version, flexible);
  const name = source.writer(fields);
  return source.compile(name);
}

class CodecSource {
  private readonly functions: string[] = [];
  /** Values that have no literal: shared empty arrays, bytes and default structs. */
  private readonly constants: unknown[] = [];
  private names = 0;

  constructor(
    private readonly version: number,
    private readonly flexible: boolean,
  ) {}

  compile<Compiled>(name: string): Compiled {
    const text = `'use strict';\n${this.functions.join('\n')}\nreturn ${name};`;
    // oxlint-disable-next-line typescript/no-implied-eval -- the text comes from declarations in this folder only
    const make = new Function('constants', text);
    return make(this.constants) as Compiled;
  }

  private name(prefix: string): string {
    this.names += 1;
    return `${prefix}${this.names}`;
  }

  private here(range: VersionRange): boolean {
    return contains(range, this.version);
  }

  private fixedFields(fields: Fields): [string, Field][] {
    return Object.entries(fields).filter(([, field]) => this.here(field.versions) && field.tag === null);
  }

  private taggedFields(fields: Fields): [string, Field][] {
    return Object.entries(fields)
      .filter(([, field]) => this.here(field.versions) && field.tag !== null)
      .sort(([, left], [, right]) => (left.tag ?? 0) - (right.tag ?? 0));
  }

  private literal(value: unknown): string {
    if (value === null || typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
      return JSON.stringify(value);
    }
    this.constants.push(value);
    return `constants[${this.constants.length - 1}]`;
  }

  // Readers

  /** Adds a function that reads such a struct and gives its name. */
  reader(fields: Fields): string {
    const name = this.name('read');
    const lines: string[] = [];
    const variables = new Map<string, string>();
    const fixed = new Set(this.fixedFields(fields).map(([key]) => key));
    for (const [key, field] of Object.entries(fields)) {
      const variable = `v${variables.size}`;
      variables.set(key, variable);
      lines.push(
        fixed.has(key)
          ? this.readValue(`let ${variable} =`, field.type, this.here(field.nullable))
          : `let ${variable} = ${this.literal(defaultOf(field))};`,
      );
    }
    if (this.flexible) lines.push(this.readTags(fields, variables));
    const pairs = [...variables].map(([key, variable]) => `${key}: ${variable}`).join(', ');
    this.functions.push(`function ${name}(r) {\n${lines.join('\n')}\nreturn { ${pairs} };\n}`);
    return name;
  }

  private readTags(fields: Fields, variables: ReadonlyMap<string, string>): string {
    const tagged = this.taggedFields(fields);
    if (tagged.length === 0) return 'if (r.end - r.at > 0 && r.bytes[r.at] === 0) r.at += 1; else r.skipTags();';
    const cases = tagged.map(
      ([key, field]) =>
        `case ${field.tag}: { ${this.readValue(`${variables.get(key)} =`, field.type, this.here(field.nullable))} break; }`,
    );
    return [
      'for (let left = r.unsignedVarint(); left > 0; left -= 1) {',
      'const tag = r.unsignedVarint();',
      'const end = r.taggedEnd();',
      `switch (tag) { ${cases.join('\n')} default: r.at = end; }`,
      'r.closeTagged(end);',
      '}',
    ].join('\n');
  }

  /** A statement that reads one value into `target` (`let x =` or `x =`). */
  private readValue(target: string, type: FieldType, nullable: boolean): string {
    switch (type.kind) {
      case 'string':
        return `${target} r.${nullable ? 'nullableText' : 'text'}(${this.flexible ? 'r.compactLength()' : 'r.stringLength()'});`;
      case 'bytes':
      case 'records':
        return `${target} r.${nullable ? 'nullableBlob' : 'blob'}(${this.length()});`;
      case 'array':
        return this.readArray(target, type.element, nullable);
      case 'struct': {
        const read = `${this.reader(type.fields)}(r)`;
        return nullable ? `${target} r.int8() < 0 ? null : ${read};` : `${target} ${read};`;
      }
      default:
        return `${target} r.${type.kind}();`;
    }
  }

  private length(): string {
    return this.flexible ? 'r.compactLength()' : 'r.length()';
  }

  private readArray(target: string, element: FieldType, nullable: boolean): string {
    const array = this.name('array');
    const count = this.name('count');
    const elementBytesMin = this.bytesMin(element);
    assert(elementBytesMin > 0, 'an element takes a byte, or a claimed count could not be checked');
    const item = element.kind === 'struct' ? `${this.reader(element.fields)}(r)` : this.readScalar(element);
    return [
      `const ${count} = r.${nullable ? 'nullableCount' : 'count'}(${this.length()}, ${elementBytesMin});`,
      `const ${array} = ${count} < 0 ? null : [];`,
      `for (let i = 0; i < ${count}; i += 1) ${array}.push(${item});`,
      `${target} ${array};`,
    ].join('\n');
  }

  private readScalar(type: FieldType): string {
    return this.readValue('', type, false).replace(/;$/, '');
  }

  /** The fewest bytes a value can take, so that a claimed count can be checked before anything is read. */
  private bytesMin(type: FieldType): number {
    switch (type.kind) {
      case 'bool':
      case 'int8':
        return 1;
      case 'int16':
        return 2;
      case 'int32':
        return 4;
      case 'int64':
      case 'float64':
        return 8;
      case 'uuid':
        return 16;
      case 'string':
        return this.flexible ? 1 : 2;
      case 'bytes':
      case 'records':
      case 'array':
        return this.flexible ? 1 : 4;
      case 'struct': {
        let total = this.flexible ? 1 : 0;
        for (const [, field] of this.fixedFields(type.fields)) {
          total += field.type.kind === 'struct' && this.here(field.nullable) ? 1 : this.bytesMin(field.type);
        }
        return total;
      }
    }
  }

  // Writers

  /** Adds a function that writes such a struct and gives its name. */
  writer(fields: Fields): string {
    const name = this.name('write');
    const lines = this.fixedFields(fields).map(([key, field]) => this.writeField(key, field));
    if (this.flexible) lines.push(this.writeTags(fields));
    this.functions.push(`function ${name}(w, m) {\n${lines.join('\n')}\n}`);
    return name;
  }

  private writeField(key: string, field: Field): string {
    const variable = this.name('f');
    return [
      `let ${variable} = m.${key};`,
      `if (${variable} === undefined) ${variable} = ${this.literal(defaultOf(field))};`,
      this.here(field.nullable) ? '' : `w.refuseNull(${variable}, ${JSON.stringify(key)});`,
      this.writeValue(variable, field.type, this.here(field.nullable)),
    ].join('\n');
  }

  private writeTags(fields: Fields): string {
    const tagged = this.taggedFields(fields).map(([key, field]) => ({ key, field, variable: this.name('t') }));
    if (tagged.length === 0) return 'w.int8(0);';
    const lines = ['let tags = 0;'];
    for (const { key, field, variable } of tagged) {
      const given = `${variable}given`;
      lines.push(
        `const ${variable} = m.${key};`,
        `const ${given} = ${variable} !== undefined && ${this.differs(variable, field)};`,
        `if (${given}) tags += 1;`,
      );
    }
    lines.push('w.unsignedVarint(tags);');
    for (const { field, variable } of tagged) {
      const mark = `${variable}mark`;
      lines.push(
        `if (${variable}given) {`,
        `const ${mark} = w.beginTagged(${field.tag});`,
        this.writeValue(variable, field.type, this.here(field.nullable)),
        `w.endTagged(${mark});`,
        '}',
      );
    }
    return lines.join('\n');
  }

  /** Whether a value is another than its field's default: a tagged field with its default is not sent. */
  private differs(expression: string, field: Field): string {
    const type = field.type;
    if (field.default === null) return `${expression} !== null`;
    switch (type.kind) {
      case 'array':
      case 'bytes':
      case 'records':
        return `(${expression} === null || ${expression}.length !== 0)`;
      case 'struct': {
        const parts = Object.entries(type.fields).map(([key, inner]) => {
          const value = `${expression}.${key}`;
          return `(${value} !== undefined && ${this.differs(value, inner)})`;
        });
        return `(${expression} === null || ${parts.join(' || ')})`;
      }
      default:
        return `${expression} !== ${this.literal(defaultOf(field))}`;
    }
  }

  /** Statements that write the value of an expression. */
  private writeValue(value: string, type: FieldType, nullable: boolean): string {
    switch (type.kind) {
      case 'string':
      case 'bytes':
        return `w.${this.method(type.kind === 'string' ? 'String' : 'Blob', nullable)}(${value});`;
      case 'records':
        return `w.${this.flexible ? 'compactRecords' : 'records'}(${value});`;
      case 'array':
        return this.writeArray(value, type.element, nullable);
      case 'struct': {
        const write = `${this.writer(type.fields)}(w, ${value});`;
        return nullable ? `if (${value} === null) w.int8(-1); else { w.int8(1); ${write} }` : write;
      }
      default:
        return `w.${type.kind}(${value});`;
    }
  }

  /** `string`, `nullableString`, `compactString` or `nullableCompactString`, and so for `Blob`. */
  private method(base: 'String' | 'Blob', nullable: boolean): string {
    const name = `${nullable ? 'nullable' : ''}${this.flexible ? 'Compact' : ''}${base}`;
    return name.charAt(0).toLowerCase() + name.slice(1);
  }

  private writeArray(value: string, element: FieldType, nullable: boolean): string {
    const length = this.flexible ? 'compactLength' : 'length';
    const write = [
      `w.${length}(${value}.length);`,
      `for (let i = 0; i < ${value}.length; i += 1) { ${this.writeValue(`${value}[i]`, element, false)} }`,
    ].join('\n');
    return nullable ? `if (${value} === null) w.${length}(-1); else { ${write} }` : write;
  }
}
