import { MorphlineCompileError, type Origin } from '../errors.js';
import { ArrayNode, ConcatenationNode, ObjectNode, SubstitutionNode, type HoconNode } from './hocon-node.js';
import { HoconScalar } from './hocon-value.js';
import { parsePath } from './hocon-path.js';
import { scalarOf } from './hocon-scalar.js';

/** Depth of brackets at which a file is refused rather than the stack used up. */
const depthMax = 200;

/** Reads the file that an `include` names; null where there is none, which HOCON lets pass. */
export type IncludeReader = (name: string, from: Origin) => ObjectNode | null;

/** HOCON as Lightbend's specification has it, without `include url(…)` and `classpath(…)`. Throws a MorphlineCompileError with file:line. */
export class HoconParser {
  private at = 0;
  private line = 1;
  private depth = 0;
  /** Keys around the object being read, for includes in it. */
  private readonly around: string[] = [];

  constructor(
    private readonly text: string,
    private readonly file: string,
    private readonly include: IncludeReader,
  ) {}

  parse(): ObjectNode {
    if (this.text.startsWith('\ufeff')) this.at = 1;
    this.skipBlank();
    const hasBraces = this.peek() === '{';
    const root = hasBraces ? this.object() : this.fieldsInto(new ObjectNode(this.origin()), '');
    this.skipBlank();
    if (this.at < this.text.length) this.fail(`expected the end of the file but found ${this.shown()}`);
    return root;
  }

  private object(): ObjectNode {
    this.enter();
    const object = new ObjectNode(this.origin());
    this.at += 1;
    this.fieldsInto(object, '}');
    this.depth -= 1;
    return object;
  }

  /** Up to and with `close`, or to the end of the file where that is empty. */
  private fieldsInto(object: ObjectNode, close: string): ObjectNode {
    const opened = object.origin;
    for (;;) {
      this.skipBlank();
      const next = this.peek();
      if (next === '') {
        if (close === '') return object;
        throw new MorphlineCompileError('this { is never closed', opened);
      }
      if (next === close) {
        this.at += 1;
        return object;
      }
      if (!this.tryInclude(object)) this.field(object);
      this.endOfElement(close);
    }
  }

  private field(object: ObjectNode): void {
    const origin = this.origin();
    const path = this.key();
    this.skipInline();
    const next = this.peek();
    this.around.push(...path);
    if (next === '{') {
      object.assign(path, this.value());
    } else if (this.text.startsWith('+=', this.at)) {
      this.at += 2;
      const added = this.valueAfter();
      const before = new SubstitutionNode([...this.around], true, origin);
      object.assign(path, new ConcatenationNode([before, new ArrayNode([added], origin)], origin));
    } else if (next === ':' || next === '=') {
      this.at += 1;
      object.assign(path, this.valueAfter());
    } else {
      this.fail(`expected ':' or '=' after the key ${path.join('.')} but found ${this.shown()}`);
    }
    this.around.length -= path.length;
  }

  private valueAfter(): HoconNode {
    this.skipBlank();
    return this.value();
  }

  private tryInclude(object: ObjectNode): boolean {
    const match = /^include\s+(?:(required\s*\(\s*)?(file\s*\(\s*)?"((?:[^"\\\n]|\\.)*)"[ \t]*\)?\)?)/.exec(
      this.text.slice(this.at, this.at + 2048),
    );
    if (match === null) {
      if (/^include\s+(?:url|classpath)\s*\(/.test(this.text.slice(this.at, this.at + 64)))
        this.fail('include url(…) and classpath(…) are not supported: give the name of a file');
      return false;
    }
    const origin = this.origin();
    const name = match[3] ?? '';
    const included = this.include(name, origin);
    if (included === null && match[1] !== undefined) this.fail(`the file ${name} that is included does not exist`);
    this.line += match[0].split('\n').length - 1;
    this.at += match[0].length;
    if (included !== null) {
      if (this.around.length > 0) relocate(included, [...this.around]);
      object.mergeIn(included);
    }
    return true;
  }

  private key(): string[] {
    const start = this.at;
    let end = this.at;
    for (;;) {
      const next = this.text[end] ?? '';
      if (next === '"') {
        end = this.closingQuote(end);
        continue;
      }
      if (next === '' || next === '\n' || ':={}[],+#'.includes(next) || this.text.startsWith('//', end)) break;
      if ('$`^?!@*&\\'.includes(next)) this.fail(`${next} has to stand in quotes in a key`);
      end += 1;
    }
    const written = this.text.slice(start, end).trim();
    if (written === '') this.fail(`expected a key but found ${this.shown()}`);
    this.at = end;
    const path = parsePath(written);
    if (path === null) this.fail(`${written} is not a key: it has an empty part between dots`);
    return path;
  }

  /** Index after the closing quote of the string that begins at `open`. */
  private closingQuote(open: number): number {
    for (let end = open + 1; end < this.text.length && this.text[end] !== '\n'; end += 1) {
      if (this.text[end] === '\\') end += 1;
      else if (this.text[end] === '"') return end + 1;
    }
    return this.fail('this quote is never closed');
  }

  private value(): HoconNode {
    const origin = this.origin();
    const parts: HoconNode[] = [];
    let blanks = '';
    for (;;) {
      const part = this.part();
      if (part === null) break;
      if (parts.length > 0 && blanks !== '') parts.push(new HoconScalar(blanks, blanks, origin));
      parts.push(part);
      const from = this.at;
      this.skipInline();
      blanks = this.text.slice(from, this.at);
      if (blanks.includes('#') || blanks.includes('//')) break;
    }
    const [only] = parts;
    if (only === undefined) return this.fail(`expected a value but found ${this.shown()}`);
    return parts.length === 1 ? only : new ConcatenationNode(parts, origin);
  }

