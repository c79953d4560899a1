import type { SinkBatch } from '#pipeline/sink-batch';
import { emptyBuffer, type FileEncoder, type Format } from './format.js';

/**
 * Value bytes as they are, each followed by a newline (Flume's TEXT serializer) or another separator. A record without value is an empty line, so
 * that lines and records stay one to one.
 */
export class TextFormat implements Format {
  readonly name = 'text';
  readonly extension: string;
  private readonly encoder: FileEncoder;

  /** `separator` follows each value; `extension` is `.txt` for lines. */
  constructor(options: { readonly separator: string; readonly extension: string }) {
    const separator = Buffer.from(options.separator);
    this.extension = options.extension;
    this.encoder = { header: emptyBuffer, encode: (batch, indexes) => encodeLines(batch, indexes, separator) };
  }

  check(): void {}

  open(): FileEncoder {
    return this.encoder;
  }
}

function encodeLines(batch: SinkBatch, indexes: Int32Array, separator: Buffer): Buffer {
  const values: (Buffer | null)[] = [];
  let size = indexes.length * separator.length;
  for (const index of indexes) {
    const value = batch.value(index);
    values.push(value);
    size += value?.length ?? 0;
  }
  const [only = -1] = separator;
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const value of values) {
    if (value !== null) at += value.copy(target, at);
    if (separator.length === 1) {
      target[at] = only;
      at += 1;
    } else if (separator.length > 1) at += separator.copy(target, at);
  }
  return target;
}
