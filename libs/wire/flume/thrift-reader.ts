/** Reads messages of Thrift's compact and binary protocols. All throw `wire.flume.malformed` where the bytes cannot be right. */
import { malformed } from './errors.js';
import {
  binaryVersion,
  compactId,
  compactVersion,
  thriftType,
  typeOfCompact,
  type MessageHead,
  type ThriftProtocolName,
} from './thrift-types.js';

const depthMax = 32;
const nameBytesMax = 256;
/** A boolean field of the compact protocol has its value in its type. */
const compactTrue = 1;
const compactFalse = 2;

export abstract class ThriftReader {
  at = 0;
  /** Id of the field that `field` has read. */
  fieldId = 0;

  constructor(readonly bytes: Buffer) {}

  abstract head(): MessageHead;
  /** Type of the next field of a struct, its id in `fieldId`; `stop` at its end. `before` is the id of the one before, 0 at first. */
  abstract field(before: number): number;
  /** Type of the elements in `elementType`; gives how many there are. */
  abstract list(): number;
  abstract i32(): number;
  /** How many entries a map of texts has. Others are refused. */
  abstract textMap(): number;
  elementType = 0;

  /** Reads a length and steps over so many bytes; gives how many. They end at `at`. */
  skipBinary(): number {
    const length = this.length();
    this.skipBytes(length);
    return length;
  }

  text(bytesMax: number): string {
    const length = this.skipBinary();
    return this.bytes.toString('utf8', this.at - Math.min(length, bytesMax), this.at);
  }

  /** Steps over the value of a field. */
  skip(type: number, depth = 0): void {
    if (depth > depthMax) throw malformed(`A message is nested more than ${depthMax} times.`);
    switch (type) {
      case thriftType.struct:
        for (let id = 0, field = this.field(id); field !== thriftType.stop; field = this.field(id)) {
          id = this.fieldId;
          this.skip(field, depth + 1);
        }
        return;
      case thriftType.list:
      case thriftType.set:
        this.skipElements(this.list(), depth + 1);
        return;
      case thriftType.binary:
        this.skipBinary();
        return;
      case thriftType.double:
        this.skipBytes(8);
        return;
      case thriftType.byte:
        this.skipBytes(1);
        return;
      default:
        this.skipOther(type, depth);
    }
  }

  /** Types whose bytes differ between the protocols. */
  protected abstract skipOther(type: number, depth: number): void;
  protected abstract skipElement(type: number, depth: number): void;
  protected abstract length(): number;

  protected skipElements(count: number, depth: number): void {
    const type = this.elementType;
    for (let left = count; left > 0; left -= 1) this.skipElement(type, depth);
  }

  protected skipBytes(count: number): void {
    if (count < 0 || count > this.bytes.length - this.at) throw cutOff();
    this.at += count;
  }

  /** A count of things that have at least so many bytes each. */
  protected counted(count: number, bytesMin: number): number {
    if (count < 0 || count * bytesMin > this.bytes.length - this.at) throw cutOff();
    return count;
  }

  protected byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw cutOff();
    this.at += 1;
    return byte;
  }
}

export class CompactReader extends ThriftReader {
  head(): MessageHead {
    if (this.byte() !== compactId) throw malformed(otherProtocol);
    const versionAndKind = this.byte();
    if ((versionAndKind & 0x1f) !== compactVersion) throw malformed(otherProtocol);
    const sequence = this.varint() | 0;
    return { name: this.text(nameBytesMax), kind: versionAndKind >> 5, sequence };
  }

  field(before: number): number {
    const first = this.byte();
    if (first === 0) return thriftType.stop;
    const delta = first >> 4;
    this.fieldId = delta === 0 ? this.zigzag() : before + delta;
    this.compactType = first & 0x0f;
    return typeOf(this.compactType);
  }

  list(): number {
    const first = this.byte();
    const short = first >> 4;
    this.elementType = typeOf(first & 0x0f);
    return this.counted(short === 15 ? this.varint() : short, 1);
  }

