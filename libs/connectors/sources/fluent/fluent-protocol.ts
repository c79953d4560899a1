import { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import type { SocketProtocol } from '../event-socket.js';
import type { FluentLogin } from './fluent-login.js';
import { readMessage, type FluentRecordOptions, type MsgpackReader } from './fluent-records.js';
import { MsgpackFraming } from './msgpack-framing.js';

export interface Msgpack extends MsgpackReader {
  encode(value: unknown): Uint8Array;
}

export interface FluentProtocolOptions {
  readonly msgpack: Msgpack;
  readonly records: FluentRecordOptions;
  /** Null where peers need no login. */
  readonly login: FluentLogin | null;
  readonly onBadEntries: (count: number) => void;
  /** The peer sent what cannot be read, or may not send; the connection ends. */
  readonly onRefused: (reason: string) => void;
  readonly onDropped: (count: number) => void;
}

interface Chunk {
  readonly id: string | null;
  eventsLeft: number;
  isLost: boolean;
}

/** One peer of the Forward protocol. A chunk is acknowledged when the channels have committed all events of it. */
export class FluentProtocol implements SocketProtocol {
  farewell: string | null = null;
  private readonly framing: MsgpackFraming;
  /** Chunks with the channels, in order. */
  private readonly chunks: Chunk[] = [];
  private replies: Uint8Array[] = [];
  private isIn: boolean;

  constructor(private readonly options: FluentProtocolOptions) {
    const { login, msgpack, records } = options;
    this.framing = new MsgpackFraming(records.messageBytesMax);
    this.isIn = login === null;
    if (login !== null) this.replies.push(msgpack.encode(login.helo));
  }

  push(chunk: Buffer): EventBatch {
    const batches: EventBatch[] = [];
    try {
      for (const message of this.framing.push(chunk)) {
        if (this.farewell !== null) break;
        if (this.isIn) this.read(message, batches);
        else this.logIn(message);
      }
    } catch (error) {
      this.refuse(messageOf(error));
    }
    return batches.length === 0 ? noEvents : EventBatch.join(batches);
  }

  takeReply(): Buffer | null {
    if (this.replies.length === 0) return null;
    const reply = Buffer.concat(this.replies);
    this.replies = [];
    return reply;
  }

  answer(count: number, refusal: unknown): Buffer {
    if (refusal !== null) this.options.onDropped(count);
    const acknowledged: Uint8Array[] = [];
    let left = count;
    for (let first = this.chunks[0]; first !== undefined && left > 0; first = this.chunks[0]) {
      const taken = Math.min(left, first.eventsLeft);
      first.eventsLeft -= taken;
      first.isLost ||= refusal !== null;
      left -= taken;
      if (first.eventsLeft > 0) break;
      this.chunks.shift();
      if (first.id !== null && !first.isLost) acknowledged.push(this.options.msgpack.encode({ ack: first.id }));
    }
    return Buffer.concat(acknowledged);
  }

  private read(bytes: Buffer, into: EventBatch[]): void {
    const { msgpack, records, onBadEntries } = this.options;
    const { batch, badEntries, chunk } = readMessage(msgpack, bytes, records);
    if (badEntries > 0) onBadEntries(badEntries);
    if (batch.count > 0) {
      this.chunks.push({ id: chunk, eventsLeft: batch.count, isLost: false });
      into.push(batch);
    } else if (chunk !== null) this.replies.push(msgpack.encode({ ack: chunk }));
  }

  private logIn(bytes: Buffer): void {
    const { login, msgpack } = this.options;
    if (login === null) return;
    const { pong, refusal } = login.answer(msgpack.decode(bytes));
    this.replies.push(msgpack.encode(pong));
    if (refusal === null) this.isIn = true;
    else this.refuse(refusal);
  }

  private refuse(reason: string): void {
    this.farewell = '';
    this.options.onRefused(reason);
  }
}

const noEvents = new EventBatch(Buffer.alloc(0), new Int32Array(0), new Int32Array(0));
