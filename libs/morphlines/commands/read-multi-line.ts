import { compileJavaMatcher } from '#std/java-regex';
import type { Charset } from '../charset.js';
import type { CommandInput, CommandType } from '../command.js';
import { fields, type MorphlineRecord } from '../record.js';
import { AttachmentReader, charsetOf } from './attachment-reader.js';
import { TextLines } from './text-lines.js';

/** Joins lines that belong together, such as stack traces, by a pattern for a whole line; one record for each group of lines. */
export const readMultiLine: CommandType = {
  name: 'readMultiLine',
  className: 'org.kitesdk.morphline.stdio.ReadMultiLineBuilder',
  create: (input) => new ReadMultiLine(input),
};

class ReadMultiLine extends AttachmentReader {
  private readonly charset: Charset | null;
  private readonly pattern: RegExp;
  /** Whether a line that matches goes to the lines before it. */
  private readonly matchJoins: boolean;

  constructor({ arguments: args, child }: CommandInput) {
    super(child, args);
    this.pattern = args.compiled('regex', compileJavaMatcher);
    const negate = args.boolean('negate', false);
    this.charset = args.charset('charset');
    this.matchJoins = (args.choice('what', ['previous', 'next'], 'previous') === 'previous') !== negate;
  }

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    const lines = new TextLines(charsetOf(record, this.charset).decode(bytes));
    const template = record.copy();
    template.removeAttachments();
    template.remove(fields.message);
    let message = lines.next();
    if (message === null) return true;
    for (let line = lines.next(); line !== null; line = lines.next()) {
      if (this.pattern.test(line) === this.matchJoins) {
        message += `\n${line}`;
        continue;
      }
      if (!this.emit(template, message)) return false;
      message = line;
    }
    return this.emit(template, message);
  }

  private emit(template: MorphlineRecord, message: string): boolean {
    if (message === '') return true;
    const output = template.copy();
    output.put(fields.message, message);
    return this.child.process(output);
  }
}