  textMap(): number {
    const count = this.varint();
    if (count === 0) return 0;
    if (this.byte() !== 0x88) throw malformed('A map is none of text by text.');
    return this.counted(count, 2);
  }

  i32(): number {
    return this.zigzag();
  }

  private compactType = 0;

  protected skipOther(type: number, depth: number): void {
    if (type === thriftType.map) {
      this.skipMap(depth);
    } else if (type === thriftType.bool) {
      const isInType = this.compactType === compactTrue || this.compactType === compactFalse;
      if (!isInType) this.byte();
    } else {
      this.varint();
    }
  }

  protected skipElement(type: number, depth: number): void {
    if (type === thriftType.bool) this.byte();
    else this.skip(type, depth);
  }

  protected length(): number {
    return this.varint();
  }

  private skipMap(depth: number): void {
    const count = this.counted(this.varint(), 1);
    if (count === 0) return;
    const types = this.byte();
    const [key, value] = [typeOf(types >> 4), typeOf(types & 0x0f)];
    for (let left = count; left > 0; left -= 1) {
      this.skipElement(key, depth + 1);
      this.skipElement(value, depth + 1);
    }
  }

  private zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  private varint(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 10; read += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw malformed('A number is longer than any that occurs here.');
  }
}

export class BinaryReader extends ThriftReader {
  head(): MessageHead {
    const first = this.i32();
    if (first < 0) {
      if (first >>> 16 !== binaryVersion) throw malformed(otherProtocol);
      const name = this.text(nameBytesMax);
      return { name, kind: first & 0xff, sequence: this.i32() };
    }
    // Without a version, as old clients send it: the name's length comes first.
    if (first > nameBytesMax) throw malformed(otherProtocol);
    this.skipBytes(first);
    const name = this.bytes.toString('utf8', this.at - first, this.at);
    return { name, kind: this.byte(), sequence: this.i32() };
  }

  field(): number {
    const type = this.byte();
    if (type === thriftType.stop) return type;
    this.skipBytes(2);
    this.fieldId = this.bytes.readInt16BE(this.at - 2);
    return type;
  }

  list(): number {
    this.elementType = this.byte();
    return this.counted(this.i32(), 1);
  }

  textMap(): number {
    const isOfText = this.byte() === thriftType.binary && this.byte() === thriftType.binary;
    const count = this.counted(this.i32(), 8);
    if (!isOfText && count > 0) throw malformed('A map is none of text by text.');
    return count;
  }

  i32(): number {
    this.skipBytes(4);
    return this.bytes.readInt32BE(this.at - 4);
  }

  protected skipOther(type: number, depth: number): void {
    if (type === thriftType.map) {
      const [key, value] = [this.byte(), this.byte()];
      for (let left = this.counted(this.i32(), 1); left > 0; left -= 1) {
        this.skip(key, depth + 1);
        this.skip(value, depth + 1);
      }
      return;
    }
    const bytes = fixedBytes.get(type);
    if (bytes === undefined) throw malformed(`A value is of the unknown type ${type}.`);
    this.skipBytes(bytes);
  }

  protected skipElement(type: number, depth: number): void {
    this.skip(type, depth);
  }

  protected length(): number {
    return this.i32();
  }
}

const fixedBytes = new Map<number, number>([
  [thriftType.bool, 1],
  [thriftType.i16, 2],
  [thriftType.i32, 4],
  [thriftType.i64, 8],
]);

const otherProtocol =
  'The bytes are no message of this Thrift protocol; is protocol (compact, binary) the same on both sides?';

function typeOf(compact: number): number {
  const type = typeOfCompact[compact];
  if (type === undefined || type === 0) throw malformed(`A value is of the unknown type ${compact}.`);
  return type;
}

function cutOff(): Error {
  return malformed('A message ends in the middle of a value.');
}

export function createReader(protocol: ThriftProtocolName, bytes: Buffer): ThriftReader {
  return protocol === 'compact' ? new CompactReader(bytes) : new BinaryReader(bytes);
}
