/**
 * The log files of Flume's own file channel, version 3, as they lie in its `dataDirs`: `log-N` holds records, `u8 127, u32 length,
 * bytes`, up to the first other byte (0 marks a record that Flume has struck out); `log-N.meta` says its number, and how it is
 * encrypted. The bytes are protocol buffer messages, each with its length before it: a header (type, transaction, order), and by type
 * the event of a put, the place of the put that is taken, or what a commit commits.
 */
import { createDecipheriv } from 'node:crypto';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { MillraceError, type ErrorKind } from '#std/errors';
import { ProtoFields } from './proto-fields.js';

export const flumeLogErrors = {
  unreadable: { code: 'connectors.channel.flume-log', retriable: false },
} satisfies Record<string, ErrorKind>;

export type FlumeRecord =
  | { readonly type: 'put'; readonly transaction: number; readonly offset: number }
  | { readonly type: 'take'; readonly transaction: number; readonly file: number; readonly offset: number }
  | { readonly type: 'commit'; readonly transaction: number; readonly of: 'put' | 'take'; readonly order: number };

export interface FlumeEvent {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const recordMark = 127;
const struckMark = 0;
const version = 3;
const readBytes = 1024 * 1024;
/** One record at most, bytes; more is no record. */
const recordBytesMax = 512 * 1024 * 1024;
const types = { put: 1, take: 2, rollback: 3, commit: 4 };

export class FlumeLog {
  private window: Buffer = Buffer.alloc(0);
  private windowAt = 0;

  private constructor(
    readonly path: string,
    /** By which takes refer to it. */
    readonly number: number,
    private readonly file: FileHandle,
    private readonly decrypt: ((bytes: Buffer) => Buffer) | null,
  ) {}

  /** `keys` by alias, for logs that are encrypted. Throws `connectors.channel.flume-log`. */
  static async open(path: string, keys: ReadonlyMap<string, Buffer>): Promise<FlumeLog> {
    const meta = await readFile(`${path}.meta`).catch(() => null);
    if (meta === null) throw unreadable(path, 'it has no .meta file, as logs of Flume before 1.4 have none');
    const fields = ProtoFields.delimited(meta, 0).fields;
    if (fields.fixed32(1) !== version) throw unreadable(path, `it has format ${fields.fixed32(1)}, and only 3 is read`);
    const encryption = fields.message(5);
    const decrypt = encryption === null ? null : decryptorOf(path, encryption, keys);
    return new FlumeLog(path, fields.fixed32(2), await open(path, 'r'), decrypt);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** Puts, takes and commits in the order in which they were written; a torn one at the end is left out. */
  async *records(): AsyncGenerator<FlumeRecord> {
    let offset = 0;
    for (;;) {
      const head = await this.bytesAt(offset, 5);
      if (head === null || (head[0] !== recordMark && head[0] !== struckMark)) return;
      const length = head.readUInt32BE(1);
      if (length === 0 || length > recordBytesMax) return;
      const bytes = await this.bytesAt(offset + 5, length);
      if (bytes === null) return;
      const record = head[0] === recordMark ? this.tryParse(bytes, offset) : null;
      if (record !== null) yield record;
      offset += 5 + length;
    }
  }

  /** The event of the put at `offset`. Throws where it is damaged. */
  async event(offset: number): Promise<FlumeEvent> {
    const head = await this.bytesAt(offset, 5);
    const bytes = head === null ? null : await this.bytesAt(offset + 5, head.readUInt32BE(1));
    if (bytes === null) throw unreadable(this.path, `the record at byte ${offset} is cut off`);
    const plain = this.decrypt === null ? bytes : this.decrypt(bytes);
    const { fields: put } = ProtoFields.delimited(plain, ProtoFields.delimited(plain, 0).end);
    const event = put.message(1);
    if (event === null) throw unreadable(this.path, `the record at byte ${offset} holds no event`);
    const checksum = put.fixed64(2);
    if (checksum !== 0 && checksum !== crc32(event.bytes(2)))
      throw unreadable(this.path, `the event at byte ${offset} fails its check`);
    const headers: Record<string, string> = {};
    for (const header of event.messages(1)) headers[header.text(1)] = header.text(2);
    // A small event is not to keep the whole window in memory.
    return { body: Buffer.from(event.bytes(2)), headers };
  }

  private tryParse(bytes: Buffer, offset: number): FlumeRecord | null {
    try {
      return this.parse(bytes, offset);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw unreadable(this.path, `the record at byte ${offset} is damaged`);
    }
  }

  private parse(bytes: Buffer, offset: number): FlumeRecord | null {
    const plain = this.decrypt === null ? bytes : this.decrypt(bytes);
    const header = ProtoFields.delimited(plain, 0);
    const type = header.fields.fixed32(1);
    const transaction = header.fields.fixed64(2);
    if (type === types.put) return { type: 'put', transaction, offset };
    if (type === types.rollback) return null;
    const { fields } = ProtoFields.delimited(plain, header.end);
    if (type === types.take) return { type: 'take', transaction, file: fields.fixed32(1), offset: fields.fixed32(2) };
    if (type !== types.commit) throw unreadable(this.path, `the record at byte ${offset} has the unknown type ${type}`);
    const of = fields.fixed32(1) === types.put ? 'put' : 'take';
    return { type: 'commit', transaction, of, order: header.fields.fixed64(3) };
  }

  /** Null where the file ends before. Good until the next call. */
  private async bytesAt(position: number, length: number): Promise<Buffer | null> {
    const isThere = position >= this.windowAt && position + length <= this.windowAt + this.window.length;
    if (!isThere) {
      const window = Buffer.allocUnsafe(Math.max(length, readBytes));
      const { bytesRead } = await this.file.read(window, 0, window.length, position);
      this.window = window.subarray(0, bytesRead);
      this.windowAt = position;
    }
    const from = position - this.windowAt;
    return from + length > this.window.length ? null : this.window.subarray(from, from + length);
  }
}

function decryptorOf(
  path: string,
  encryption: ProtoFields,
  keys: ReadonlyMap<string, Buffer>,
): (bytes: Buffer) => Buffer {
  const alias = encryption.text(2);
  const key = keys.get(alias);
  if (key === undefined) throw unreadable(path, `its key "${alias}" is not in encryption.keyProvider.keys`);
  // Flume begins every record with the same counter.
  const counter = Buffer.from(encryption.bytes(3));
  return (bytes) => {
    const cipher = createDecipheriv(`aes-${key.length * 8}-ctr`, key, counter);
    return Buffer.concat([cipher.update(bytes), cipher.final()]);
  };
}

function unreadable(path: string, reason: string): MillraceError {
  return new MillraceError(
    flumeLogErrors.unreadable,
    `The log ${path} of Flume's file channel cannot be taken over: ${reason}. Let Flume drain its channel, or move its logs away to go on without them.`,
  );
}
