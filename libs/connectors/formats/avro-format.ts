/**
 * Avro container files. What a record becomes is its `AvroContent`: the fields of its JSON value by a schema that is given, or by the one that
 * all values of the file have in common; the record with what lies around it; or Flume's event.
 */
import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { parseJson } from '#pipeline/sink-json';
import { AvroContainerWriter, type AvroCodec } from './avro-container.js';
import { writeAvro, writeLong, writeText } from './avro-encoder.js';
import { avroSchemaText, parseAvroSchema, type AvroType } from './avro-types.js';
import { ByteSink } from './byte-sink.js';
import { envelopeSchema, writeEnvelope, type EnvelopeField } from './envelope.js';
import { emptyBuffer, type FileEncoder, type Format } from './format.js';
import { jsonBytes, jsonObjects, type NullValues } from './json-rows.js';
import { ValueMismatch } from './json-scalars.js';
import { framed, readFrames } from './row-frames.js';
import { SchemaMerge } from './schema-merge.js';

export type AvroContent =
  | { readonly kind: 'value'; readonly nulls: NullValues }
  | { readonly kind: 'schema'; readonly nulls: NullValues; readonly schema: string }
  | { readonly kind: 'envelope'; readonly fields: readonly EnvelopeField[] }
  | { readonly kind: 'event' };

/** As Avro's own writer. */
const syncIntervalBytes = 64_000;

/** Flume's schema of an event. */
export const flumeEventSchema = JSON.stringify({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'headers', type: { type: 'map', values: 'string' } },
    { name: 'body', type: 'bytes' },
  ],
});

export class AvroFormat implements Format {
  readonly name = 'avro';
  readonly extension = '.avro';
  private readonly type: AvroType | null;
  private readonly encodedBatches = new WeakMap<SinkBatch, readonly (Buffer | null)[]>();

  constructor(
    private readonly content: AvroContent,
    private readonly codec: AvroCodec,
  ) {
    this.type = content.kind === 'schema' ? parseAvroSchema(content.schema) : null;
  }

  check(batch: SinkBatch): void {
    if (this.content.kind === 'value') jsonObjects(batch, this.content.nulls, 'avro');
    else if (this.content.kind === 'schema') this.datums(batch, this.content.nulls);
  }

  open(identity: string): FileEncoder {
    const { content } = this;
    switch (content.kind) {
      case 'value':
        return this.openMerged(identity, content.nulls);
      case 'schema':
        return this.openRows(identity, content.schema, (batch, indexes) => {
          const datums = this.datums(batch, content.nulls);
          return Array.from(indexes, (index) => datums[index] ?? null).filter((datum) => datum !== null);
        });
      case 'envelope': {
        const schema = avroSchemaText(envelopeSchema(content.fields), 'Record');
        return this.openRows(
          identity,
          schema,
          encodedBy((batch, index, sink) => writeEnvelope(content.fields, batch, index, sink)),
        );
      }
      case 'event':
        return this.openRows(identity, flumeEventSchema, encodedBy(writeEvent));
    }
  }

  private openRows(
    identity: string,
    schema: string,
    rows: (batch: SinkBatch, indexes: Int32Array) => readonly Buffer[],
  ): FileEncoder {
    return {
      header: emptyBuffer,
      encode: (batch, indexes) => framed(rows(batch, indexes)),
      finish: (encoded) => this.container(identity, schema, encoded, (row) => row),
    };
  }

  private openMerged(identity: string, nulls: NullValues): FileEncoder {
    const merge = new SchemaMerge();
    return {
      header: emptyBuffer,
      encode(batch, indexes) {
        const objects = jsonObjects(batch, nulls, 'avro');
        const rows: Buffer[] = [];
        for (const index of indexes) {
          const value = objects[index] ?? null;
          if (value === null) continue;
          merge.add(value, batch.schema?.(index));
          rows.push(jsonBytes(batch, index, value));
        }
        return framed(rows);
      },
      finish: (encoded) => {
        const schema = avroSchemaText(merge.schema, 'Value');
        const type = parseAvroSchema(schema);
        const sink = new ByteSink();
        return this.container(identity, schema, encoded, (row) => {
          sink.length = 0;
          writeAvro(type, parseJson(row), sink, true);
          return sink.copyFrom(0);
        });
      },
    };
  }

  private async *container(
    identity: string,
    schema: string,
    encoded: AsyncIterable<Buffer>,
    datumOf: (row: Buffer) => Buffer,
  ): AsyncGenerator<Buffer> {
    const writer = new AvroContainerWriter({ schema, codec: this.codec, syncIntervalBytes, identity });
    for await (const rows of readFrames(encoded)) {
      for (const row of rows) writer.add(datumOf(row), 1);
      yield await writer.take(true);
    }
    yield await writer.take();
  }

  /** Each value by the schema that was given; encoded once, for the check. */
  private datums(batch: SinkBatch, nulls: NullValues): readonly (Buffer | null)[] {
    const known = this.encodedBatches.get(batch);
    if (known !== undefined) return known;
    const objects = jsonObjects(batch, nulls, 'avro');
    const sink = new ByteSink(batch.byteCount + 1024);
    const ends = objects.map((value, index) => {
      if (value !== null) this.writeDatum(batch, index, value, sink);
      return sink.length;
    });
    const datums = objects.map((value, index) =>
      value === null ? null : sink.bytes.subarray(ends[index - 1] ?? 0, ends[index]),
    );
    this.encodedBatches.set(batch, datums);
    return datums;
  }

  private writeDatum(batch: SinkBatch, index: number, value: Parameters<typeof writeAvro>[1], sink: ByteSink): void {
    if (this.type === null) return;
    try {
      writeAvro(this.type, value, sink, false);
    } catch (error) {
      if (!(error instanceof ValueMismatch)) throw error;
      throw new PoisonRecordError(
        `Record ${batch.topic}-${batch.partition}@${batch.offset(index)} does not fit format.schema: ${error.message}.`,
        index,
        { cause: error },
      );
    }
  }
}

type RowWriter = (batch: SinkBatch, index: number, sink: ByteSink) => void;

export function encodedBy(write: RowWriter): (batch: SinkBatch, indexes: Int32Array) => readonly Buffer[] {
  return (batch, indexes) => {
    const sink = new ByteSink(batch.byteCount + 1024);
    const ends: number[] = [];
    for (const index of indexes) {
      write(batch, index, sink);
      ends.push(sink.length);
    }
    return ends.map((end, at) => sink.bytes.subarray(ends[at - 1] ?? 0, end));
  };
}

/** The key goes in as the header `key`, as events have it, where there is one. */
function writeEvent(batch: SinkBatch, index: number, sink: ByteSink): void {
  const headers = new Map<string, string>();
  const key = batch.key(index);
  if (key !== null) headers.set('key', key.toString());
  for (const { key: name, value } of batch.headers(index)) headers.set(name, value?.toString() ?? '');
  if (headers.size > 0) writeLong(sink, headers.size);
  for (const [name, value] of headers) {
    writeText(sink, name);
    writeText(sink, value);
  }
  sink.byte(0);
  const body = batch.value(index) ?? emptyBuffer;
  writeLong(sink, body.length);
  sink.append(body);
}
