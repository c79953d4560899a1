/** AvroFlumeEvents, `{headers: map<string>, body: bytes}`, between Avro binary and columns. */
import type { AvroReader } from './avro-reader.js';
import { EncodedHeaders } from './encoded-headers.js';
import { EventColumnsBuilder, type EventColumns } from './event-columns.js';
import type { GrowingBuffer } from './growing-buffer.js';

/** The one event of `append`. Bodies share memory with what is read. */
export function readEvent(reader: AvroReader): EventColumns {
  const events = new EventColumnsBuilder(reader.bytes);
  readInto(reader, events);
  return events.finish();
}

/** The array of `appendBatch`. */
export function readEvents(reader: AvroReader): EventColumns {
  const events = new EventColumnsBuilder(reader.bytes);
  // An event has at least an empty map and an empty body.
  for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
    for (let left = count; left > 0; left -= 1) readInto(reader, events);
  }
  return events.finish();
}

function readInto(reader: AvroReader, events: EventColumnsBuilder): void {
  for (let count = reader.blockCount(2); count > 0; count = reader.blockCount(2)) {
    for (let left = count; left > 0; left -= 1) {
      const nameLength = reader.skipBytes();
      const nameEnd = reader.at;
      const valueLength = reader.skipBytes();
      events.header(nameEnd - nameLength, nameEnd, reader.at - valueLength, reader.at);
    }
  }
  const length = reader.skipBytes();
  events.body(reader.at - length, reader.at);
}

/** As the array of `appendBatch`: one block. */
export function writeEvents(out: GrowingBuffer, events: EventColumns): void {
  const count = events.starts.length;
  if (count > 0) {
    const headers = new EncodedHeaders(events.headers, (to, length) => to.zigzag(length));
    out.zigzag(count);
    for (let index = 0; index < count; index += 1) {
      const headerCount = headers.countOf(index);
      if (headerCount > 0) {
        out.zigzag(headerCount);
        headers.write(out, index);
      }
      out.byte(0);
      const start = events.starts[index] ?? 0;
      const end = events.ends[index] ?? 0;
      out.zigzag(end - start);
      out.slice(events.bytes, start, end);
    }
  }
  out.byte(0);
}