  private part(): HoconNode | null {
    const origin = this.origin();
    const next = this.peek();
    if (next === '{') return this.object();
    if (next === '[') return this.array();
    if (next === '"') return this.quoted(origin);
    if (next === '$' && this.text[this.at + 1] === '{') return this.substitution(origin);
    if (next === '' || next === '\n' || next === '}' || next === ']' || next === ',' || next === '#') return null;
    if (this.text.startsWith('//', this.at)) return null;
    const word = /^(?:(?!\/\/)[^\s$"{}[\]:=,+#`^?!@*&\\])+/.exec(this.text.slice(this.at, this.at + 65_536))?.[0];
    if (word === undefined) return this.fail(`${next} has to stand in quotes in a value`);
    this.at += word.length;
    return scalarOf(word, origin);
  }

  private array(): ArrayNode {
    this.enter();
    const origin = this.origin();
    this.at += 1;
    const items: HoconNode[] = [];
    for (;;) {
      this.skipBlank();
      const next = this.peek();
      if (next === '') throw new MorphlineCompileError('this [ is never closed', origin);
      if (next === ']') break;
      items.push(this.value());
      this.endOfElement(']');
    }
    this.at += 1;
    this.depth -= 1;
    return new ArrayNode(items, origin);
  }

  private quoted(origin: Origin): HoconScalar {
    if (this.text.startsWith('"""', this.at)) return this.raw(origin);
    const end = this.closingQuote(this.at);
    const written = this.text.slice(this.at, end);
    try {
      const text = JSON.parse(written.replaceAll('\t', '\\t')) as string;
      this.at = end;
      return new HoconScalar(text, text, origin);
    } catch {
      return this.fail(
        `${written} has an escape that JSON does not know: write \\\\ for a backslash, or put the text in """three quotes"""`,
      );
    }
  }

  /** Three quotes: no escapes, newlines kept; further quotes before the closing three belong to the text. */
  private raw(origin: Origin): HoconScalar {
    let end = this.text.indexOf('"""', this.at + 3);
    if (end < 0) return this.fail('these three quotes are never closed');
    while (this.text[end + 3] === '"') end += 1;
    const text = this.text.slice(this.at + 3, end);
    this.line += text.split('\n').length - 1;
    this.at = end + 3;
    return new HoconScalar(text, text, origin);
  }

  private substitution(origin: Origin): SubstitutionNode {
    const end = this.text.indexOf('}', this.at);
    const line = this.text.indexOf('\n', this.at);
    if (end < 0 || (line >= 0 && line < end)) this.fail('this ${ is never closed');
    const isOptional = this.text[this.at + 2] === '?';
    const written = this.text.slice(this.at + (isOptional ? 3 : 2), end).trim();
    const path = parsePath(written);
    if (path === null) this.fail(`\${${written}} does not name anything`);
    this.at = end + 1;
    return new SubstitutionNode(path, isOptional, origin);
  }

  /** A comma, a line's end or `close` has to follow. */
  private endOfElement(close: string): void {
    const before = this.line;
    this.skipBlank();
    const next = this.peek();
    if (next === ',') {
      this.at += 1;
      this.skipBlank();
      if (this.peek() === ',') this.fail('two commas in a row');
    } else if (next !== close && next !== '' && this.line === before) {
      this.fail(
        `expected a comma, a new line or ${close === '' ? 'the end of the file' : close} but found ${this.shown()}`,
      );
    }
  }

  private skipBlank(): void {
    for (;;) {
      const next = this.peek();
      if (next === '\n') {
        this.line += 1;
        this.at += 1;
      } else if (next === '#' || this.text.startsWith('//', this.at)) {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end;
      } else if (next !== '' && isBlank(next)) {
        this.at += 1;
      } else {
        return;
      }
    }
  }

  private skipInline(): void {
    while (this.peek() !== '' && this.peek() !== '\n' && isBlank(this.peek())) this.at += 1;
  }

  private enter(): void {
    this.depth += 1;
    if (this.depth > depthMax) this.fail(`more than ${depthMax} brackets inside each other`);
  }

  private peek(): string {
    return this.text[this.at] ?? '';
  }

  private origin(): Origin {
    return { file: this.file, line: this.line };
  }

  private shown(): string {
    const next = this.peek();
    if (next === '') return 'the end of the file';
    return next === '\n' ? 'the end of the line' : `'${this.text.slice(this.at, this.at + 12).split('\n')[0] ?? ''}'`;
  }

  private fail(message: string): never {
    throw new MorphlineCompileError(message, this.origin());
  }
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || /\s|\ufeff/.test(character);
}

/** What an included file refers to is looked for below the place of the include first. */
function relocate(node: HoconNode, prefix: readonly string[]): void {
  if (node.kind === 'substitution') node.prefix = [...prefix, ...node.prefix];
  else if (node.kind === 'concatenation') for (const part of node.parts) relocate(part, prefix);
  else if (node.kind === 'arrayNode') for (const item of node.items) relocate(item, prefix);
  else if (node.kind === 'objectNode')
    for (const layers of node.fields.values()) for (const layer of layers) relocate(layer, prefix);
}
