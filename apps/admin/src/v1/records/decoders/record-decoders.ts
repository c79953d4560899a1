/** What bytes of records are. `prepare` loads what is needed, so that `auto` and `all` need not wait. */
import type { OnModuleDestroy } from '@nestjs/common';
import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { FramedSchemas, headBytes, isFramed } from './framed-schemas.js';
import { plainJson } from './plain-json.js';
import type { ProtobufSchema } from './protobuf-schema.js';
import { wireMessage } from './protobuf-wire.js';

export const decoderNames = ['json', 'avro', 'protobuf', 'msgpack', 'text', 'hex'] as const;
export type DecoderName = (typeof decoderNames)[number];

export interface Decoded {
  readonly value: unknown;
  /** Of what it was made, for people: `schema 7 of the registry`. */
  readonly detail: string;
}

interface Attempt extends Decoded {
  /** As it is to be shown; absent: the value as JSON. */
  readonly text?: string;
  /** It fits, as it would to much that is something else. */
  readonly isGuess?: boolean;
}

/** One way to look at bytes; `problem` says why it is none. */
export interface Decoding {
  readonly decoder: DecoderName;
  readonly text: string | null;
  readonly detail: string | null;
  readonly problem: string | null;
}

/** Where bytes come from. */
export interface Place {
  readonly topic: string;
  readonly side: 'key' | 'value';
}

interface BinaryFormats {
  readonly decodeMessagePack: (bytes: Buffer) => unknown;
  readonly readContainer: (bytes: Buffer, type: null) => Iterable<{ readonly value: unknown }>;
}

interface ConfiguredSchema {
  readonly changedMs: number;
  readonly schema: ProtobufSchema | null;
  readonly problem: string;
}

export interface DecoderOptions {
  /** Of `SCHEMA_REGISTRY_URL`; null: there is none. */
  readonly registryUrl: string | null;
  /** `protobuf/<topic>.proto` below it describes the values of a topic by its first message. */
  readonly dataDirectory: string;
  readonly clock: Clock;
}

const containerMagic = Buffer.from('Obj\u0001', 'latin1');
const containerValuesMax = 1_000;
const descriptorCheckMs = 5_000;
// oxlint-disable-next-line no-control-regex -- bytes with one of these are no text that somebody wrote
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const lookedAtBytes = 4096;

export class RecordDecoders implements OnModuleDestroy {
  private readonly framed: FramedSchemas;
  private formats: BinaryFormats | null = null;
  private readonly descriptors = new Map<string, ConfiguredSchema & { readonly checkedAt: number }>();

  constructor(private readonly options: DecoderOptions) {
    this.framed = new FramedSchemas(options.registryUrl, options.clock);
  }

  /** Loads formats, descriptors and schemas for what is no text among `values`. */
  async prepare(topic: string, values: Iterable<Buffer | null>): Promise<void> {
    const binary: Buffer[] = [];
    for (const bytes of values) if (bytes !== null && isBinary(bytes)) binary.push(bytes);
    if (binary.length === 0) return;
    this.formats ??= await loadFormats();
    await Promise.all([this.framed.prepare(binary), this.checkDescriptor(topic)]);
  }

  /** The first format that binary bytes are in; null where they are in none, and for text. After `prepare`. */
  auto(bytes: Buffer, place: Place): (Decoded & { readonly decoder: DecoderName }) | null {
    if (!isBinary(bytes)) return null;
    for (const decoder of ['avro', 'json', 'protobuf', 'msgpack'] as const) {
      try {
        const decoded = this.decode(decoder, bytes, place);
        // A wire view fits to much that is none, and a number of MessagePack to every short value.
        if (decoded.isGuess === true) continue;
        return { decoder, value: decoded.value, detail: decoded.detail };
      } catch {
        // Not in this format.
      }
    }
    return null;
  }

