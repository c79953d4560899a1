/** Reads Java's data and object streams (Object Serialization Stream Protocol, version 2), as far as sealed keys need them. */

const streamMagic = 0xaced0005;
const code = {
  null: 0x70,
  reference: 0x71,
  classDescription: 0x72,
  object: 0x73,
  string: 0x74,
  array: 0x75,
  blockData: 0x77,
  endBlockData: 0x78,
} as const;
const hasWriteMethod = 0x01;
const firstHandle = 0x7e0000;
const primitiveBytes: Readonly<Record<string, number>> = { B: 1, C: 2, D: 8, F: 4, I: 4, J: 8, S: 2, Z: 1 };
const depthMax = 20;

interface ClassDescription {
  readonly name: string;
  readonly flags: number;
  readonly fields: readonly string[];
  readonly parent: ClassDescription | null;
}

export class JavaStream {
  private at = 0;
  private found: Buffer[] = [];
  /** What a reference may point at: only descriptions of classes matter here. */
  private handles: (ClassDescription | null)[] = [];
  private depth = 0;

  constructor(private readonly bytes: Buffer) {}

  /** The contents of all `byte[]` in the object that begins here, in their order; goes on behind it. Throws for what it does not know. */
  byteArrays(): Buffer[] {
    this.found = [];
    this.handles = [];
    if (this.uint32() !== streamMagic) throw new Error('an entry holds no Java object');
    this.content();
    return this.found;
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0);
  }

  /** As `DataOutput.writeUTF` wrote it; characters outside the basic plane stay pairs. */
  text(): string {
    return this.take(this.take(2).readUInt16BE(0)).toString('utf8');
  }

  skip(count: number): void {
    this.take(count);
  }

  /** One value; false at the end of a block. */
  private content(): boolean {
    this.depth += 1;
    if (this.depth > depthMax) throw new Error('an entry is nested too deeply');
    const kind = this.uint8();
    if (kind === code.object) this.object();
    else if (kind === code.array) this.array();
    else if (kind === code.string) {
      this.handles.push(null);
      this.text();
    } else if (kind === code.blockData) this.skip(this.uint8());
    else if (kind === code.reference) this.skip(4);
    else if (kind !== code.null && kind !== code.endBlockData) throw new Error('an entry holds an unknown Java object');
    this.depth -= 1;
    return kind !== code.endBlockData;
  }

  private object(): void {
    const chain: ClassDescription[] = [];
    for (let next = this.classDescription(); next !== null; next = next.parent) chain.unshift(next);
    this.handles.push(null);
    for (const { fields, flags } of chain) {
      for (const type of fields) {
        const size = primitiveBytes[type];
        if (size === undefined) this.content();
        else this.skip(size);
      }
      if ((flags & hasWriteMethod) !== 0) this.block();
    }
  }

  private array(): void {
    const description = this.classDescription();
    this.handles.push(null);
    const count = this.uint32();
    if (description?.name !== '[B') throw new Error('an entry holds an array that is none of bytes');
    this.found.push(this.take(count));
  }

  private classDescription(): ClassDescription | null {
    const kind = this.uint8();
    if (kind === code.null) return null;
    if (kind === code.reference) return this.handles[this.uint32() - firstHandle] ?? null;
    if (kind !== code.classDescription) throw new Error('an entry holds an unknown Java class');
    const name = this.text();
    this.skip(8);
    const handle = this.handles.push(null) - 1;
    const flags = this.uint8();
    const fields: string[] = [];
    for (let left = this.take(2).readUInt16BE(0); left > 0; left -= 1) {
      const type = String.fromCharCode(this.uint8());
      this.text();
      if (primitiveBytes[type] === undefined) this.content();
      fields.push(type);
    }
    this.block();
    const description = { name, flags, fields, parent: this.classDescription() };
    this.handles[handle] = description;
    return description;
  }

  private block(): void {
    for (let hasMore = true; hasMore;) hasMore = this.content();
  }

  private uint8(): number {
    return this.take(1).readUInt8(0);
  }

  private take(count: number): Buffer {
    if (this.at + count > this.bytes.length) throw new Error('the file ends too early');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}
