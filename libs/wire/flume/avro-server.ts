/**
 * The answering side of Avro's RPC on one connection. Requests are a handshake (until the connection is established), metadata, the
 * message's name and its parameters; an empty name is a ping, answered by the handshake alone. Answers are the handshake's, metadata,
 * an error flag, and a status or the error's text.
 */
import { messageOf } from '#std/errors';
import { readEvent, readEvents } from './avro-events.js';
import { checkProtocol, flumeHash, hashBytes, hashOf, protocolHash, protocolText } from './avro-protocol.js';
import { AvroReader } from './avro-reader.js';
import { malformed } from './errors.js';
import type { EventColumns } from './event-columns.js';
import { GrowingBuffer } from './growing-buffer.js';

/** Of the protocol text that a client sends. */
const protocolBytesMax = 256 * 1024;
const clientsMax = 1000;

/** Texts that clients have sent, by hash, for all connections of a listener: a client that comes again needs to send only the hash. */
export class KnownClients {
  /** Null: understood; else why not. */
  private readonly problems = new Map<string, string | null>([
    [flumeHash.toString('latin1'), null],
    [protocolHash.toString('latin1'), null],
  ]);

  /** Undefined where the hash is not known. */
  get(hash: Buffer): string | null | undefined {
    return this.problems.get(hash.toString('latin1'));
  }

  add(hash: Buffer, text: string): string | null {
    if (!hashOf(text).equals(hash)) return 'the hash of its protocol is not that of the text that it sent';
    const check = checkProtocol(text);
    const problem = 'problem' in check ? check.problem : null;
    if (this.problems.size < clientsMax) this.problems.set(hash.toString('latin1'), problem);
    return problem;
  }
}

/** What is to be done with a message. */
export type AvroCall =
  | {
      readonly kind: 'events';
      readonly events: EventColumns;
      /** `append`, not `appendBatch`. */
      readonly isSingle: boolean;
      /** The answer with a status. */
      answer(status: 'OK' | 'FAILED'): Buffer;
      fail(error: unknown): Buffer;
    }
  | { readonly kind: 'answer'; readonly answer: Buffer; readonly problem: string | null };

/** Branches of a union with null, and the handshake's match, as they are encoded. */
const absent = 0;
const present = 2;
const match = { both: 0, client: 2, none: 4 } as const;

const noHandshake = Buffer.alloc(0);
const both = Buffer.from([match.both, absent, absent, absent]);
/** Metadata, no error, the status by its place. */
const payloads = { OK: Buffer.from([0, 0, 0]), FAILED: Buffer.from([0, 0, 2]) };
/** Metadata, an error, and of the union of errors the text. */
const failureHead = Buffer.from([0, 1, 0]);

export class AvroServerSession {
  private isEstablished = false;
  private problem: string | null = null;

  constructor(private readonly clients: KnownClients) {}

  /** Throws `wire.flume.malformed` where the bytes are no message. */
  read(message: Buffer): AvroCall {
    const reader = new AvroReader(message);
    let handshake: Buffer = noHandshake;
    if (!this.isEstablished) {
      handshake = this.shakeHands(reader);
      if (!this.isEstablished) return { kind: 'answer', answer: handshake, problem: null };
    }
    reader.skipMapOfBytes();
    const name = reader.text();
    if (name === '') return { kind: 'answer', answer: handshake, problem: null };
    if (this.problem !== null) {
      const text = `The events of this client cannot be read: ${this.problem}.`;
      return { kind: 'answer', answer: failure(handshake, text), problem: text };
    }
    if (name !== 'append' && name !== 'appendBatch') {
      const text = `There is no message "${name.slice(0, 100)}"; there are append and appendBatch.`;
      return { kind: 'answer', answer: failure(handshake, text), problem: text };
    }
    const isSingle = name === 'append';
    return {
      kind: 'events',
      events: isSingle ? readEvent(reader) : readEvents(reader),
      isSingle,
      answer: (status) => Buffer.concat([handshake, payloads[status]]),
      fail: (error) => failure(handshake, messageOf(error)),
    };
  }

  /** Gives the answer to it. */
  private shakeHands(reader: AvroReader): Buffer {
    const clientHash = reader.take(hashBytes);
    const text = readNullable(reader, () => reader.text());
    const serverHash = reader.take(hashBytes);
    readNullable(reader, () => reader.skipMapOfBytes());
    if (text !== null && text.length > protocolBytesMax) throw malformed('The protocol of a client is too long.');
    let problem = this.clients.get(clientHash);
    if (problem === undefined && text !== null) problem = this.clients.add(clientHash, text);
    const isKnown = problem !== undefined;
    this.isEstablished = isKnown;
    this.problem = problem ?? null;
    if (isKnown && serverHash.equals(protocolHash)) return both;
    const out = new GrowingBuffer(protocolText.length + 64);
    out.byte(isKnown ? match.client : match.none);
    out.byte(present);
    writeText(out, protocolText);
    out.byte(present);
    out.raw(protocolHash);
    out.byte(absent);
    return out.finish();
  }
}

function readNullable<T>(reader: AvroReader, read: () => T): T | null {
  const branch = reader.long();
  if (branch !== 0 && branch !== 1) throw malformed('A handshake cannot be read; is this Avro?');
  return branch === 0 ? null : read();
}

function failure(handshake: Buffer, text: string): Buffer {
  const out = new GrowingBuffer(handshake.length + text.length + 16);
  out.raw(handshake);
  out.raw(failureHead);
  writeText(out, text);
  return out.finish();
}

function writeText(out: GrowingBuffer, text: string): void {
  const bytes = Buffer.byteLength(text);
  out.zigzag(bytes);
  out.text(text, bytes);
}
