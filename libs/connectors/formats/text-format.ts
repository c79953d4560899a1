import type { SinkBatch } from '#pipeline/sink-batch';
import { emptyBuffer, type FileEncoder, type Format } from './format.js';

const newline = 0x0a;

/**
 * Value bytes as they are, each followed by a newline (Flume's TEXT serializer). A record without value is an empty line, so
 * that lines and records stay one to one.
 */
export class TextFormat implements Format {
  readonly name = 'text';
  readonly extension = '.txt';
  private readonly encoder: FileEncoder;

  constructor(options: { readonly appendNewline: boolean }) {
    this.encoder = {
      header: emptyBuffer,
      encode: (batch, indexes) => encodeLines(batch, indexes, options.appendNewline ? 1 : 0),
    };
  }

  check(): void {}

  open(): FileEncoder {
    return this.encoder;
  }
}

function encodeLines(batch: SinkBatch, indexes: Int32Array, newlineBytes: 0 | 1): Buffer {
  const values: (Buffer | null)[] = [];
  let size = indexes.length * newlineBytes;
  for (const index of indexes) {
    const value = batch.value(index);
    values.push(value);
    size += value?.length ?? 0;
  }
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const value of values) {
    if (value !== null) at += value.copy(target, at);
    if (newlineBytes === 1) {
      target[at] = newline;
      at += 1;
    }
  }
  return target;
}
