import { suggest } from '#std/suggestion';
import { findCharset, utf8, type Charset } from './charset.js';
import { MorphlineCompileError, type Origin } from './errors.js';
import { FieldExpression } from './field-expression.js';
import { renderPath } from './hocon/hocon-path.js';
import { JavaTree, type RecordValue, type TreeValue } from './java-value.js';
import type { HoconObject, HoconScalar, HoconValue } from './hocon/hocon-value.js';

/** A value of a free-form argument: text or a list of typed values. */
export type ArgumentValue = string | readonly RecordValue[];

/**
 * The arguments of one command. Every argument that was asked for is known; the rest is refused by `refuseUnknown`. Values are converted as
 * Lightbend's Config does it (text `5` is a number, `on` is true); a null counts as absent.
 */
export class Arguments {
  private readonly asked = new Set<string>();

  constructor(
    readonly command: string,
    readonly config: HoconObject,
  ) {}

  get origin(): Origin {
    return this.config.origin;
  }

  string(name: string, fallback?: string): string {
    const text = this.optionalString(name) ?? fallback;
    return text === undefined ? this.missing(name) : text;
  }

  optionalString(name: string): string | null {
    const value = this.find(name);
    if (value === null) return null;
    return value.kind === 'scalar' ? value.text : this.wrongType(name, value, 'text');
  }

  boolean(name: string, fallback: boolean): boolean {
    const text = this.optionalString(name);
    if (text === null) return fallback;
    if (['true', 'yes', 'on'].includes(text)) return true;
    if (['false', 'no', 'off'].includes(text)) return false;
    return this.fail(`${name} has to be true or false, not ${text}`, name);
  }

  /** A whole number. */
  integer(name: string, fallback: number): number {
    const text = this.optionalString(name);
    if (text === null) return fallback;
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number))
      this.fail(`${name} has to be a whole number, not ${text}`, name);
    return Math.trunc(number);
  }

  double(name: string, fallback: number): number {
    const text = this.optionalString(name);
    if (text === null) return fallback;
    const number = Number(text);
    if (text.trim() === '' || Number.isNaN(number)) this.fail(`${name} has to be a number, not ${text}`, name);
    return number;
  }

  choice<const T extends string>(name: string, values: readonly T[], fallback?: T): T {
    const text = this.string(name, fallback);
    const found = values.find((value) => value === text);
    return found ?? this.fail(`${name} has to be one of ${values.join(', ')}, not ${text}${hint(text, values)}`, name);
  }

  /** Milliseconds of `10 seconds`, `5 m`, `100` (ms). */
  duration(name: string, fallbackMs: number): number {
    const text = this.optionalString(name);
    if (text === null) return fallbackMs;
    const match = /^\s*(-?\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(text);
    const unitMs = durationUnitsMs[(match?.[2] ?? '').replace(/(?<=...)s$/, '')];
    if (match === null || unitMs === undefined)
      return this.fail(`${name} has to be a duration such as "10 seconds", not ${text}`, name);
    return Number(match[1]) * unitMs;
  }

  /** Null where it is not given. */
  charset(name: string): Charset | null {
    const text = this.optionalString(name);
    if (text === null) return null;
    return findCharset(text) ?? this.fail(`${name}: there is no character set ${text}`, name);
  }

  charsetOrUtf8(name: string): Charset {
    return this.charset(name) ?? utf8;
  }

  strings(name: string, fallback?: readonly string[]): readonly string[] {
    return this.optionalStrings(name) ?? fallback ?? this.missing(name);
  }

  optionalStrings(name: string): readonly string[] | null {
    const value = this.find(name);
    if (value === null) return null;
    if (value.kind !== 'array') return this.wrongType(name, value, 'a list: put it in [ ]');
    return value.items.map((item) =>
      item.kind === 'scalar' ? item.text : this.wrongType(name, item, 'a list of texts'),
    );
  }

  optionalObject(name: string): HoconObject | null {
    const value = this.find(name);
    if (value === null || value.kind === 'object') return value;
    return this.wrongType(name, value, 'an object: put it in { }');
  }

  object(name: string): HoconObject {
    return this.optionalObject(name) ?? this.missing(name);
  }

  /** A list of objects, as of commands. Empty where it is not given. */
  objects(name: string): readonly HoconObject[] {
    const value = this.find(name);
    if (value === null) return [];
    if (value.kind !== 'array') return this.wrongType(name, value, 'a list: put it in [ ]');
    return value.items.map((item) => (item.kind === 'object' ? item : this.wrongType(name, item, 'a list of objects')));
  }

  /** All that was given, for commands whose arguments are names of fields. Nested objects give dotted names. */
  entries(): readonly (readonly [string, ArgumentValue])[] {
    for (const key of this.config.fields.keys()) this.asked.add(key);
    return leavesOf(this.config);
  }

  /** Arguments of an object that is itself an argument, checked the same way. */
  nested(config: HoconObject): Arguments {
    return new Arguments(this.command, config);
  }

  /** A text that has to be something else besides, such as a pattern: what `compile` throws is the argument's mistake. */
  compiled<T>(name: string, compile: (text: string) => T): T {
    return this.attempt(name, this.string(name), compile);
  }

  /** The same for a text that is at hand. */
  attempt<T>(name: string, text: string, compile: (text: string) => T): T {
    try {
      return compile(text);
    } catch (error) {
      return this.fail(`${name}: ${(error as Error).message}`, name);
    }
  }

  /** Text of an argument as a field expression. */
  expression(text: string): FieldExpression {
    try {
      return new FieldExpression(text);
    } catch (error) {
      return this.fail((error as Error).message);
    }
  }

  /** Stops the compilation, at the argument's line or else at the command's. */
  fail(message: string, name?: string): never {
    const origin = (name === undefined ? undefined : this.config.fields.get(name)?.origin) ?? this.origin;
    throw new MorphlineCompileError(`${this.command}: ${message}`, origin);
  }

  refuseUnknown(): void {
    for (const [key, value] of this.config.fields) {
      if (this.asked.has(key)) continue;
      const names = [...this.asked];
      const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
      throw new MorphlineCompileError(
        `${this.command} has no argument ${key}${hint(key, names)}; ${known}`,
        value.origin,
      );
    }
  }

  private find(name: string): HoconValue | null {
    this.asked.add(name);
    const value = this.config.fields.get(name);
    return value === undefined || (value.kind === 'scalar' && value.value === null) ? null : value;
  }

  private missing(name: string): never {
    return this.fail(`the argument ${name} is missing`);
  }

  private wrongType(name: string, value: HoconValue, wanted: string): never {
    throw new MorphlineCompileError(`${this.command}: ${name} has to be ${wanted}`, value.origin);
  }
}

