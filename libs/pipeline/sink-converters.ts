import { isUtf8 } from 'node:buffer';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';

/**
 * Converters: what a record's key or value must be before the sink sees it. They answer by bytes, since sinks read bytes:
 * `bytes` lets all through, `string` checks for UTF-8, `json` checks the text and takes the payload out of Connect's
 * `{"schema": …, "payload": …}` envelope.
 */
export interface Converter {
  /** Throws where the bytes are not what they must be. */
  convert(bytes: Buffer): Converted;
}

export interface Converted {
  /** For the sink; the same ones where nothing changes. */
  readonly bytes: Buffer;
  /** What they say, where it had to be parsed. */
  readonly json?: JsonValue;
}

const classesOf: Readonly<Record<string, string>> = {
  bytes: 'bytes',
  bytearrayconverter: 'bytes',
  'org.apache.kafka.connect.converters.bytearrayconverter': 'bytes',
  string: 'string',
  stringconverter: 'string',
  'org.apache.kafka.connect.storage.stringconverter': 'string',
  json: 'json',
  jsonconverter: 'json',
  'org.apache.kafka.connect.json.jsonconverter': 'json',
};

export const converterNames: readonly string[] = [
  'bytes',
  'string',
  'json',
  'org.apache.kafka.connect.converters.ByteArrayConverter',
  'org.apache.kafka.connect.storage.StringConverter',
  'org.apache.kafka.connect.json.JsonConverter',
];

export function isConverter(name: string): boolean {
  return classesOf[name.toLowerCase()] !== undefined;
}

/**
 * The converter of that name, or null where every record passes as it is. `settings` are the keys after its prefix:
 * `schemas.enable` = true demands the envelope, false takes the JSON as it stands, absent takes whichever comes.
 */
export function createConverter(name: string, settings: Readonly<Record<string, string>>): Converter | null {
  switch (classesOf[name.toLowerCase()]) {
    case 'string':
      return stringConverter;
    case 'json':
      return jsonConverter(envelopeMode(settings['schemas.enable']));
    default:
      return null;
  }
}

const stringConverter: Converter = {
  convert(bytes) {
    if (!isUtf8(bytes)) throw new ConversionError('the bytes are not UTF-8 text');
    return { bytes };
  },
};

type EnvelopeMode = 'always' | 'never' | 'either';

function envelopeMode(setting: string | undefined): EnvelopeMode {
  if (setting === undefined) return 'either';
  return setting.trim().toLowerCase() === 'true' ? 'always' : 'never';
}

function jsonConverter(mode: EnvelopeMode): Converter {
  return {
    convert(bytes) {
      const value = parsed(bytes);
      if (mode === 'never') return { bytes, json: value };
      if (isJsonObject(value) && isEnvelope(value)) {
        const payload = value['payload'] ?? null;
        return { bytes: Buffer.from(stringifyJson(payload)), json: payload };
      }
      if (mode === 'either') return { bytes, json: value };
      throw new ConversionError(
        'schemas.enable is true, but the JSON is not an object with exactly "schema" and "payload". ' +
          'Set schemas.enable=false for plain JSON',
      );
    },
  };
}

function parsed(bytes: Buffer): ReturnType<typeof parseJson> {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw new ConversionError('the bytes are not JSON', { cause: error });
  }
}

function isEnvelope(value: JsonObject): boolean {
  return 'schema' in value && 'payload' in value && Object.keys(value).length === 2;
}

/** The bytes of one record are not what its converter reads. */
export class ConversionError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ConversionError';
  }
}

export interface ConversionFailure {
  readonly index: number;
  readonly stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER';
  readonly error: unknown;
}

export interface Conversion {
  readonly batch: SinkBatch;
  /** Records that can not be converted, by rising index; `batch` gives their bytes unchanged. */
  readonly failures: readonly ConversionFailure[];
}

/** Runs both converters over a batch. Nulls stay null. */
export function convertBatch(batch: SinkBatch, key: Converter | null, value: Converter | null): Conversion {
  if (key === null && value === null) return { batch, failures: [] };
  const failures: ConversionFailure[] = [];
  const keys = key === null ? null : convertColumn(batch, key, 'KEY_CONVERTER', failures);
  const values = value === null ? null : convertColumn(batch, value, 'VALUE_CONVERTER', failures);
  failures.sort((a, b) => a.index - b.index);
  return { batch: new ConvertedBatch(batch, keys?.bytes ?? null, values), failures };
}

interface ConvertedColumn {
  readonly bytes: readonly (Buffer | null)[];
  readonly json: readonly (JsonValue | undefined)[];
}

function convertColumn(
  batch: SinkBatch,
  converter: Converter,
  stage: ConversionFailure['stage'],
  failures: ConversionFailure[],
): ConvertedColumn {
  const bytes: (Buffer | null)[] = [];
  const json: (JsonValue | undefined)[] = [];
  for (let index = 0; index < batch.count; index += 1) {
    const given = stage === 'KEY_CONVERTER' ? batch.key(index) : batch.value(index);
    let converted: Converted | null = null;
    try {
      if (given !== null) converted = converter.convert(given);
    } catch (error) {
      failures.push({ index, stage, error });
    }
    bytes.push(converted?.bytes ?? given);
    json.push(converted?.json);
  }
  return { bytes, json };
}

/** A batch with other keys or values; `original` gives the record as it lies in the topic, for dead letters. */
export class ConvertedBatch implements SinkBatch {
  constructor(
    readonly original: SinkBatch,
    private readonly keys: readonly (Buffer | null)[] | null,
    private readonly values: ConvertedColumn | null,
  ) {}

  get topic(): string {
    return this.original.topic;
  }

  get partition(): number {
    return this.original.partition;
  }

  get count(): number {
    return this.original.count;
  }

  get byteCount(): number {
    return this.original.byteCount;
  }

  offset(index: number): number {
    return this.original.offset(index);
  }

  timestamp(index: number): number {
    return this.original.timestamp(index);
  }

  key(index: number): Buffer | null {
    return this.keys === null ? this.original.key(index) : (this.keys[index] ?? null);
  }

  value(index: number): Buffer | null {
    return this.values === null ? this.original.value(index) : (this.values.bytes[index] ?? null);
  }

  json(index: number): JsonValue | undefined {
    return this.values?.json[index];
  }

  headers(index: number): readonly RecordHeader[] {
    return this.original.headers(index);
  }

  header(index: number, name: string): string | null {
    return this.original.header(index, name);
  }

  slice(from: number, to: number): SinkBatch {
    return new ConvertedBatch(
      this.original.slice(from, to),
      this.keys?.slice(from, to) ?? null,
      this.values === null
        ? null
        : { bytes: this.values.bytes.slice(from, to), json: this.values.json.slice(from, to) },
    );
  }
}

/** The batch as it lies in the topic. */
export function originalOf(batch: SinkBatch): SinkBatch {
  return batch instanceof ConvertedBatch ? batch.original : batch;
}
