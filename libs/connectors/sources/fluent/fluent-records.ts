import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { EventBatch } from '#pipeline/event-batch';
import { HeaderColumnsBuilder } from '../header-column.js';
import { secondContentOf } from './msgpack-framing.js';

/** What is read of MessagePack; the library is loaded where it is needed. */
export interface MsgpackReader {
  decode(bytes: Uint8Array): unknown;
  decodeMulti(bytes: Uint8Array): Iterable<unknown>;
}

/** `EventTime` of the protocol, as the reader gives it. */
export class EventTime {
  constructor(readonly ms: number) {}

  /** Eight bytes: seconds and nanoseconds. */
  static decode(bytes: Uint8Array): EventTime {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new EventTime(view.getUint32(0) * 1000 + Math.floor(view.getUint32(4) / 1e6));
  }
}

/** A message that no reader of the protocol can understand. */
export class FluentFormatError extends Error {}

export interface FluentMessage {
  readonly tag: string;
  readonly batch: EventBatch;
  /** Entries that are no events. */
  readonly badEntries: number;
  /** The peer waits for the word that this is delivered. */
  readonly chunk: string | null;
}

export interface FluentRecordOptions {
  /** The field that is the body, the others headers; null: the whole record is, as JSON. */
  readonly bodyKey: string | null;
  /** What packed entries may unpack to. */
  readonly messageBytesMax: number;
}

/** Reads a message in one of the four modes: Message, Forward, PackedForward, CompressedPackedForward. */
export function readMessage(reader: MsgpackReader, bytes: Buffer, options: FluentRecordOptions): FluentMessage {
  // Not a Buffer: pieces of it would be ones too, and write themselves as JSON in their own way.
  const message = decoded(() => reader.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)));
  if (!Array.isArray(message) || typeof message[0] !== 'string') {
    throw new FluentFormatError('a message that is no array with a tag');
  }
  const [tag, given] = message as [string, unknown];
  // The protocol's first version packs entries into a text.
  const entries = typeof given === 'string' ? secondContentOf(bytes) : given;
  const isSingle = !Array.isArray(entries) && !(entries instanceof Uint8Array);
  const settings = optionsOf(message[isSingle ? 3 : 2]);
  const list = isSingle ? [[entries, message[2] as unknown]] : entriesOf(reader, entries, settings, options);
  const events = new FluentEvents(tag, options.bodyKey);
  for (const entry of list) events.add(entry);
  const { batch, badEntries } = events.finish();
  return { tag, batch, badEntries, chunk: settings.chunk };
}

interface MessageSettings {
  readonly chunk: string | null;
  readonly compressed: string;
}

function optionsOf(value: unknown): MessageSettings {
  const { chunk = null, compressed = 'text' } = isRecord(value) ? value : {};
  return { chunk: typeof chunk === 'string' ? chunk : null, compressed: String(compressed) };
}

function entriesOf(
  reader: MsgpackReader,
  entries: unknown,
  { compressed }: MessageSettings,
  { messageBytesMax }: FluentRecordOptions,
): Iterable<unknown> {
  if (Array.isArray(entries)) return entries as unknown[];
  return decoded(() => [...reader.decodeMulti(unpacked(entries as Uint8Array, compressed, messageBytesMax))]);
}

function unpacked(packed: Uint8Array, compressed: string, maxOutputLength: number): Uint8Array {
  const plainBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (compressed) {
    case 'gzip':
      return plainBytes(gunzipSync(packed, { maxOutputLength }));
    case 'zstd':
      return plainBytes(zstdDecompressSync(packed, { maxOutputLength }));
    case 'text':
      return plainBytes(packed);
    default:
      throw new Error(`the compression ${compressed} is not known`);
  }
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw new FluentFormatError(`a message that cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Events of one message: the time as `timestamp`, the tag as `tag`. */
class FluentEvents {
  private readonly bodies: Buffer[] = [];
  private readonly headers = new HeaderColumnsBuilder();
  private badEntries = 0;

  constructor(
    private readonly tag: string,
    private readonly bodyKey: string | null,
  ) {}

  add(entry: unknown): void {
    const [time, record] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const timeMs = msOf(time);
    const body = isRecord(record) ? this.bodyOf(record) : null;
    if (timeMs === null || body === null || !isRecord(record)) {
      this.badEntries += 1;
      return;
    }
    const index = this.bodies.length;
    this.bodies.push(body);
    if (this.bodyKey !== null && Object.hasOwn(record, this.bodyKey)) this.setFields(index, record);
    this.headers.set('timestamp', index, String(timeMs));
    this.headers.set('tag', index, this.tag);
  }

  finish(): { batch: EventBatch; badEntries: number } {
    const headers = this.headers.finish(this.bodies.length);
    return {
      batch: EventBatch.of(this.bodies.map((body) => ({ body }))).withHeaders(headers),
      badEntries: this.badEntries,
    };
  }

  private bodyOf(record: Record<string, unknown>): Buffer | null {
    const value = this.bodyKey !== null && Object.hasOwn(record, this.bodyKey) ? record[this.bodyKey] : record;
    if (value instanceof Uint8Array) return Buffer.from(value);
    const text = textOf(value);
    return text === null ? null : Buffer.from(text);
  }

  private setFields(index: number, record: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(record)) {
      const text = name === this.bodyKey || value === null ? null : textOf(value);
      if (text !== null) this.headers.set(name, index, text);
    }
  }
}

/** Text as it is, else JSON; null for what has no JSON: nested without end. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, plain) ?? null;
  } catch {
    return null;
  }
}

/** Whole numbers over 2^53 are written out; bytes are text, or base64 where they are none. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return JSON.rawJSON(String(value));
  if (value instanceof EventTime) return value.ms / 1000;
  if (!(value instanceof Uint8Array)) return value;
  const bytes = Buffer.from(value);
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('base64') : text;
}

/** Whole seconds, or an EventTime. */
function msOf(time: unknown): number | null {
  if (time instanceof EventTime) return time.ms;
  if (typeof time === 'bigint') return Number(time) * 1000;
  return typeof time === 'number' && Number.isFinite(time) ? Math.round(time * 1000) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
