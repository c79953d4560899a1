import type { Socket } from 'node:net';
import type { ReceiveBudget } from '#net/receive-budget';
import type { SourceContext } from '#pipeline/collector';
import type { Timer } from '#std/clock';
import type { RpcTransport } from '../../rpc/rpc-transport.js';
import { bytesOf, type RpcCall, type RpcProtocol } from './rpc-call.js';

export interface RpcConnectionOptions {
  readonly context: SourceContext;
  readonly budget: ReceiveBudget;
  /** What all connections may hold together, whatever the budget lets them finish. */
  readonly heldBytesMax: number;
  /** The peer sent what cannot be read, and its connection was closed. */
  readonly onBroken: (error: unknown) => void;
  /** Gets each delivery, which settles when its peer was answered. Never rejects. */
  readonly onDelivery: (delivery: Promise<void>) => void;
  /** Gets each refusal of the channels, and null for each batch that they took. */
  readonly onOutcome: (refusal: unknown) => void;
}

/** The peer is read no further while so much of it is with the channels, or so many answers wait for it. */
const callsMax = 16;
const callBytesMax = 4 * 1024 * 1024;
const unsentBytesMax = 64 * 1024;

/** What a peer gets to bring a message that it has begun to its end, as long as it is read. */
const messageMsMax = 60_000;

/** What a peer gets to take its last answers and to end its side. */
const lingerMs = 1000;

interface Slot {
  readonly call: RpcCall;
  readonly bytes: number;
  answer: Buffer | null;
}

/**
 * One peer. Its calls are delivered as they come, several at once, and answered in the same order. Reading pauses while the channels, the
 * peer or the budget of all peers want it, but only between messages.
 */
export class RpcConnection {
  private readonly slots: Slot[] = [];
  private callBytes = 0;
  /** What the budget counts of the message that is coming. */
  private heldBytes = 0;
  private hasEnded = false;
  private linger: Timer | null = null;
  private late: Timer | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly transport: RpcTransport,
    private readonly protocol: RpcProtocol,
    private readonly options: RpcConnectionOptions,
  ) {}

  start(): void {
    const { socket } = this;
    const { input, output } = this.transport;
    input.on('data', (chunk: Buffer) => this.read(chunk));
    input.on('end', () => this.end());
    output.on('drain', () => this.look());
    socket.once('close', () => this.release());
    if (input !== socket) {
      input.on('error', (error) => this.breakOff(error));
      output.on('error', () => socket.destroy());
    }
    this.look();
  }

  /** Reads no more; closes when all that was read is answered. */
  end(): void {
    this.hasEnded = true;
    this.look();
    this.closeIfDone();
  }

  /** Reads on or pauses, as the budget, the channels and the peer want it. */
  look(): void {
    const { budget } = this.options;
    const isInside = this.protocol.heldBytes > 0;
    const isFull =
      this.slots.length >= callsMax ||
      this.callBytes >= callBytesMax ||
      this.transport.output.writableLength >= unsentBytesMax ||
      (budget.isFull && !isInside);
    // Also when done: what comes is thrown away, so that the end of the stream is seen.
    if (isFull && !this.hasEnded) this.transport.input.pause();
    else this.transport.input.resume();
  }

  private read(chunk: Buffer): void {
    if (this.hasEnded) return;
    try {
      this.protocol.push(chunk, (call) => this.take(call));
    } catch (error) {
      this.breakOff(error);
      return;
    }
    const { budget, heldBytesMax } = this.options;
    budget.take(this.protocol.heldBytes - this.heldBytes);
    this.heldBytes = this.protocol.heldBytes;
    if (this.heldBytes > 0 && budget.usedBytes > heldBytesMax) {
      this.breakOff(new Error(`All peers together hold more than ${heldBytesMax} bytes of unfinished messages`));
      return;
    }
    this.watch();
    this.look();
  }

  /** A peer that stops in the middle of a message would hold its part of the budget for ever. */
  private watch(): void {
    if (this.heldBytes === 0 || this.hasEnded) {
      this.late?.cancel();
      this.late = null;
      return;
    }
    this.late ??= this.options.context.clock.after(messageMsMax, () => {
      this.late = null;
      if (this.transport.input.isPaused()) this.watch();
      else this.breakOff(new Error(`A message was not whole after ${messageMsMax / 1000} s`));
    });
  }

  private take(call: RpcCall): void {
    const slot: Slot = { call, bytes: bytesOf(call), answer: null };
    // The next message has its own time.
    this.late?.cancel();
    this.late = null;
    this.slots.push(slot);
    this.callBytes += slot.bytes;
    this.options.budget.take(slot.bytes);
    if (call.events === null) {
      slot.answer = call.answer(null);
      this.settle();
    } else {
      this.options.onDelivery(this.deliver(slot));
    }
  }

  private async deliver(slot: Slot): Promise<void> {
    const { context, onOutcome } = this.options;
    const { events, isSingle } = slot.call;
    if (events === null) return;
    let refusal: unknown = null;
    try {
      const delivered = context.deliver(events);
      if (isSingle) countAsSingle(context, 'Received');
      await delivered;
      if (isSingle) countAsSingle(context, 'Accepted');
    } catch (error) {
      refusal = error;
    }
    onOutcome(refusal);
    slot.answer = slot.call.answer(refusal);
    this.settle();
  }

  private settle(): void {
    for (let [first] = this.slots; first !== undefined && first.answer !== null; [first] = this.slots) {
      this.slots.shift();
      this.callBytes -= first.bytes;
      this.options.budget.release(first.bytes);
      if (first.answer.length > 0 && this.transport.output.writable) this.transport.output.write(first.answer);
    }
    this.look();
    this.closeIfDone();
  }

  private breakOff(error: unknown): void {
    if (this.socket.destroyed) return;
    this.hasEnded = true;
    this.options.onBroken(error);
    this.socket.destroy();
  }

  private release(): void {
    this.hasEnded = true;
    this.linger?.cancel();
    this.late?.cancel();
    this.options.budget.release(this.heldBytes);
    this.heldBytes = 0;
  }

  private closeIfDone(): void {
    if (!this.hasEnded || this.slots.length > 0 || this.linger !== null || this.socket.destroyed) return;
    this.transport.output.end();
    // Closing while something is unread would reset the connection, and the peer would lose its last answers.
    this.linger = this.options.context.clock.after(lingerMs, () => this.socket.destroy());
    if (this.socket.readableEnded) this.socket.destroySoon();
    else this.socket.once('end', () => this.socket.destroySoon());
  }
}

/** Deliveries count as batches; Flume has counters of their own for single events. */
function countAsSingle(context: SourceContext, what: 'Received' | 'Accepted'): void {
  context.count(`Append${what}Count`, 1);
  context.count(`AppendBatch${what}Count`, -1);
}
