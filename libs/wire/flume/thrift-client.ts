/** The asking side of Flume's ThriftSourceProtocol on one connection. Answers come in the order of the calls. */
import { MillraceError } from '#std/errors';
import { EncodedHeaders, type WriteLength } from './encoded-headers.js';
import { flumeWireErrors, malformed } from './errors.js';
import type { EventColumns } from './event-columns.js';
import { createReader, type ThriftReader } from './thrift-reader.js';
import { messageKind, thriftType, type ThriftProtocolName } from './thrift-types.js';
import { createWriter, type ThriftWriter } from './thrift-writer.js';

const statuses = ['OK', 'FAILED', 'ERROR', 'UNKNOWN'];
const textBytesMax = 1000;

export class ThriftClientSession {
  private sequence = 0;

  constructor(private readonly protocol: ThriftProtocolName) {}

  /** A whole frame with `appendBatch`, and the number by which its answer comes. */
  request(events: EventColumns): { readonly serial: number; readonly frame: Buffer } {
    this.sequence = (this.sequence % 0x7fff_ffff) + 1;
    const bodyBytes = (events.ends.at(-1) ?? 0) - (events.starts[0] ?? 0);
    const writer = createWriter(this.protocol, Math.max(0, bodyBytes) + events.starts.length * 64 + 256);
    writer.head({ name: 'appendBatch', kind: messageKind.call, sequence: this.sequence });
    writer.field(thriftType.list, 1, 0);
    writeList(writer, events, this.protocol);
    writer.stop();
    return { serial: this.sequence, frame: writer.finish() };
  }

  /** Refusal null: the events were taken. Throws `wire.flume.malformed` where the bytes are no answer. */
  answer(message: Buffer): { readonly serial: number; readonly refusal: Error | null } {
    const reader = createReader(this.protocol, message);
    const { kind, sequence: serial } = reader.head();
    if (kind !== messageKind.reply && kind !== messageKind.exception) throw malformed('A message is no answer.');
    const refusal =
      kind === messageKind.reply ? refusalOf(reader) : refused(`it answered with an error: ${errorOf(reader)}`);
    return { serial, refusal };
  }
}

const lengthOf: Readonly<Record<ThriftProtocolName, WriteLength>> = {
  compact: (out, length) => out.varint(length),
  binary: (out, length) => out.int32(length),
};

function writeList(writer: ThriftWriter, events: EventColumns, protocol: ThriftProtocolName): void {
  const count = events.starts.length;
  const headers = new EncodedHeaders(events.headers, lengthOf[protocol]);
  writer.list(thriftType.struct, count);
  for (let index = 0; index < count; index += 1) {
    const start = events.starts[index] ?? 0;
    const end = events.ends[index] ?? 0;
    writer.field(thriftType.map, 1, 0);
    writer.textMap(headers.countOf(index));
    headers.write(writer.out, index);
    writer.field(thriftType.binary, 2, 1);
    writer.length(end - start);
    writer.out.slice(events.bytes, start, end);
    writer.stop();
  }
}

function refusalOf(reader: ThriftReader): Error | null {
  for (let id = 0, type = reader.field(id); type !== thriftType.stop; type = reader.field(id)) {
    id = reader.fieldId;
    if (id === 0 && type === thriftType.i32) {
      const status = reader.i32();
      return status === 0 ? null : refused(`it answered ${statuses[status] ?? 'an unknown status'}`);
    }
    reader.skip(type);
  }
  throw malformed('An answer has no status.');
}

function errorOf(reader: ThriftReader): string {
  for (let id = 0, type = reader.field(id); type !== thriftType.stop; type = reader.field(id)) {
    id = reader.fieldId;
    if (id === 1 && type === thriftType.binary) return reader.text(textBytesMax);
    reader.skip(type);
  }
  return 'no text';
}

function refused(what: string): MillraceError {
  return new MillraceError(flumeWireErrors.refused, `The server did not take the events: ${what}.`);
}
