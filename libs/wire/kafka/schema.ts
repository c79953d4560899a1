/**
 * How a Kafka message is declared: fields with their types and version ranges as data, under Kafka's own names. The
 * TypeScript types follow by inference, the reader and the writer of each version by `codec-compiler.ts`.
 *
 * A decoded message has every field; what its version does not carry has the default. A message to encode may leave fields
 * out; what the version cannot carry is not written.
 */
import { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { compileReader, compileWriter, type ReadStruct, type WriteStruct } from './codec-compiler.js';

/** `3+` from 3 on, `0-12` both included, `4` only 4. */
export type Versions = `${number}+` | `${number}-${number}` | `${number}`;

export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

export type ScalarType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records';

export type FieldType =
  | { readonly kind: ScalarType }
  | { readonly kind: 'array'; readonly element: FieldType }
  | { readonly kind: 'struct'; readonly fields: Fields };

/** `Decoded` is what a reader gives, `Input` what a writer takes. Both exist only for the compiler. */
export interface Field<Decoded = unknown, Input = unknown> {
  readonly type: FieldType;
  readonly versions: VersionRange;
  /** Versions in which null is allowed. */
  readonly nullable: VersionRange;
  /** The number of a tagged field; null for one with a fixed place. */
  readonly tag: number | null;
  /** What the field has where it is absent: a scalar, null, or undefined for the type's zero. */
  readonly default: unknown;
  readonly decoded?: Decoded;
  readonly input?: Input;
}

export type Fields = Readonly<Record<string, Field>>;

export type Decoded<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer Value> ? Value : never;
};

export type Input<F extends Fields> = {
  readonly [Name in keyof F]?: F[Name] extends Field<unknown, infer Value> ? Value : never;
};

interface FieldOptions<Value> {
  /** Default: every version. */
  readonly versions?: Versions;
  readonly nullable?: Versions;
  readonly tag?: number;
  /** Default: false, 0, the empty text, bytes or array, the zero uuid, or a struct of defaults. */
  readonly default?: Value | null;
}

/** Null belongs to the type only where a version allows it. */
type OrNull<Value, Options> = Options extends { readonly nullable: Versions } ? Value | null : Value;

export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA';
const emptyBytes = Buffer.alloc(0);
const always: VersionRange = { from: 0, to: Infinity };
const never: VersionRange = { from: Infinity, to: -Infinity };

export function versionRange(text: Versions): VersionRange {
  if (text.endsWith('+')) return { from: Number(text.slice(0, -1)), to: Infinity };
  const [from, to] = text.split('-');
  return { from: Number(from), to: Number(to ?? from) };
}

export function contains(range: VersionRange, version: number): boolean {
  return range.from <= version && version <= range.to;
}

function field(type: FieldType, options: FieldOptions<unknown> | undefined): Field<never, never> {
  return {
    type,
    versions: options?.versions === undefined ? always : versionRange(options.versions),
    nullable: options?.nullable === undefined ? never : versionRange(options.nullable),
    tag: options?.tag ?? null,
    default: options?.default,
  };
}

function scalar<Value, ValueInput = Value>(kind: ScalarType) {
  return <const Options extends FieldOptions<Value>>(
    options?: Options,
  ): Field<OrNull<Value, Options>, OrNull<ValueInput, Options>> => field({ kind }, options);
}

export const bool = scalar<boolean>('bool');
export const int8 = scalar<number>('int8');
export const int16 = scalar<number>('int16');
export const int32 = scalar<number>('int32');
export const int64 = scalar<number>('int64');
export const float64 = scalar<number>('float64');
/** 22 characters of URL-safe base64. */
export const uuid = scalar<string>('uuid');
export const string = scalar<string>('string');
/** Decoded bytes share memory with the frame. */
export const bytes = scalar<Buffer>('bytes');
/** As bytes; to encode it may come in pieces, which are not copied. */
export const records = scalar<Buffer, Buffer | readonly Buffer[]>('records');

