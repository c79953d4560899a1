/** Writes messages of Thrift's compact and binary protocols, each in a frame: its length (i32, big endian) and the message. */
import { GrowingBuffer } from './growing-buffer.js';
import {
  binaryVersion,
  compactId,
  compactOfType,
  compactVersion,
  thriftType,
  type MessageHead,
  type ThriftProtocolName,
} from './thrift-types.js';

const frameHeadBytes = 4;

export abstract class ThriftWriter {
  readonly out: GrowingBuffer;

  constructor(bytesGuess: number) {
    this.out = new GrowingBuffer(bytesGuess);
    this.out.int32(0);
  }

  abstract head(head: MessageHead): void;
  /** `before` is the id of the field before it in its struct, 0 where it is the first. */
  abstract field(type: number, id: number, before: number): void;
  abstract list(type: number, count: number): void;
  abstract textMap(count: number): void;
  abstract i32(value: number): void;
  abstract length(length: number): void;

  stop(): void {
    this.out.byte(thriftType.stop);
  }

  text(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.length(bytes);
    this.out.text(text, bytes);
  }

  /** The whole frame. */
  finish(): Buffer {
    this.out.int32At(0, this.out.length - frameHeadBytes);
    return this.out.finish();
  }
}

export class CompactWriter extends ThriftWriter {
  head({ name, kind, sequence }: MessageHead): void {
    this.out.byte(compactId);
    this.out.byte((kind << 5) | compactVersion);
    this.out.varint(sequence >>> 0);
    this.text(name);
  }

  field(type: number, id: number, before: number): void {
    const compact = compactOfType[type] ?? 0;
    if (id > before) {
      this.out.byte(((id - before) << 4) | compact);
    } else {
      this.out.byte(compact);
      this.out.zigzag(id);
    }
  }

  list(type: number, count: number): void {
    const compact = compactOfType[type] ?? 0;
    if (count < 15) {
      this.out.byte((count << 4) | compact);
    } else {
      this.out.byte(0xf0 | compact);
      this.out.varint(count);
    }
  }

  textMap(count: number): void {
    this.out.varint(count);
    if (count > 0) this.out.byte(0x88);
  }

  /** Not negative. */
  i32(value: number): void {
    this.out.zigzag(value);
  }

  length(length: number): void {
    this.out.varint(length);
  }
}

export class BinaryWriter extends ThriftWriter {
  head({ name, kind, sequence }: MessageHead): void {
    this.out.int16(binaryVersion - 0x10000);
    this.out.byte(0);
    this.out.byte(kind);
    this.text(name);
    this.out.int32(sequence);
  }

  field(type: number, id: number): void {
    this.out.byte(type);
    this.out.int16(id);
  }

  list(type: number, count: number): void {
    this.out.byte(type);
    this.out.int32(count);
  }

  textMap(count: number): void {
    this.out.byte(thriftType.binary);
    this.out.byte(thriftType.binary);
    this.out.int32(count);
  }

  i32(value: number): void {
    this.out.int32(value);
  }

  length(length: number): void {
    this.out.int32(length);
  }
}

export function createWriter(protocol: ThriftProtocolName, bytesGuess = 256): ThriftWriter {
  return protocol === 'compact' ? new CompactWriter(bytesGuess) : new BinaryWriter(bytesGuess);
}
