/**
 * Flume's AVRO: an Avro container file, each datum an event with the binary form of the datum as its body and its schema in a header.
 * The blocks of the file are its steps: a batch is a block, and a restart goes on at a block.
 */
import type { Type } from 'avsc';
import { inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { EventBatch } from '#pipeline/event-batch';
import { rabinFingerprint } from './avro-fingerprint.js';
import type { Deserializer, FileEvents, SpooledFile } from './spooled-file.js';

const magic = Buffer.from('Obj\x01', 'latin1');
const syncBytes = 16;
const headerBytesMax = 4 * 1024 * 1024;
/** Writers cut blocks at some kilobytes; what claims more is no Avro. */
const blockBytesMax = 64 * 1024 * 1024;

interface ContainerHeader {
  readonly bytes: number;
  readonly type: Type;
  readonly decompress: (block: Buffer) => Buffer;
  readonly sync: Buffer;
  /** Name and value of the header that events get. */
  readonly schemaHeader: readonly [string, string];
}

export class AvroDeserializer implements Deserializer {
  private header: ContainerHeader | null = null;

  constructor(private readonly schemaType: 'HASH' | 'LITERAL') {}

  async next(file: SpooledFile): Promise<FileEvents | null> {
    this.header ??= await this.begin(file);
    const { type, decompress, sync, schemaHeader, bytes: headerBytes } = this.header;
    if (file.position < headerBytes && !(await skipHeader(file, headerBytes))) return null;
    for (;;) {
      const block = blockIn(file);
      if (block === null) {
        if (await file.readMore()) continue;
        if (file.to > file.from) throw new Error(`it ends within an Avro block at byte ${file.position}`);
        return null;
      }
      const { count, from, to } = block;
      if (!file.buffer.subarray(to, to + syncBytes).equals(sync)) {
        throw new Error(`the Avro block at byte ${file.position} does not end with the file's marker`);
      }
      const position = file.position + (to + syncBytes - file.from);
      const data = decompress(file.buffer.subarray(from, to));
      const batch = new EventBatch(data, ...cutData(data, count, type), new Map([schemaHeader]));
      if (count > 0) return { batch, position };
      file.commit(position);
    }
  }

  private async begin(file: SpooledFile): Promise<ContainerHeader> {
    for (let bytes = 64 * 1024; bytes <= headerBytesMax; bytes *= 8) {
      const head = await file.head(bytes);
      const found = await this.parse(head);
      if (found !== null) return found;
      if (head.length < bytes) break;
    }
    throw new Error('it is no Avro container file');
  }

  /** Null where the header goes on behind these bytes. */
  private async parse(head: Buffer): Promise<ContainerHeader | null> {
    if (!head.subarray(0, magic.length).equals(magic)) throw new Error('it is no Avro container file');
    const avro = (await import('avsc')).default;
    const metaType = avro.Type.forSchema({ type: 'map', values: 'bytes' });
    const { value, offset } = metaType.decode(head, magic.length) as { value: unknown; offset: number };
    if (offset < 0 || offset + syncBytes > head.length) return null;
    const meta = new Map(Object.entries(value as Record<string, Uint8Array>));
    const schema = Buffer.from(meta.get('avro.schema') ?? []).toString();
    const type = avro.Type.forSchema(JSON.parse(schema) as Parameters<typeof avro.Type.forSchema>[0]);
    const hash = (): string => rabinFingerprint(Buffer.from(JSON.stringify(type.schema())));
    return {
      bytes: offset + syncBytes,
      type,
      decompress: await codecOf(Buffer.from(meta.get('avro.codec') ?? []).toString()),
      sync: Buffer.from(head.subarray(offset, offset + syncBytes)),
      schemaHeader:
        this.schemaType === 'HASH' ? ['flume.avro.schema.hash', hash()] : ['flume.avro.schema.literal', schema],
    };
  }
}

async function skipHeader(file: SpooledFile, headerBytes: number): Promise<boolean> {
  while (file.to - file.from < headerBytes - file.position) if (!(await file.readMore())) return false;
  file.commit(headerBytes);
  return true;
}

/** The next block, if all of it is in the buffer. */
function blockIn(file: SpooledFile): { count: number; from: number; to: number } | null {
  const count = longAt(file, file.from);
  const size = count === null ? null : longAt(file, count.next);
  if (count === null || size === null) return null;
  if (count.value < 0 || size.value < 0 || size.value > blockBytesMax) {
    throw new Error(`the Avro block at byte ${file.position} claims ${size.value} bytes`);
  }
  const to = size.next + size.value;
  return to + syncBytes > file.to ? null : { count: count.value, from: size.next, to };
}

/** Avro's long: a zigzag varint. Null where it goes on behind the buffer. */
function longAt({ buffer, to }: SpooledFile, at: number): { value: number; next: number } | null {
  let value = 0;
  let scale = 1;
  for (let next = at; next < to && next < at + 8; next += 1) {
    const byte = buffer[next] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte < 0x80) return { value: value % 2 === 0 ? value / 2 : -(value + 1) / 2, next: next + 1 };
  }
  if (at + 8 <= to) throw new Error('an Avro block does not begin with its counts');
  return null;
}

function cutData(data: Buffer, count: number, type: Type): [Int32Array, Int32Array] {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    starts[index] = at;
    at = (type.decode(data, at) as { offset: number }).offset;
    if (at < 0) throw new Error('an Avro block has fewer data than it says');
    ends[index] = at;
  }
  return [starts, ends];
}

async function codecOf(name: string): Promise<(block: Buffer) => Buffer> {
  switch (name) {
    case '':
    case 'null':
      return (block) => block;
    case 'deflate':
      return (block) => inflateRawSync(block, { maxOutputLength: blockBytesMax });
    case 'zstandard':
      return (block) => zstdDecompressSync(block, { maxOutputLength: blockBytesMax });
    case 'snappy': {
      const { uncompressSync } = await import('snappy');
      // Four bytes of checksum come behind.
      return (block) => Buffer.from(uncompressSync(block.subarray(0, -4)));
    }
    default:
      throw new Error(`its Avro codec ${name} is not supported; there are null, deflate, snappy and zstandard`);
  }
}