/** A list of structs. */
export function array<const F extends Fields, const Options extends FieldOptions<readonly never[]>>(
  fields: F,
  options?: Options,
): Field<OrNull<readonly Decoded<F>[], Options>, OrNull<readonly Input<F>[], Options>> {
  return field({ kind: 'array', element: { kind: 'struct', fields } }, options);
}

/** A list of scalars: `list(int32())`. Of the element only its type counts. */
export function list<Value, ValueInput, const Options extends FieldOptions<readonly never[]>>(
  element: Field<Value, ValueInput>,
  options?: Options,
): Field<OrNull<readonly Value[], Options>, OrNull<readonly ValueInput[], Options>> {
  return field({ kind: 'array', element: element.type }, options);
}

/** One struct inside another. */
export function struct<const F extends Fields, const Options extends FieldOptions<never>>(
  fields: F,
  options?: Options,
): Field<OrNull<Decoded<F>, Options>, OrNull<Input<F>, Options>> {
  return field({ kind: 'struct', fields }, options);
}

/** What a field holds in a version that does not carry it. Structs and arrays come frozen, because they are shared. */
export function defaultOf(declared: Field): unknown {
  if (declared.default !== undefined) return declared.default;
  const type = declared.type;
  switch (type.kind) {
    case 'bool':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return zeroUuid;
    case 'bytes':
    case 'records':
      return emptyBytes;
    case 'array':
      return Object.freeze([]);
    case 'struct':
      return Object.freeze(
        Object.fromEntries(Object.entries(type.fields).map(([name, inner]) => [name, defaultOf(inner)])),
      );
    default:
      return 0;
  }
}

/** The body of a request or an answer, with a reader and a writer for each version, made on first use. */
export class Message<F extends Fields> {
  private readonly readers: (ReadStruct | undefined)[] = [];
  private readonly writers: (WriteStruct | undefined)[] = [];

  constructor(
    readonly name: string,
    readonly fields: F,
    readonly flexibleFrom: number,
  ) {}

  /** Throws a WireError for bytes that do not decode. */
  read(version: number, reader: ByteReader): Decoded<F> {
    const read = (this.readers[version] ??= compileReader(this.fields, version, version >= this.flexibleFrom));
    return read(reader) as Decoded<F>;
  }

  write(version: number, writer: ByteWriter, body: Input<F>): void {
    const write = (this.writers[version] ??= compileWriter(this.fields, version, version >= this.flexibleFrom));
    write(writer, body);
  }
}

/** One Kafka API as we serve and call it. */
export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number;
  /** Kafka's name: `OffsetCommit`. */
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** The lowest version told to clients; below `minVersion` only where old clients would otherwise misbehave. */
  readonly advertisedMin: number;
  /** The first flexible version; Infinity where there is none. */
  readonly flexibleFrom: number;
  readonly request: Message<Request>;
  readonly response: Message<Response>;
}

export type RequestOf<A> = A extends Api<infer Request, Fields> ? Decoded<Request> : never;
export type ResponseOf<A> = A extends Api<Fields, infer Response> ? Decoded<Response> : never;
/** What may be given to encode: fields may be left out, records may come in pieces. */
export type RequestInput<A> = A extends Api<infer Request, Fields> ? Input<Request> : never;
export type ResponseInput<A> = A extends Api<Fields, infer Response> ? Input<Response> : never;

export function api<const Request extends Fields, const Response extends Fields>(declaration: {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly advertisedMin?: number;
  readonly flexibleFrom: number;
  readonly request: Request;
  readonly response: Response;
}): Api<Request, Response> {
  const { name, flexibleFrom, request, response } = declaration;
  return {
    ...declaration,
    advertisedMin: declaration.advertisedMin ?? declaration.minVersion,
    request: new Message(`${name}Request`, request, flexibleFrom),
    response: new Message(`${name}Response`, response, flexibleFrom),
  };
}