/** The name and value of each leaf below an object; nulls are left out. */
export function leavesOf(config: HoconObject): readonly (readonly [string, ArgumentValue])[] {
  const leaves: (readonly [string, ArgumentValue])[] = [];
  collectLeaves(config, [], leaves);
  return leaves;
}

function collectLeaves(config: HoconObject, path: readonly string[], into: (readonly [string, ArgumentValue])[]): void {
  for (const [key, value] of config.fields) {
    const here = [...path, key];
    if (value.kind === 'object') collectLeaves(value, here, into);
    else if (value.kind === 'array') into.push([nameOf(here), value.items.flatMap(valueOf)]);
    else if (value.value !== null) into.push([nameOf(here), scalarText(value)]);
  }
}

function nameOf(path: readonly string[]): string {
  const [only = ''] = path;
  return path.length === 1 ? only : renderPath(path);
}

/** Numbers are read and written again, as `unwrapped().toString()` does: `1.50` becomes `1.5`. */
function scalarText(scalar: HoconScalar): string {
  return typeof scalar.value === 'string' || scalar.value === null ? scalar.text : scalar.value.toString();
}

function valueOf(value: HoconValue): RecordValue[] {
  if (value.kind !== 'scalar') return [new JavaTree(treeOf(value))];
  return value.value === null ? [] : [value.value];
}

function treeOf(value: HoconValue): TreeValue {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'array') return value.items.map(treeOf);
  return Object.fromEntries([...value.fields].map(([key, item]) => [key, treeOf(item)]));
}

/** ` (did you mean x?)`, or nothing. */
export function hint(written: string, candidates: Iterable<string>): string {
  const near = suggest(written, candidates);
  return near === null ? '' : ` (did you mean ${near}?)`;
}

const durationUnitsMs: Readonly<Record<string, number>> = {
  '': 1,
  ns: 1e-6,
  nano: 1e-6,
  nanosecond: 1e-6,
  us: 1e-3,
  micro: 1e-3,
  microsecond: 1e-3,
  ms: 1,
  milli: 1,
  millisecond: 1,
  s: 1000,
  second: 1000,
  m: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
};
