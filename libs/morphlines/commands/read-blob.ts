import type { CommandInput, CommandType } from '../command.js';
import { fields, type MorphlineRecord } from '../record.js';
import type { Charset } from '../charset.js';
import { AttachmentReader, charsetOf } from './attachment-reader.js';

/** The bytes of the attachment as one value. Ours are bytes already, so that it only puts them where they are wanted. */
export const readBlob: CommandType = {
  name: 'readBlob',
  className: 'org.kitesdk.morphline.stdio.ReadBlobBuilder',
  create: (input) => new ReadBlob(input),
};

/** The whole attachment as one text. */
export const readClob: CommandType = {
  name: 'readClob',
  className: 'org.kitesdk.morphline.stdio.ReadClobBuilder',
  create: (input) => new ReadClob(input),
};

class ReadBlob extends AttachmentReader {
  private readonly outputField: string;

  constructor({ arguments: args, child }: CommandInput) {
    super(child, args);
    this.outputField = args.string('outputField', fields.attachmentBody);
  }

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    record.replace(this.outputField, bytes);
    return this.child.process(record);
  }
}

class ReadClob extends AttachmentReader {
  private readonly charset: Charset | null;
  private readonly outputField: string;

  constructor({ arguments: args, child }: CommandInput) {
    super(child, args);
    this.charset = args.charset('charset');
    this.outputField = args.string('outputField', fields.message);
  }

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    const text = charsetOf(record, this.charset).decode(bytes);
    const output = record.copy();
    output.removeAttachments();
    output.replace(this.outputField, text);
    return this.child.process(output);
  }
}
