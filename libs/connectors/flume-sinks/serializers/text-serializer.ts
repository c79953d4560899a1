import type { EventBatch } from '#pipeline/event-batch';
import type { EventEncoder, EventSerializer } from './event-encoder.js';
import { HeaderTexts } from './java-map-text.js';

const newline = 0x0a;

export interface TextOptions {
  /** `{name=value, …}` and a blank before each body. */
  readonly headers: boolean;
  readonly appendNewline: boolean;
}

/** Flume's TEXT and HEADER_AND_TEXT: bodies as they are, each followed by a newline unless that is switched off. */
export class TextSerializer implements EventSerializer {
  constructor(private readonly options: TextOptions) {}

  open(): EventEncoder {
    const pieces: Buffer[] = [];
    return {
      add: (batch, indexes) => {
        pieces.push(encodeText(batch, indexes, this.options));
      },
      take: () => Promise.resolve(Buffer.concat(pieces.splice(0))),
    };
  }
}

export function encodeText(batch: EventBatch, indexes: Int32Array, options: TextOptions): Buffer {
  const newlineBytes = options.appendNewline ? 1 : 0;
  if (options.headers) return encodeWithHeaders(batch, indexes, newlineBytes);
  let size = indexes.length * newlineBytes;
  for (const index of indexes) size += (batch.ends[index] ?? 0) - (batch.starts[index] ?? 0);
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const index of indexes) {
    at += batch.bytes.copy(target, at, batch.starts[index] ?? 0, batch.ends[index] ?? 0);
    if (newlineBytes === 1) {
      target[at] = newline;
      at += 1;
    }
  }
  return target;
}

function encodeWithHeaders(batch: EventBatch, indexes: Int32Array, newlineBytes: 0 | 1): Buffer {
  const texts = new HeaderTexts(batch);
  const pieces: Buffer[] = [];
  const end = Buffer.from('\n');
  for (const index of indexes) {
    pieces.push(Buffer.from(`${texts.text(index)} `), batch.body(index));
    if (newlineBytes === 1) pieces.push(end);
  }
  return Buffer.concat(pieces);
}
