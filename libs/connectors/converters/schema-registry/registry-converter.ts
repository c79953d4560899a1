import { ConversionError } from '#pipeline/conversion-error';
import type { Converted, Converter } from '#pipeline/sink-converters';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { RegisteredSchema, RegistryClient } from './registry-client.js';

/** Reads what stands behind a schema's id. */
export interface SchemaReader {
  /** `bytes` from `from` on. */
  read(bytes: Buffer, from: number): Converted;
}

export interface RegistryConverterParts {
  /** `AVRO`: what kind of schema records must have. */
  readonly kind: string;
  readonly registry: RegistryClient;
  readonly clock: Clock;
  /** Throws where the schema can not be read. */
  compile(schema: RegisteredSchema): SchemaReader | Promise<SchemaReader>;
}

/** The format of Confluent's serializers: a zero byte, four bytes with the schema's id, the data. */
const headBytes = 5;
/** An id that the registry does not know is asked for again after so long. */
const unknownMs = 30_000;
const schemasMax = 10_000;

type Known = { readonly reader: SchemaReader } | { readonly problem: string; readonly until: number };

/** A converter of records that begin with the id of a schema in a registry. Schemas never change, so each is fetched once. */
export class RegistryConverter implements Converter {
  private readonly known = new Map<number, Known>();

  constructor(private readonly parts: RegistryConverterParts) {}

  prepare(count: number, bytes: (index: number) => Buffer | null): Promise<void> | null {
    let missing: Set<number> | null = null;
    const now = this.parts.clock.monotonic();
    let last = -1;
    for (let index = 0; index < count; index += 1) {
      const given = bytes(index);
      if (given === null || given.length < headBytes || given[0] !== 0) continue;
      const id = given.readUInt32BE(1);
      if (id === last) continue;
      last = id;
      const known = this.known.get(id);
      if (known === undefined || ('until' in known && known.until <= now)) (missing ??= new Set()).add(id);
    }
    return missing === null ? null : this.fetch(missing);
  }

  convert(bytes: Buffer): Converted {
    if (bytes.length < headBytes || bytes[0] !== 0) {
      throw new ConversionError(
        `the bytes do not begin with a zero byte and the id of a schema, as those of Confluent’s serializers do (they are ${bytes.length} bytes, ` +
          `the first ${bytes.length === 0 ? 'missing' : `0x${(bytes[0] ?? 0).toString(16)}`})`,
      );
    }
    const id = bytes.readUInt32BE(1);
    const known = this.known.get(id);
    if (known === undefined) throw new ConversionError(`schema ${id} was not fetched`);
    if ('problem' in known) throw new ConversionError(known.problem);
    try {
      return known.reader.read(bytes, headBytes);
    } catch (error) {
      throw new ConversionError(`the bytes are not what schema ${id} says: ${messageOf(error)}`, { cause: error });
    }
  }

  stop(): Promise<void> {
    this.parts.registry.close();
    return Promise.resolve();
  }

  private async fetch(ids: ReadonlySet<number>): Promise<void> {
    for (const id of ids) {
      const known = await this.load(id);
      if (this.known.size >= schemasMax) this.known.clear();
      this.known.set(id, known);
    }
  }

  private async load(id: number): Promise<Known> {
    const schema = await this.parts.registry.schema(id);
    const until = this.parts.clock.monotonic() + unknownMs;
    if (schema === null) return { problem: `the schema registry has no schema ${id}`, until };
    if (schema.kind !== this.parts.kind) {
      return { problem: `schema ${id} is of type ${schema.kind}, and the converter reads ${this.parts.kind}`, until };
    }
    try {
      return { reader: await this.parts.compile(schema) };
    } catch (error) {
      return { problem: `schema ${id} can not be read: ${messageOf(error)}`, until };
    }
  }
}
