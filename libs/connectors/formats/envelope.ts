/**
 * Records with what lies around their value, in a schema that is always the same: of these fields those that are asked for, in this order.
 *
 *     topic string, partition int, offset long, timestamp long (ms), key bytes or null, headers array of {key, value}, value bytes or null
 */
import type { ConnectField, ConnectSchema } from '#pipeline/connect-schema';
import { logicalNames } from '#pipeline/connect-schema';
import type { SinkBatch } from '#pipeline/sink-batch';
import { writeLong, writeText } from './avro-encoder.js';
import type { ByteSink } from './byte-sink.js';

export const envelopeFields = ['topic', 'partition', 'offset', 'timestamp', 'key', 'headers', 'value'] as const;
export type EnvelopeField = (typeof envelopeFields)[number];

const optionalBytes: ConnectSchema = { type: 'bytes', optional: true };
const header: ConnectSchema = {
  type: 'struct',
  optional: false,
  name: 'Header',
  fields: [
    { name: 'key', schema: { type: 'string', optional: false } },
    { name: 'value', schema: optionalBytes },
  ],
};
const schemas: Readonly<Record<EnvelopeField, ConnectSchema>> = {
  topic: { type: 'string', optional: false },
  partition: { type: 'int32', optional: false },
  offset: { type: 'int64', optional: false },
  timestamp: { type: 'int64', optional: false, name: logicalNames.timestamp },
  key: optionalBytes,
  headers: { type: 'array', optional: false, items: header },
  value: optionalBytes,
};

/** As given, in the order above and once each. */
export function inEnvelopeOrder(fields: readonly EnvelopeField[]): readonly EnvelopeField[] {
  return envelopeFields.filter((field) => fields.includes(field));
}

export function envelopeSchema(fields: readonly EnvelopeField[]): ConnectSchema {
  return {
    type: 'struct',
    optional: false,
    name: 'Record',
    fields: fields.map((name): ConnectField => ({ name, schema: schemas[name] })),
  };
}

/** Appends the record in Avro's encoding of that schema. */
export function writeEnvelope(fields: readonly EnvelopeField[], batch: SinkBatch, index: number, sink: ByteSink): void {
  for (const field of fields) {
    switch (field) {
      case 'topic':
        writeText(sink, batch.topic);
        break;
      case 'partition':
        writeLong(sink, batch.partition);
        break;
      case 'offset':
        writeLong(sink, batch.offset(index));
        break;
      case 'timestamp':
        writeLong(sink, batch.timestamp(index));
        break;
      case 'key':
        writeOptional(sink, batch.key(index));
        break;
      case 'value':
        writeOptional(sink, batch.value(index));
        break;
      case 'headers': {
        const headers = batch.headers(index);
        if (headers.length > 0) writeLong(sink, headers.length);
        for (const { key, value } of headers) {
          writeText(sink, key);
          writeOptional(sink, value);
        }
        sink.byte(0);
      }
    }
  }
}

function writeOptional(sink: ByteSink, bytes: Buffer | null): void {
  if (bytes === null) {
    sink.byte(0);
    return;
  }
  sink.byte(2);
  writeLong(sink, bytes.length);
  sink.append(bytes);
}

export interface EnvelopeHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

export type EnvelopeValue = string | number | Buffer | null | readonly EnvelopeHeader[];

/** What `writeEnvelope` wrote, field by field. */
export function readEnvelope(fields: readonly EnvelopeField[], row: Buffer): EnvelopeValue[] {
  const reader = new RowReader(row);
  return fields.map((field) => {
    switch (field) {
      case 'topic':
        return reader.bytes().toString();
      case 'partition':
      case 'offset':
      case 'timestamp':
        return reader.long();
      case 'key':
      case 'value':
        return reader.optional();
      case 'headers': {
        const headers: EnvelopeHeader[] = [];
        for (let count = reader.long(); count > 0; count = reader.long()) {
          for (let at = 0; at < count; at += 1) {
            headers.push({ key: reader.bytes().toString(), value: reader.optional() });
          }
        }
        return headers;
      }
    }
  });
}

class RowReader {
  private at = 0;

  constructor(private readonly row: Buffer) {}

  long(): number {
    let low = 0;
    let unit = 1;
    for (;;) {
      const byte = this.row.readUInt8(this.at);
      this.at += 1;
      low += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      unit *= 0x80;
    }
    return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
  }

  bytes(): Buffer {
    const size = this.long();
    this.at += size;
    return this.row.subarray(this.at - size, this.at);
  }

  optional(): Buffer | null {
    return this.long() === 0 ? null : this.bytes();
  }
}
