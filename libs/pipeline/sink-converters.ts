import { isUtf8 } from 'node:buffer';
import type { OptionProblem, OptionSpecs } from '#config/options';
import type { ConnectSchema } from '#pipeline/connect-schema';
import { ConversionError } from '#pipeline/conversion-error';
import { envelopeConverter } from '#pipeline/sink-envelope';
import type { JsonValue } from '#pipeline/sink-json';
import type { Clock } from '#std/clock';

/**
 * Converters: what a record's key or value must be before transforms and the sink see it. `bytes` lets all through, `string` checks for
 * UTF-8, `json` checks the text and takes the payload out of Connect's `{"schema": …, "payload": …}` envelope. Others are registered
 * (`ConverterType`).
 */
export interface Converter {
  /**
   * Fetches what these bytes need (schemas); null where nothing is missing. Rejects with a RetriableSinkError while it can not be had.
   * Optional.
   */
  prepare?(count: number, bytes: (index: number) => Buffer | null): Promise<void> | null;
  /** Throws where the bytes are not what they must be. */
  convert(bytes: Buffer): Converted;
  /** Connections are closed. Optional. */
  stop?(): Promise<void>;
}

export interface Converted {
  /** For the sink. Absent = `json` written out, and that only where a sink asks for it. */
  readonly bytes?: Buffer;
  /** What they say, where it had to be parsed. */
  readonly json?: JsonValue;
  readonly schema?: ConnectSchema;
}

/** Registration of a converter. */
export interface ConverterType {
  /** Short name: `avro`. */
  readonly name: string;
  readonly classNames: readonly string[];
  readonly doc: string;
  /** Its keys, without the prefix `value.converter.`. */
  readonly options: OptionSpecs;
  /** Problems between options that each are right by themselves; names without the prefix. Optional. */
  check?(options: Readonly<Record<string, string>>): readonly OptionProblem[];
  create(options: Readonly<Record<string, string>>, context: ConverterContext): Converter;
}

export interface ConverterContext {
  readonly clock: Clock;
  /** `key` or `value`, for messages. */
  readonly side: 'key' | 'value';
}

const builtIn: Readonly<Record<string, string>> = {
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

/** Those that are always there. */
export const builtInConverters: readonly string[] = [
  'bytes',
  'string',
  'json',
  'org.apache.kafka.connect.converters.ByteArrayConverter',
  'org.apache.kafka.connect.storage.StringConverter',
  'org.apache.kafka.connect.json.JsonConverter',
];

export function isBuiltInConverter(name: string): boolean {
  return builtIn[name.toLowerCase()] !== undefined;
}

/**
 * The built-in converter of that name, or null where every record passes as it is. `settings` are the keys after its prefix:
 * `schemas.enable` = true demands the envelope, false takes the JSON as it stands, absent takes whichever comes.
 */
export function createConverter(name: string, settings: Readonly<Record<string, string>>): Converter | null {
  switch (builtIn[name.toLowerCase()]) {
    case 'string':
      return stringConverter;
    case 'json':
      return envelopeConverter(settings);
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
