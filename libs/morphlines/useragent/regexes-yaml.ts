/**
 * Reads the database of ua-parser, `regexes.yaml`. Of YAML this is what such files consist of: named sections, each a list of maps from a key to
 * one text (in single quotes, double quotes or none), or a list of texts; comments and blank lines anywhere. All else is refused with file
 * and line, so that nothing is taken for something that it is not.
 */

/** One item of a section. */
export interface RegexesEntry {
  /** Counted from 1. */
  readonly line: number;
  /** Empty where the item is a text by itself. */
  readonly values: ReadonlyMap<string, string>;
}

/** Items by name of their section, in the order of the file, which is that of precedence. */
export type RegexesYaml = ReadonlyMap<string, readonly RegexesEntry[]>;

/** Bytes of the file; the one that ua-parser publishes has less than 1 MiB. */
export const regexesYamlBytesMax = 16 * 1024 * 1024;

/** Throws an Error that begins with file:line. */
export function parseRegexesYaml(text: string, file: string): RegexesYaml {
  const reader = new RegexesReader(file);
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const [index, line] of lines.entries()) reader.read(line, index + 1);
  return reader.sections;
}

class RegexesReader {
  readonly sections = new Map<string, RegexesEntry[]>();
  private section: RegexesEntry[] | null = null;
  /** Columns of the section's dashes and of the item's keys; -1 where there was none yet. */
  private dashColumn = -1;
  private keyColumn = -1;
  private values: Map<string, string> | null = null;
  private line = 0;

  constructor(private readonly file: string) {}

  read(text: string, line: number): void {
    this.line = line;
    const content = text.trimStart();
    if (content === '' || content.startsWith('#') || /^---\s*$/.test(text)) return;
    const column = text.length - content.length;
    if (text.slice(0, column).includes('\t')) this.fail('a line has to be indented by blanks, not by tabs');
    if (/^-(?:\s|$)/.test(content)) this.item(content, column);
    else if (column === 0) this.openSection(content);
    else this.value(content, column);
  }

  private openSection(content: string): void {
    const [, name, rest = ''] =
      /^([\w-]+)\s*:(?:\s+(.*))?$/.exec(content) ?? this.fail('expected a section, as os_parsers:');
    if (name === undefined || this.sections.has(name)) return this.fail(`the section ${name} comes twice`);
    if (!/^(?:\[\s*\]\s*)?(?:#.*)?$/.test(rest)) this.fail(`the section ${name} has to be a list`);
    this.section = [];
    this.sections.set(name, this.section);
    this.dashColumn = -1;
    this.values = null;
  }

  private item(content: string, column: number): void {
    if (this.section === null) return this.fail('a list without a section, as os_parsers:, before it');
    if (this.dashColumn >= 0 && column !== this.dashColumn)
      return this.fail(`the item has to be indented by ${this.dashColumn} blanks, as those before it`);
    this.dashColumn = column;
    const inner = content.slice(1).trimStart();
    const values = new Map<string, string>();
    this.section.push({ line: this.line, values });
    this.values = null;
    if (!/^[\w-]+\s*:(?:\s|$)/.test(inner)) {
      this.scalar(inner);
      return;
    }
    this.values = values;
    this.keyColumn = column + content.length - inner.length;
    this.value(inner, this.keyColumn);
  }

  private value(content: string, column: number): void {
    if (this.values === null) return this.fail('a value outside a list: an item begins with a dash');
    if (column !== this.keyColumn)
      return this.fail(`the key has to be indented by ${this.keyColumn} blanks, as the first of its item`);
    const [, key = '', rest = ''] =
      /^([\w-]+)\s*:\s+(.*)$/.exec(content) ?? this.fail("expected a key and a text, as regex: '…'");
    if (this.values.has(key)) this.fail(`the key ${key} comes twice in this item`);
    this.values.set(key, this.scalar(rest));
  }

  private scalar(text: string): string {
    const match = /^(?:'((?:[^']|'')*)'|"((?:[^"\\]|\\.)*)"|([^'"#&*!|>%@`[\]{},?-].*?))\s*$/.exec(
      withoutComment(text),
    );
    if (match === null)
      return this.fail(`${text === '' ? 'nothing' : text} is not a text: put it in single quotes, all on this line`);
    const [, single, double, plain = ''] = match;
    if (single !== undefined) return single.replaceAll("''", "'");
    if (double !== undefined) return this.unescaped(double);
    if (/:(?:\s|$)/.test(plain)) this.fail(`${plain}: a text with a colon has to be in single quotes`);
    return plain;
  }

  private unescaped(text: string): string {
    return text.replaceAll(
      /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|(.))/g,
      (written, byte?: string, unit?: string, letter = '') => {
        const code = byte ?? unit;
        if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
        return escapes[letter] ?? this.fail(`${written} is no escape; in single quotes a backslash is only itself`);
      },
    );
  }

  private fail(message: string): never {
    throw new Error(`${this.file}:${this.line}: ${message}`);
  }
}

/** A comment begins with a # behind a blank, outside quotes. */
function withoutComment(text: string): string {
  const quoted = /^(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")(?=\s+#)/.exec(text)?.[0];
  if (quoted !== undefined) return quoted;
  return /^['"]/.test(text) ? text : text.replace(/\s+#.*$/, '');
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', '/': '/', n: '\n', r: '\r', t: '\t' };
