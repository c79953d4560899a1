/** More of one message was announced than is taken. */
export class MessageSizeError extends Error {}

/**
 * Cuts a stream into whole MessagePack values, without decoding them: how far a value goes is told by its first bytes. Goes on where it was
 * when more comes, so that a large value that comes in small pieces is looked at once.
 */
export class MsgpackFraming {
  private parts: Buffer[] = [];
  private bytes = 0;
  /** Values that are still missing of the message. */
  private missing = 1;
  /** Where the next value begins, in all that is held; may lie beyond it. */
  private next = 0;

  constructor(private readonly messageBytesMax: number) {}

  /** The messages that `chunk` finishes. Throws a `MessageSizeError`, and then cannot go on. */
  push(chunk: Buffer): Buffer[] {
    this.parts.push(chunk);
    this.bytes += chunk.length;
    const messages: Buffer[] = [];
    // A string or binary of which more is to come needs no look.
    while (this.bytes > 0 && this.next <= this.bytes) {
      const held = this.joined();
      if (!this.advance(held)) break;
      messages.push(held.subarray(0, this.next));
      const rest = held.subarray(this.next);
      this.parts = rest.length === 0 ? [] : [rest];
      this.bytes = rest.length;
      this.next = 0;
      this.missing = 1;
    }
    if (Math.max(this.bytes, this.next) > this.messageBytesMax) {
      throw new MessageSizeError(`a message of more than ${this.messageBytesMax} bytes`);
    }
    return messages;
  }

  private joined(): Buffer {
    const [only] = this.parts;
    if (this.parts.length === 1 && only !== undefined) return only;
    const joined = Buffer.concat(this.parts);
    this.parts = [joined];
    return joined;
  }

  /** Passes over values; whether the message ends in what is held. */
  private advance(held: Buffer): boolean {
    while (this.missing > 0) {
      const at = this.next;
      const first = held[at];
      if (first === undefined) return false;
      const sizeBytes = sizeBytesOf(first);
      if (at + 1 + sizeBytes > held.length) return false;
      const size = sizeBytes === 0 ? 0 : held.readUIntBE(at + 1, sizeBytes);
      this.next = at + 1 + sizeBytes + contentBytesOf(first, size);
      this.missing += childrenOf(first, size) - 1;
      if (this.next > this.messageBytesMax) return false;
    }
    return this.next <= held.length;
  }
}

/** The bytes of the text or binary that is the second value of an array, after another text. */
export function secondContentOf(message: Buffer): Buffer {
  let at = message[0] === 0xdc ? 3 : message[0] === 0xdd ? 5 : 1;
  for (const isSecond of [false, true]) {
    const first = message[at] ?? 0;
    const sizeBytes = sizeBytesOf(first);
    const size = sizeBytes === 0 ? 0 : message.readUIntBE(at + 1, sizeBytes);
    const from = at + 1 + sizeBytes;
    at = from + contentBytesOf(first, size);
    if (isSecond) return message.subarray(from, at);
  }
  return message.subarray(at);
}

/** How many bytes after the first one say how large the value is. */
function sizeBytesOf(first: number): number {
  switch (first) {
    case 0xc4: // bin 8, 16, 32
    case 0xc7: // ext 8, 16, 32
    case 0xd9: // str 8, 16, 32
      return 1;
    case 0xc5:
    case 0xc8:
    case 0xda:
    case 0xdc: // array 16, 32
    case 0xde: // map 16, 32
      return 2;
    case 0xc6:
    case 0xc9:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 4;
    default:
      return 0;
  }
}

/** Bytes of the value itself that follow. */
function contentBytesOf(first: number, size: number): number {
  if (first >= 0xa0 && first <= 0xbf) return first & 0x1f;
  if (first >= 0xc7 && first <= 0xc9) return size + 1;
  if ((first >= 0xc4 && first <= 0xc6) || (first >= 0xd9 && first <= 0xdb)) return size;
  // float 32, 64; uint 8 to 64; int 8 to 64; fixext 1 to 16, with their types.
  return fixedBytes.get(first) ?? 0;
}

const fixedBytes: ReadonlyMap<number, number> = new Map([
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
  [0xd4, 2],
  [0xd5, 3],
  [0xd6, 5],
  [0xd7, 9],
  [0xd8, 17],
]);

/** Values inside the value. */
function childrenOf(first: number, size: number): number {
  if (first >= 0x80 && first <= 0x8f) return (first & 0x0f) * 2;
  if (first >= 0x90 && first <= 0x9f) return first & 0x0f;
  if (first === 0xdc || first === 0xdd) return size;
  return first === 0xde || first === 0xdf ? size * 2 : 0;
}
