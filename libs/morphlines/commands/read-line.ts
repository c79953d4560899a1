import type { Charset } from '../charset.js';
import type { CommandInput, CommandType } from '../command.js';
import { fields, type MorphlineRecord } from '../record.js';
import { AttachmentReader, charsetOf } from './attachment-reader.js';
import { TextLines } from './text-lines.js';

/** One record for each line that is not empty, in `message`. */
export const readLine: CommandType = {
  name: 'readLine',
  className: 'org.kitesdk.morphline.stdio.ReadLineBuilder',
  create: (input) => new ReadLine(input),
};

class ReadLine extends AttachmentReader {
  private readonly charset: Charset | null;
  private readonly ignoreFirstLine: boolean;
  private readonly commentPrefix: string;

  constructor({ arguments: args, child }: CommandInput) {
    super(child, args);
    this.charset = args.charset('charset');
    this.ignoreFirstLine = args.boolean('ignoreFirstLine', false);
    this.commentPrefix = args.string('commentPrefix', '');
    if (this.commentPrefix.length > 1) args.fail('commentPrefix can have one character at most', 'commentPrefix');
  }

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    const text = charsetOf(record, this.charset).decode(bytes);
    const template = record.copy();
    template.removeAttachments();
    template.remove(fields.message);
    const lines = new TextLines(text);
    if (this.ignoreFirstLine) lines.next();
    for (let line = lines.next(); line !== null; line = lines.next()) {
      if (line === '' || (this.commentPrefix !== '' && line.startsWith(this.commentPrefix))) continue;
      const output = template.copy();
      output.put(fields.message, line);
      if (!this.child.process(output)) return false;
    }
    return true;
  }
}
