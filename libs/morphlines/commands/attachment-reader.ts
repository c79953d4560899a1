import type { Arguments } from '../arguments.js';
import { ChainedCommand } from '../chained-command.js';
import { findCharset, type Charset } from '../charset.js';
import type { Command } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import { javaText } from '../java-value.js';
import { fields, type MorphlineRecord } from '../record.js';

/**
 * A command that reads the bytes of a record's first attachment. It fails a record without one, and one whose `_attachment_mimetype` is not
 * among the argument `supportedMimeTypes` (`text/*` is a range; absent takes all).
 */
export abstract class AttachmentReader extends ChainedCommand {
  private readonly mimeTypes: ReadonlySet<string> | null;

  /** `mimeTypes` are taken where the argument is not given. */
  constructor(child: Command, args: Arguments, mimeTypes: readonly string[] | null = null) {
    super(child);
    const given = args.optionalStrings('supportedMimeTypes') ?? mimeTypes;
    this.mimeTypes = given === null || given.length === 0 ? null : new Set(given.map(baseType));
  }

  process(record: MorphlineRecord): boolean {
    const body = record.first(fields.attachmentBody);
    if (body === undefined || !this.accepts(record)) return false;
    if (!(body instanceof Uint8Array)) {
      throw new MorphlineRuntimeError(
        `${fields.attachmentBody} has to hold bytes but holds ${javaText(body).slice(0, 100)}`,
      );
    }
    return this.read(record, body);
  }

  protected abstract read(record: MorphlineRecord, bytes: Uint8Array): boolean;

  private accepts(record: MorphlineRecord): boolean {
    if (this.mimeTypes === null) return true;
    const value = record.first(fields.attachmentMimeType);
    if (value === undefined) return false;
    const type = baseType(javaText(value));
    return this.mimeTypes.has(type) || this.mimeTypes.has(`${type.split('/')[0] ?? ''}/*`) || this.mimeTypes.has('*/*');
  }
}

/** The argument's character set, or else the one in `_attachment_charset`. */
export function charsetOf(record: MorphlineRecord, given: Charset | null): Charset {
  if (given !== null) return given;
  const name = record.first(fields.attachmentCharset);
  if (name === undefined) throw new MorphlineRuntimeError(`Missing charset for record: ${record.toString()}`);
  const charset = findCharset(javaText(name));
  if (charset === null) throw new MorphlineRuntimeError(`There is no character set ${javaText(name)}`);
  return charset;
}

function baseType(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}
