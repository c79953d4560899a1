/**
 * The asking side of Avro's RPC on one connection. The first request alone has a handshake, with our protocol text in it, so that a server which
 * does not know it need not ask. Further ones should wait for its answer: a server may take requests in any order.
 */
import { MillraceError } from '#std/errors';
import { writeEvents } from './avro-events.js';
import { checkProtocol, flumeHash, hashBytes, protocolHash, protocolText, statuses } from './avro-protocol.js';
import { AvroReader } from './avro-reader.js';
import { flumeWireErrors, malformed } from './errors.js';
import type { EventColumns } from './event-columns.js';
import { GrowingBuffer } from './growing-buffer.js';

const frameHeadBytes = 12;
const match = { both: 0, client: 1, none: 2 } as const;

interface Asked {
  readonly hasHandshake: boolean;
}

export class AvroClientSession {
  private hasAsked = false;
  private serial = 0;
  private statuses: readonly string[] = statuses;
  private readonly asked = new Map<number, Asked>();

  /** A whole frame with `appendBatch`, and the serial by which its answer comes. */
  request(events: EventColumns): { readonly serial: number; readonly frame: Buffer } {
    this.serial = (this.serial + 1) | 0;
    const { serial } = this;
    const bodyBytes = (events.ends.at(-1) ?? 0) - (events.starts[0] ?? 0);
    const out = new GrowingBuffer(frameHeadBytes + Math.max(0, bodyBytes) + events.starts.length * 64 + 1024);
    out.int32(serial);
    out.int32(1);
    out.int32(0);
    const hasHandshake = !this.hasAsked;
    this.hasAsked = true;
    if (hasHandshake) out.raw(handshake);
    out.byte(0);
    out.raw(appendBatch);
    writeEvents(out, events);
    out.int32At(8, out.length - frameHeadBytes);
    this.asked.set(serial, { hasHandshake });
    return { serial, frame: out.finish() };
  }

  /** Null where the events were taken, else why not. Throws `wire.flume.malformed` where the bytes are no answer. */
  answer(serial: number, message: Buffer): Error | null {
    const asked = this.asked.get(serial);
    if (asked === undefined) throw malformed(`An answer came that nobody asked for (serial ${serial}).`);
    this.asked.delete(serial);
    const reader = new AvroReader(message);
    if (asked.hasHandshake) {
      const refusal = this.readHandshake(reader);
      if (refusal !== null) return refused(refusal);
    }
    reader.skipMapOfBytes();
    if (reader.boolean()) {
      reader.long();
      return refused(`The server answered with an error: ${reader.text().slice(0, 1000)}`);
    }
    const status = this.statuses[reader.long()] ?? 'an unknown status';
    return status === 'OK' ? null : refused(`The server did not take the events: it answered ${status}.`);
  }

  /** Null, or why the server's events are not ours. */
  private readHandshake(reader: AvroReader): string | null {
    const matched = reader.long();
    const text = reader.long() === 1 ? reader.text() : null;
    if (reader.long() === 1) reader.take(hashBytes);
    if (reader.long() === 1) reader.skipMapOfBytes();
    if (matched === match.none) return 'The server does not know our protocol, and did not read it.';
    if (matched !== match.both && matched !== match.client)
      throw malformed('The answer to a handshake cannot be read.');
    if (text === null) return null;
    const check = checkProtocol(text);
    if ('problem' in check) return `The server's events are others than ours: ${check.problem}.`;
    this.statuses = check.statuses;
    return null;
  }
}

function refused(message: string): MillraceError {
  return new MillraceError(flumeWireErrors.refused, message);
}

/** Our hash and text, Flume's hash as the guess of the server's, no metadata. */
const handshake = encoded((out) => {
  out.raw(protocolHash);
  out.byte(2);
  writeText(out, protocolText);
  out.raw(flumeHash);
  out.byte(0);
});
const appendBatch = encoded((out) => writeText(out, 'appendBatch'));

function encoded(write: (out: GrowingBuffer) => void): Buffer {
  const out = new GrowingBuffer(1024);
  write(out);
  return out.finish();
}

function writeText(out: GrowingBuffer, text: string): void {
  const bytes = Buffer.byteLength(text);
  out.zigzag(bytes);
  out.text(text, bytes);
}
