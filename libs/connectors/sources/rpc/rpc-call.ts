import type { EventBatch } from '#pipeline/event-batch';

/** A request of a peer. */
export interface RpcCall {
  /** All of it is one delivery; null where there is nothing to deliver. */
  readonly events: EventBatch | null;
  /** One event by itself, not a list of them: counted apart, as in Flume. */
  readonly isSingle: boolean;
  /** What the peer is told of events that were committed (refusal null) or not. Empty: it wants no answer. */
  answer(refusal: unknown): Buffer;
}

/** Makes calls of what one peer sends. */
export interface RpcProtocol {
  /** Throws where the bytes are none of the protocol: the connection then ends. */
  push(chunk: Buffer, onCall: (call: RpcCall) => void): void;
  /** Bytes kept of a message that is not whole; 0 between messages. */
  readonly heldBytes: number;
}

/** Bytes that a call holds until it is settled. */
export function bytesOf({ events }: RpcCall): number {
  return callBytesMin + (events === null ? 0 : events.bytes.length + events.count * eventBytes);
}

const callBytesMin = 256;
const eventBytes = 32;