  /** All ways to look at bytes, and which of them is taken; after `prepare` for these bytes, which may be text. */
  async all(bytes: Buffer, place: Place): Promise<{ chosen: DecoderName; decodings: Decoding[] }> {
    this.formats ??= await loadFormats();
    await Promise.all([this.framed.prepare([bytes]), this.checkDescriptor(place.topic)]);
    const decodings = decoderNames.map((decoder): Decoding => {
      try {
        const { text, value, detail } = this.decode(decoder, bytes, place);
        return { decoder, text: text ?? JSON.stringify(value, null, 2), detail, problem: null };
      } catch (error) {
        return { decoder, text: null, detail: null, problem: messageOf(error) };
      }
    });
    const isJson = decodings.some(({ decoder, problem }) => decoder === 'json' && problem === null);
    const looksLikeJson = /^\s*[[{]/.test(bytes.toString('utf8', 0, lookedAtBytes));
    const chosenText = isJson && looksLikeJson ? 'json' : 'text';
    const chosen = this.auto(bytes, place)?.decoder ?? (isBinary(bytes) ? 'hex' : chosenText);
    return { chosen, decodings };
  }

  /** Throws a sentence where the bytes are not in the format. */
  decode(decoder: DecoderName, bytes: Buffer, place: Place): Attempt {
    switch (decoder) {
      case 'json':
        return this.json(bytes);
      case 'avro':
        return this.avro(bytes);
      case 'protobuf':
        return this.protobuf(bytes, place);
      case 'msgpack':
        return this.messagePack(bytes);
      case 'text': {
        if (!isUtf8(bytes)) throw new Error(`the bytes are not UTF-8 (${firstBytes(bytes)})`);
        const text = bytes.toString('utf8');
        return { value: text, text, detail: 'UTF-8', isGuess: unprintable.test(text) };
      }
      case 'hex':
        return { value: null, text: hexDump(bytes), detail: `${bytes.length} bytes` };
    }
  }

  onModuleDestroy(): void {
    this.framed.close();
  }

  private json(bytes: Buffer): Attempt {
    if (isFramed(bytes) && this.framed.isConfigured) {
      const read = this.framed.read(bytes, 'json');
      if (read !== null) return read;
    }
    if (!isUtf8(bytes)) throw new Error(`the bytes are not UTF-8 (${firstBytes(bytes)}), as JSON is`);
    const text = bytes.toString('utf8');
    const value: unknown = JSON.parse(text);
    // Parsing would round these: the text stays as it came.
    return longNumber.test(text)
      ? { value, text, detail: 'as it came: it has numbers beyond 2^53' }
      : { value, detail: 'UTF-8' };
  }

  private avro(bytes: Buffer): Decoded {
    if (bytes.subarray(0, containerMagic.length).equals(containerMagic)) return this.avroContainer(bytes);
    if (!isFramed(bytes)) {
      throw new Error(
        `the bytes begin neither as a container file (4f 62 6a 01) nor with a zero byte and the id of a schema: they are ${firstBytes(bytes)}`,
      );
    }
    const id = bytes.readUInt32BE(1);
    if (!this.framed.isConfigured) {
      throw new Error(
        `the bytes begin as Confluent’s serializers write them, with schema ${id}; the schema is in a registry, and none is configured here: set SCHEMA_REGISTRY_URL in the environment of the administration`,
      );
    }
    const read = this.framed.read(bytes, 'avro');
    if (read === null) throw new Error(`schema ${id} of the registry is none of Avro`);
    return read;
  }

  private avroContainer(bytes: Buffer): Decoded {
    const values: unknown[] = [];
    for (const { value } of this.loaded().readContainer(bytes, null)) {
      values.push(plainJson(value));
      if (values.length >= containerValuesMax) break;
    }
    return { value: values.length === 1 ? values[0] : values, detail: `container file, values: ${values.length}` };
  }

  private protobuf(bytes: Buffer, { topic, side }: Place): Attempt {
    if (bytes.length === 0) throw new Error('there are no bytes');
    if (isFramed(bytes) && this.framed.isConfigured) {
      const read = this.framed.read(bytes, 'protobuf');
      if (read !== null) return read;
    }
    const configured = side === 'value' ? this.descriptors.get(topic) : undefined;
    if (configured?.schema != null) {
      try {
        const { value, message } = configured.schema.read(bytes);
        return { value, detail: `message ${message} of protobuf/${topic}.proto` };
      } catch (error) {
        throw new Error(`the bytes are no message of protobuf/${topic}.proto: ${messageOf(error)}`, { cause: error });
      }
    }
    const why = configured?.problem ?? `there is no protobuf/${topic}.proto below the data directory`;
    return { value: wireMessage(bytes), detail: `fields by number: ${why}`, isGuess: true };
  }

  private messagePack(bytes: Buffer): Attempt {
    const value = this.loaded().decodeMessagePack(bytes);
    const isGuess = typeof value !== 'object' || value === null;
    return {
      value: plainJson(value),
      detail: isGuess ? 'a single value, which most bytes are' : 'read to its end',
      isGuess,
    };
  }

  private loaded(): BinaryFormats {
    if (this.formats === null) throw new Error('the formats were not loaded');
    return this.formats;
  }

  private async checkDescriptor(topic: string): Promise<void> {
    const now = this.options.clock.monotonic();
    const known = this.descriptors.get(topic);
    if (known !== undefined && now - known.checkedAt < descriptorCheckMs) return;
    const path = join(this.options.dataDirectory, 'protobuf', `${topic}.proto`);
    const changedMs = (await stat(path).catch(() => null))?.mtimeMs ?? null;
    if (changedMs === null) {
      this.descriptors.delete(topic);
      return;
    }
    if (known?.changedMs === changedMs) this.descriptors.set(topic, { ...known, checkedAt: now });
    else this.descriptors.set(topic, { ...(await loadDescriptor(path, topic)), changedMs, checkedAt: now });
  }
}

async function loadDescriptor(path: string, topic: string): Promise<Pick<ConfiguredSchema, 'schema' | 'problem'>> {
  try {
    const { ProtobufSchema } = await import('./protobuf-schema.js');
    const text = await readFile(path, 'utf8');
    return { schema: ProtobufSchema.compile({ text, references: [] }), problem: '' };
  } catch (error) {
    return { schema: null, problem: `protobuf/${topic}.proto can not be read: ${messageOf(error)}` };
  }
}

async function loadFormats(): Promise<BinaryFormats> {
  const [{ decode }, { readContainer }] = await Promise.all([
    import('@msgpack/msgpack'),
    import('#morphlines/avro/avro-container'),
  ]);
  return { decodeMessagePack: (bytes) => decode(bytes, { useBigInt64: true }), readContainer };
}

const longNumber = /(?:^|[:[,\s])-?\d{16,}/;

/** Bytes that no text editor would show. */
export function isBinary(bytes: Buffer): boolean {
  return !isUtf8(bytes) || unprintable.test(bytes.toString('utf8', 0, lookedAtBytes));
}

function firstBytes(bytes: Buffer): string {
  return bytes.length === 0 ? 'none' : `${bytes.toString('hex', 0, headBytes).replaceAll(/(..)(?=.)/g, '$1 ')} …`;
}

const hexRowBytes = 16;
const hexBytesMax = 64 * 1024;

/** Rows of offset, sixteen bytes, and what of them is printable. */
export function hexDump(bytes: Buffer): string {
  const rows: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, hexBytesMax); at += hexRowBytes) {
    const row = bytes.subarray(at, Math.min(at + hexRowBytes, hexBytesMax));
    const hex = row
      .toString('hex')
      .replaceAll(/(..)(?=.)/g, '$1 ')
      .padEnd(hexRowBytes * 3 - 1);
    const printable = row.toString('latin1').replaceAll(/[^\u0020-\u007e]/g, '.');
    rows.push(`${at.toString(16).padStart(8, '0')}  ${hex}  ${printable}`);
  }
  if (bytes.length > hexBytesMax) rows.push(`… ${bytes.length - hexBytesMax} more bytes`);
  return rows.join('\n');
}
