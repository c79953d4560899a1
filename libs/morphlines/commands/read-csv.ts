import type { Charset } from '../charset.js';
import type { CommandInput, CommandType } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import { javaTrim } from '../java-value.js';
import type { MorphlineRecord } from '../record.js';
import { AttachmentReader, charsetOf } from './attachment-reader.js';
import { TextLines } from './text-lines.js';

/** One record for each line of comma-separated values; with a quote character a value may hold separators and line ends. */
export const readCsv: CommandType = {
  name: 'readCSV',
  className: 'org.kitesdk.morphline.stdio.ReadCSVBuilder',
  create: (input) => new ReadCsv(input),
};

class ReadCsv extends AttachmentReader {
  private readonly separator: string;
  private readonly columns: readonly string[];
  private readonly charset: Charset | null;
  private readonly ignoreFirstLine: boolean;
  private readonly trim: boolean;
  private readonly addEmptyStrings: boolean;
  private readonly quote: string;
  private readonly commentPrefix: string;
  private readonly charactersMax: number;
  private readonly ignoresTooLong: boolean;

  constructor({ arguments: args, child, context }: CommandInput) {
    super(child, args);
    this.separator = args.string('separator', ',');
    if (this.separator.length !== 1) args.fail('separator has to be one character', 'separator');
    this.columns = args.strings('columns');
    this.charset = args.charset('charset');
    this.ignoreFirstLine = args.boolean('ignoreFirstLine', false);
    this.trim = args.boolean('trim', true);
    this.addEmptyStrings = args.boolean('addEmptyStrings', true);
    this.quote = args.string('quoteChar', '');
    if (this.quote.length > 1) args.fail('quoteChar can have one character at most', 'quoteChar');
    if (this.quote === this.separator) args.fail('quoteChar and separator have to differ', 'quoteChar');
    this.commentPrefix = args.string('commentPrefix', '');
    if (this.commentPrefix.length > 1) args.fail('commentPrefix can have one character at most', 'commentPrefix');
    this.charactersMax = args.integer('maxCharactersPerRecord', 1_000_000);
    const choices = ['throwException', 'ignoreRecord'] as const;
    this.ignoresTooLong = args.choice('onMaxCharactersPerRecord', choices, 'throwException') === 'ignoreRecord';
    this.warn = (message) => context.logger.warn(message);
  }

  private readonly warn: (message: string) => void;

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    const lines = new TextLines(charsetOf(record, this.charset).decode(bytes));
    const template = record.copy();
    template.removeAttachments();
    if (this.ignoreFirstLine) lines.next();
    for (let line = lines.next(); line !== null; line = lines.next()) {
      if (!this.isShortEnough(line.length, line) || /^[\0- ]*$/.test(line)) continue;
      if (this.commentPrefix !== '' && line.startsWith(this.commentPrefix)) continue;
      const output = template.copy();
      if (this.quote === '') this.plain(line, output);
      else if (!this.quoted(line, lines, output)) continue;
      if (!this.child.process(output)) return false;
    }
    return true;
  }

  private plain(line: string, output: MorphlineRecord): void {
    let start = 0;
    let column = 0;
    for (let end = line.indexOf(this.separator); end >= 0; end = line.indexOf(this.separator, start)) {
      this.put(output, column, line.slice(start, end));
      start = end + 1;
      column += 1;
    }
    this.put(output, column, line.slice(start));
  }

  /** False where the record is too long and to be ignored. Quotes may begin anywhere in a value; two within quotes are one. */
  private quoted(first: string, lines: TextLines, output: MorphlineRecord): boolean {
    let line = first;
    let characters = line.length;
    let value = '';
    let column = 0;
    let isQuoted = false;
    for (let at = 0; isQuoted || at < line.length; at += 1) {
      const next = line[at];
      if (next === undefined) {
        const following = lines.next();
        if (following === null) throw new MorphlineRuntimeError('readCSV: the text ends within quotes');
        value += '\n';
        characters += following.length;
        if (!this.isShortEnough(characters, value + following)) return false;
        line = following;
        at = -1;
      } else if (next === this.quote) {
        const isDouble = line[at + 1] === this.quote && (isQuoted || value !== '');
        if (isDouble) {
          value += next;
          at += 1;
        } else {
          isQuoted = !isQuoted;
        }
      } else if (next === this.separator && !isQuoted) {
        this.put(output, column, value);
        column += 1;
        value = '';
      } else {
        value += next;
      }
    }
    if (column > 0 || value !== '') this.put(output, column, value);
    return true;
  }

  private put(output: MorphlineRecord, column: number, raw: string): void {
    const name = this.columns[column] ?? `column${column}`;
    if (name === '') return;
    const value = this.trim ? javaTrim(raw) : raw;
    if (value !== '' || this.addEmptyStrings) output.put(name, value);
  }

  private isShortEnough(characters: number, text: string): boolean {
    if (characters <= this.charactersMax) return true;
    const message = `readCSV: a record is longer than maxCharactersPerRecord ${this.charactersMax}, near: ${text.slice(0, 200)}`;
    if (!this.ignoresTooLong) throw new MorphlineRuntimeError(message);
    this.warn(message);
    return false;
  }
}
