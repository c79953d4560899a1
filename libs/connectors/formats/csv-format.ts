/**
 * CSV (RFC 4180): a line with the names, then one a record; fields with a separator, a quote or a line break in them stand in quotes, and a
 * quote in them is doubled. A field that is missing or null is nothing, an empty text is `""`. Objects and arrays are JSON text.
 *
 * Columns are those that were given, or every field that the values of the file have, in the order in which they came.
 */
import { isUtf8 } from 'node:buffer';
import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import type { EnvelopeField } from './envelope.js';
import { emptyBuffer, type FileEncoder, type Format } from './format.js';
import { headersObject } from './json-format.js';
import { jsonBytes, jsonObjects, type NullValues } from './json-rows.js';
import { framed, readFrames } from './row-frames.js';

export type CsvContent =
  | {
      readonly kind: 'value';
      readonly nulls: NullValues;
      /** Null = all that there are. */ readonly columns: readonly string[] | null;
    }
  | { readonly kind: 'envelope'; readonly fields: readonly EnvelopeField[] };

export interface CsvFormatOptions {
  readonly content: CsvContent;
  /** A line with the names first. */
  readonly header: boolean;
  /** One character. */
  readonly delimiter: string;
  readonly lineEnd: string;
}

export class CsvFormat implements Format {
  readonly name = 'csv';
  readonly extension = '.csv';
  private readonly special: RegExp;

  constructor(private readonly options: CsvFormatOptions) {
    const separator = options.delimiter.replace(/[\\^\]-]/g, '\\$&');
    this.special = new RegExp(`["\\r\\n${separator}]`);
  }

  check(batch: SinkBatch): void {
    const { content } = this.options;
    if (content.kind === 'value') jsonObjects(batch, content.nulls, 'csv');
  }

  open(): FileEncoder {
    const { content } = this.options;
    if (content.kind === 'envelope') {
      return this.openLines(content.fields, (batch, index) =>
        content.fields.map((field) => envelopeText(field, batch, index)),
      );
    }
    const { columns, nulls } = content;
    if (columns === null) return this.openAll(nulls);
    return this.openLines(columns, (batch, index) => {
      const value = jsonObjects(batch, nulls, 'csv')[index] ?? null;
      return value === null ? null : columns.map((name) => value[name]);
    });
  }

  private openLines(
    names: readonly string[],
    valuesOf: (batch: SinkBatch, index: number) => readonly (JsonValue | undefined)[] | null,
  ): FileEncoder {
    return {
      header: this.names(names),
      encode: (batch, indexes) => {
        let text = '';
        for (const index of indexes) {
          const values = valuesOf(batch, index);
          if (values !== null) text += this.line(values);
        }
        return Buffer.from(text);
      },
    };
  }

  private openAll(nulls: NullValues): FileEncoder {
    const names = new Set<string>();
    return {
      header: emptyBuffer,
      encode(batch, indexes) {
        const objects = jsonObjects(batch, nulls, 'csv');
        const rows: Buffer[] = [];
        for (const index of indexes) {
          const value = objects[index] ?? null;
          if (value === null) continue;
          for (const name in value) names.add(name);
          rows.push(jsonBytes(batch, index, value));
        }
        return framed(rows);
      },
      finish: (encoded) => this.lines([...names], encoded),
    };
  }

  private async *lines(names: readonly string[], encoded: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    yield this.names(names);
    for await (const rows of readFrames(encoded)) {
      let text = '';
      for (const row of rows) {
        const value = parseJson(row);
        const object: JsonObject = isJsonObject(value) ? value : {};
        text += this.line(names.map((name) => object[name]));
      }
      yield Buffer.from(text);
    }
  }

  private names(names: readonly string[]): Buffer {
    return this.options.header ? Buffer.from(this.line(names)) : emptyBuffer;
  }

  private line(values: readonly (JsonValue | undefined)[]): string {
    const { delimiter, lineEnd } = this.options;
    return values.map((value) => this.field(value)).join(delimiter) + lineEnd;
  }

  private field(value: JsonValue | undefined): string {
    if (value === undefined || value === null) return '';
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
    const text = typeof value === 'string' ? value : stringifyJson(value);
    return text === '' || this.special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
}

function envelopeText(field: EnvelopeField, batch: SinkBatch, index: number): JsonValue {
  switch (field) {
    case 'topic':
      return batch.topic;
    case 'partition':
      return batch.partition;
    case 'offset':
      return batch.offset(index);
    case 'timestamp':
      return batch.timestamp(index);
    case 'key':
      return textOf(batch.key(index));
    case 'value':
      return textOf(batch.value(index));
    case 'headers':
      return headersObject(batch, index);
  }
}

/** Bytes that are not UTF-8 as base64. */
function textOf(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('base64');
}
