/**
 * Flume's two Avro serializers. `avro_event` keeps the whole event, as a record of headers and body; AvroEventSerializer takes each body
 * for one datum of a schema that the event's headers or the configuration name.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { encodeAvroFlumeEvents } from '../../channels/topic/avro-flume-event.js';
import { AvroContainerWriter, type AvroCodec } from '../../formats/avro-container.js';
import type { EventEncoder, EventSerializer } from './event-encoder.js';

export interface AvroSettings {
  readonly codec: AvroCodec;
  readonly syncIntervalBytes: number;
}

const eventSchema = JSON.stringify({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'headers', type: { type: 'map', values: 'string' } },
    { name: 'body', type: 'bytes' },
  ],
});

/** Flume's AVRO_EVENT: every event whole. */
export class AvroEventSerializer implements EventSerializer {
  constructor(private readonly settings: AvroSettings) {}

  open(identity: string): EventEncoder {
    const writer = new AvroContainerWriter({ ...this.settings, schema: eventSchema, identity });
    return {
      add(batch, indexes) {
        const encoded = encodeAvroFlumeEvents(batch.select(indexes));
        writer.add(encoded.bytes, encoded.count);
      },
      take: () => writer.take(),
    };
  }
}

const literalHeader = 'flume.avro.schema.literal';
const urlHeader = 'flume.avro.schema.url';
const schemasKeptMax = 1000;

/** Where schemas on HDFS are read from: the sink's own HDFS. Null where the sink has none. */
export type SchemaFileReader = (url: string) => Promise<Buffer | null>;

/** Flume's `org.apache.flume.sink.hdfs.AvroEventSerializer$Builder`. */
export class AvroDatumSerializer implements EventSerializer {
  private readonly schemas = new Map<string, string>();

  constructor(
    private readonly settings: AvroSettings & { readonly schemaUrl: string | null },
    private readonly readSchemaFile: SchemaFileReader,
  ) {}

  async prepare(batch: EventBatch): Promise<void> {
    const urls = new Set<string>();
    for (let index = 0; index < batch.count; index += 1) {
      const url = this.urlOf(batch, index);
      if (url !== null && !this.schemas.has(url)) urls.add(url);
    }
    for (const url of urls) {
      if (this.schemas.size >= schemasKeptMax) this.schemas.clear();
      this.schemas.set(url, await this.read(url));
    }
  }

  /** The schema itself: a file has one, so events of another one go to another file (Flume writes them into a file that nobody can read). */
  variant(batch: EventBatch, index: number): string {
    const url = this.urlOf(batch, index);
    const schema = url === null ? batch.header(index, literalHeader) : this.schemas.get(url);
    if (schema !== null && schema !== undefined) return schema;
    throw new PoisonRecordError(
      `An event names no Avro schema: it has neither the header ${urlHeader} nor ${literalHeader}, and serializer.schemaURL is not set.`,
      index,
    );
  }

  open(identity: string, variant: string): EventEncoder {
    const { codec, syncIntervalBytes } = this.settings;
    const writer = new AvroContainerWriter({ codec, syncIntervalBytes, schema: variant, identity });
    return {
      add(batch, indexes) {
        const bodies = batch.select(indexes).copy();
        writer.add(bodies.bytes, bodies.count);
      },
      take: () => writer.take(),
    };
  }

  private urlOf(batch: EventBatch, index: number): string | null {
    const url = batch.header(index, urlHeader);
    if (url !== null) return url;
    return batch.header(index, literalHeader) === null ? this.settings.schemaUrl : null;
  }

  private async read(url: string): Promise<string> {
    try {
      const text = (await this.fetch(url)).toString();
      JSON.parse(text);
      return text;
    } catch (error) {
      throw new RetriableSinkError(`The Avro schema ${url} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }

  private async fetch(url: string): Promise<Buffer> {
    if (/^https?:/i.test(url)) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(schemaMsMax) });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return Buffer.from(await answer.arrayBuffer());
    }
    if (/^file:/i.test(url)) return await readFile(fileURLToPath(url));
    const bytes = await this.readSchemaFile(url);
    if (bytes === null) throw new Error('there is no such file');
    return bytes;
  }
}

/** How long a schema may take to come over HTTP, ms. */
const schemaMsMax = 10_000;
