/**
 * Avro binary of Flume's record `AvroFlumeEvent {headers: map<string>, body: bytes}`: the value of Kafka records in "Flume event
 * format". No schema id, no container. A map is blocks of entries, each with its count (zigzag varint) before it; a negative
 * count is followed by the block's size in bytes; a count of 0 ends the map.
 */
import { EventBatch } from '#pipeline/event-batch';
import { MillraceError, type ErrorKind } from '#std/errors';

export const avroFlumeEventErrors = {
  malformed: { code: 'connectors.avro-flume-event.malformed', retriable: false },
} satisfies Record<string, ErrorKind>;

/** The same number of events, without headers, each body the Avro form of an event. */
export function encodeAvroFlumeEvents(batch: EventBatch): EventBatch {
  const pieces: Buffer[] = [];
  const starts = new Int32Array(batch.count);
  const ends = new Int32Array(batch.count);
  let at = 0;
  for (let index = 0; index < batch.count; index += 1) {
    const body = batch.body(index);
    const head = Buffer.concat([encodeMap(batch.headersOf(index)), varint(body.length)]);
    pieces.push(head, body);
    starts[index] = at;
    at += head.length + body.length;
    ends[index] = at;
  }
  return new EventBatch(Buffer.concat(pieces), starts, ends);
}

export interface DecodedEvent {
  readonly headers: Record<string, string>;
  /** Shares memory with the input. */
  readonly body: Buffer;
}

/** Throws `connectors.avro-flume-event.malformed`. */
export function decodeAvroFlumeEvent(bytes: Buffer): DecodedEvent {
  const reader = new AvroReader(bytes);
  const headers: Record<string, string> = {};
  for (let count = reader.long(); count !== 0; count = reader.long()) {
    if (count < 0) reader.long();
    for (let left = Math.abs(count); left > 0; left -= 1) {
      const name = reader.bytes().toString();
      headers[name] = reader.bytes().toString();
    }
  }
  return { headers, body: reader.bytes() };
}

function encodeMap(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  if (entries.length === 0) return varint(0);
  const pieces = [varint(entries.length)];
  for (const entry of entries) {
    for (const text of entry) {
      const bytes = Buffer.from(text);
      pieces.push(varint(bytes.length), bytes);
    }
  }
  pieces.push(varint(0));
  return Buffer.concat(pieces);
}

/** Zigzag varint of a number that is not negative. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value * 2;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

class AvroReader {
  private at = 0;

  constructor(private readonly source: Buffer) {}

  long(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 8; read += 1) {
      const byte = this.source[this.at];
      if (byte === undefined) throw malformed();
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 0x80;
    }
    throw malformed();
  }

  bytes(): Buffer {
    const length = this.long();
    const end = this.at + length;
    if (length < 0 || end > this.source.length) throw malformed();
    const found = this.source.subarray(this.at, end);
    this.at = end;
    return found;
  }
}

function malformed(): MillraceError {
  return new MillraceError(
    avroFlumeEventErrors.malformed,
    'A record is no AvroFlumeEvent. Set parseAsFlumeEvent=false where the topic holds plain records.',
  );
}
