/**
 * Parquet files. Rows wait in the spool, as JSON or as envelopes, until their file ends: only then its columns are known, and only one row
 * group is in memory.
 */
import type { ConnectSchema } from '#pipeline/connect-schema';
import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, type JsonObject } from '#pipeline/sink-json';
import { encodedBy } from './avro-format.js';
import { envelopeSchema, readEnvelope, writeEnvelope, type EnvelopeField } from './envelope.js';
import { emptyBuffer, type FileEncoder, type Format } from './format.js';
import { jsonBytes, jsonObjects, type NullValues } from './json-rows.js';
import { ValueMismatch } from './json-scalars.js';
import { parquetFile, type ParquetCodec, type ParquetRow } from './parquet-file.js';
import { columnOf, named } from './parquet-schema.js';
import { framed, readFrames } from './row-frames.js';
import { SchemaMerge } from './schema-merge.js';

export type ParquetContent =
  | {
      readonly kind: 'value';
      readonly nulls: NullValues;
      /** Null = what all values of the file have in common. */ readonly schema: ConnectSchema | null;
    }
  | { readonly kind: 'envelope'; readonly fields: readonly EnvelopeField[] };

export interface ParquetFormatOptions {
  readonly content: ParquetContent;
  readonly codec: ParquetCodec;
  readonly rowGroupBytes: number;
}

const extensions: Readonly<Record<ParquetCodec, string>> = {
  none: '.parquet',
  snappy: '.snappy.parquet',
  gzip: '.gz.parquet',
  zstd: '.zstd.parquet',
  lz4_raw: '.lz4raw.parquet',
};

export class ParquetFormat implements Format {
  readonly name = 'parquet';
  readonly extension: string;
  private readonly convertGiven: ((value: JsonObject) => unknown[]) | null;

  constructor(private readonly options: ParquetFormatOptions) {
    const { content, codec } = options;
    this.extension = extensions[codec];
    this.convertGiven = content.kind === 'value' && content.schema !== null ? rowOf(content.schema) : null;
  }

  check(batch: SinkBatch): void {
    const { content } = this.options;
    if (content.kind === 'envelope') return;
    const objects = jsonObjects(batch, content.nulls, 'parquet');
    if (this.convertGiven === null) return;
    for (const [index, value] of objects.entries()) {
      try {
        if (value !== null) this.convertGiven(value);
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

  open(): FileEncoder {
    const { content } = this.options;
    return content.kind === 'envelope' ? this.openEnvelopes(content.fields) : this.openValues(content);
  }

  private openEnvelopes(fields: readonly EnvelopeField[]): FileEncoder {
    const rows = encodedBy((batch, index, sink) => writeEnvelope(fields, batch, index, sink));
    return {
      header: emptyBuffer,
      encode: (batch, indexes) => framed(rows(batch, indexes)),
      finish: (encoded) =>
        this.file(envelopeSchema(fields), encoded, (row) =>
          readEnvelope(fields, row).map((value, at) => (fields[at] === 'offset' ? BigInt(Number(value)) : value)),
        ),
    };
  }

  private openValues({ nulls, schema }: Extract<ParquetContent, { kind: 'value' }>): FileEncoder {
    const merge = schema === null ? new SchemaMerge() : null;
    return {
      header: emptyBuffer,
      encode(batch, indexes) {
        const objects = jsonObjects(batch, nulls, 'parquet');
        const rows: Buffer[] = [];
        for (const index of indexes) {
          const value = objects[index] ?? null;
          if (value === null) continue;
          merge?.add(value, batch.schema?.(index));
          rows.push(jsonBytes(batch, index, value));
        }
        return framed(rows);
      },
      finish: (encoded) => {
        const whole = schema ?? merge?.schema;
        const convert = this.convertGiven ?? rowOf(whole ?? noFields);
        return this.file(whole ?? noFields, encoded, (row) => {
          const value = parseJson(row);
          return isJsonObject(value) ? convert(value) : [];
        });
      },
    };
  }

  private file(
    schema: ConnectSchema,
    encoded: AsyncIterable<Buffer>,
    valuesOf: (row: Buffer) => readonly unknown[],
  ): AsyncIterable<Buffer> {
    const { codec, rowGroupBytes } = this.options;
    return parquetFile({ fields: schema.fields ?? [], codec, rowGroupBytes }, rowsOf(encoded, valuesOf));
  }
}

const noFields: ConnectSchema = { type: 'struct', optional: false, fields: [] };

function rowOf(schema: ConnectSchema): (value: JsonObject) => unknown[] {
  const columns = (schema.fields ?? []).map((field) => ({ name: field.name, convert: columnOf(field.schema) }));
  return (value) => columns.map(({ name, convert }) => named(name, convert, value[name]));
}

async function* rowsOf(
  encoded: AsyncIterable<Buffer>,
  valuesOf: (row: Buffer) => readonly unknown[],
): AsyncGenerator<Iterable<ParquetRow>> {
  for await (const rows of readFrames(encoded)) {
    // One by one, so that a chunk of many rows is not there twice.
    yield (function* () {
      for (const row of rows) yield { bytes: row.length, values: valuesOf(row) };
    })();
  }
}
