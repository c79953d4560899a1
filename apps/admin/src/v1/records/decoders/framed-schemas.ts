/** What stands behind the ids in records of Confluent's serializers: a zero byte, four bytes with the schema's id, the data. */
import { avroReader } from '#connectors/converters/avro/avro-converter';
import type { RegistryClient } from '#connectors/converters/schema-registry/registry-client';
import { openRegistry } from '#connectors/converters/schema-registry/registry-options';
import { RetriableSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { plainJson } from './plain-json.js';

export type FramedKind = 'avro' | 'json' | 'protobuf';

interface Decoded {
  readonly value: unknown;
  readonly detail: string;
}

type Reader = (bytes: Buffer) => Decoded;
type Known =
  | { readonly kind: FramedKind; readonly read: Reader }
  | { readonly kind: null; readonly problem: string; readonly until: number };

export const headBytes = 5;
/** What could not be had is asked for again after so long. */
const retryMs = 30_000;
const schemasMax = 10_000;
/** Schemas that are fetched for one batch of records: arbitrary bytes may look as if each had another. */
const askedMax = 20;
const timeoutMs = '3000';
export const noRegistry =
  'the schema lies in a schema registry, and none is configured: set SCHEMA_REGISTRY_URL in the environment of the administration';

export function isFramed(bytes: Buffer): boolean {
  return bytes.length >= headBytes && bytes[0] === 0;
}

export class FramedSchemas {
  private readonly known = new Map<number, Known>();
  private readonly registry: RegistryClient | null;
  /** One that does not answer is left alone for a while. */
  private awayUntil = 0;
  private away = 'the schema was not asked for: too many others were';

  constructor(
    /** Address, with a login before its host where it wants one; null: there is no registry. */
    url: string | null,
    private readonly clock: Clock,
  ) {
    this.registry =
      url === null
        ? null
        : openRegistry({ 'schema.registry.url': url, 'schema.registry.timeout.ms': timeoutMs }, clock);
  }

  get isConfigured(): boolean {
    return this.registry !== null;
  }

  /** Fetches the schemas of these records that are not known yet; never throws. */
  async prepare(values: Iterable<Buffer>): Promise<void> {
    if (this.registry === null) return;
    let asked = 0;
    for (const bytes of values) {
      if (asked >= askedMax || this.awayUntil > this.clock.monotonic()) return;
      if (!isFramed(bytes)) continue;
      const id = bytes.readUInt32BE(1);
      const known = this.known.get(id);
      if (known !== undefined && (known.kind !== null || known.until > this.clock.monotonic())) continue;
      if (this.known.size >= schemasMax) this.known.clear();
      asked += 1;
      this.known.set(id, await this.load(this.registry, id));
    }
  }

  /** After `prepare`. Throws a sentence where it can not be read; null where the schema is of another kind. */
  read(bytes: Buffer, kind: FramedKind): Decoded | null {
    if (this.registry === null) throw new Error(noRegistry);
    const known = this.known.get(bytes.readUInt32BE(1));
    if (known === undefined) throw new Error(this.away);
    if (known.kind === null) throw new Error(known.problem);
    if (known.kind !== kind) return null;
    try {
      return known.read(bytes);
    } catch (error) {
      throw new Error(`the bytes are not what schema ${bytes.readUInt32BE(1)} says: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  private async load(registry: RegistryClient, id: number): Promise<Known> {
    const until = this.clock.monotonic() + retryMs;
    try {
      const schema = await registry.schema(id);
      if (schema === null) return { kind: null, problem: `the schema registry has no schema ${id}`, until };
      const detail = `schema ${id} of the registry`;
      switch (schema.kind) {
        case 'AVRO': {
          const reader = avroReader(schema);
          return { kind: 'avro', read: (bytes) => ({ value: plainJson(reader.read(bytes, headBytes).json), detail }) };
        }
        case 'JSON':
          return {
            kind: 'json',
            read: (bytes) => ({ value: JSON.parse(bytes.toString('utf8', headBytes)) as unknown, detail }),
          };
        case 'PROTOBUF': {
          const { ProtobufSchema } = await import('./protobuf-schema.js');
          const compiled = ProtobufSchema.compile(schema);
          return {
            kind: 'protobuf',
            read: (bytes) => {
              const { value, message } = compiled.readFramed(bytes, headBytes);
              return { value, detail: `message ${message}, ${detail}` };
            },
          };
        }
        default:
          return { kind: null, problem: `schema ${id} is of type ${schema.kind}, which nothing here reads`, until };
      }
    } catch (error) {
      if (error instanceof RetriableSinkError) {
        this.awayUntil = until;
        this.away = messageOf(error);
      }
      return { kind: null, problem: messageOf(error), until };
    }
  }

  close(): void {
    this.registry?.close();
  }
}
