import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { bufferMemory } from '#std/buffer-memory';
import type { Clock } from '#std/clock';
import { MillraceError } from '#std/errors';
import { netErrors } from './errors.js';
import { FrameSplitter } from './frame-splitter.js';
import { plainAddress } from './host.js';
import type { ReceiveBudget } from './receive-budget.js';
import { withReadBuffer } from './read-buffer.js';

export interface ConnectionLimits {
  /** Largest frame, bytes, without its size prefix. */
  readonly frameBytesMax: number;
  /** Reading stops while requests without an answer, plus answers not taken by the peer, hold more bytes than this. */
  readonly budgetBytesMax: number;
  /** Reading stops while more requests than this wait for their answer. */
  readonly unansweredMax: number;
}

export interface ConnectionEvents {
  /** One whole frame, without its size prefix. Each is later settled by `settle`. */
  onFrame(frame: Buffer): void;
  /** Once, whoever closed it; `error` where something was wrong. */
  onClose(error: Error | null): void;
}

/**
 * One accepted connection, of a socket that the listener paused. It gives frames up and takes answers down, and reads no further while what it owes (requests not
 * settled, answers not yet taken by the peer) is over its budget: a peer that does not read its answers, or asks faster than
 * it is served, waits in its own TCP window and not in our memory.
 */
export class Connection {
  readonly id: number;
  readonly localHost: string;
  readonly localPort: number;
  readonly remoteHost: string;
  /** What the peer showed in the TLS handshake, DER; null where it showed none. */
  readonly peerCertificate: Buffer | null;
  bytesIn = 0;
  bytesOut = 0;
  private readonly socket: Socket;
  private readonly splitter: FrameSplitter;
  private events: ConnectionEvents | null = null;
  private lastActivityMs: number;
  private unansweredBytes = 0;
  /** What this connection has of the budget: frames without an answer, and the one that is being received. */
  private heldBytes = 0;
  private deferredBytes = 0;
  private unanswered = 0;
  private paused = false;
  private corked = false;
  private closed = false;
  private failure: Error | null = null;
  private drainWaiters: (() => void)[] = [];

  constructor(
    id: number,
    accepted: Socket,
    private limits: ConnectionLimits,
    private budget: ReceiveBudget,
    private readonly clock: Clock,
  ) {
    this.id = id;
    this.localHost = plainAddress(accepted.localAddress ?? '');
    this.localPort = accepted.localPort ?? 0;
    this.remoteHost = plainAddress(accepted.remoteAddress ?? '');
    this.peerCertificate = accepted instanceof TLSSocket ? (accepted.getPeerX509Certificate()?.raw ?? null) : null;
    // TLS gives its bytes in buffers of its own.
    const isPlain = !(accepted instanceof TLSSocket);
    const buffered = isPlain ? withReadBuffer(accepted, (bytes) => this.read(bytes)) : null;
    this.socket = buffered ?? accepted.on('data', (bytes: Buffer) => this.read(bytes)).resume();
    this.splitter = new FrameSplitter(limits.frameBytesMax, (size) => this.begin(size));
    this.lastActivityMs = clock.monotonic();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** From now on other limits are in force, and what it holds counts in another budget: somebody has logged in. */
  promote(limits: ConnectionLimits, budget: ReceiveBudget): void {
    this.limits = limits;
    this.splitter.frameBytesMax = limits.frameBytesMax;
    this.budget.release(this.heldBytes);
    this.budget.defer(-this.deferredBytes);
    this.budget = budget;
    budget.take(this.heldBytes);
    budget.defer(this.deferredBytes);
    this.regulate();
  }

  /** Called when it is closed, before anything else hears of it. */
  whenClosed(callback: () => void): void {
    this.socket.once('close', callback);
  }

  /** Bytes of answers that the peer has not taken yet. */
  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  /** Says who takes the frames; to be called in the turn in which the connection was made. */
  start(events: ConnectionEvents): void {
    this.events = events;
    this.socket.setNoDelay(true);
    this.socket.setKeepAlive(true);
    this.socket.on('drain', () => this.drained());
    this.socket.on('error', (error) => (this.failure ??= error));
    this.socket.on('end', () => this.close());
    this.socket.on('close', () => this.finish());
  }

  /**
   * Writes the pieces of one answer; the socket's own queue keeps their order. Nothing happens once closed. Pieces that lie in
   * `bufferMemory` are given back when the peer's system has them.
   */
  send(pieces: readonly Buffer[]): void {
    if (this.closed) return;
    if (!this.corked) {
      // Answers of one turn (one group commit settles many) leave in one gathered write.
      this.corked = true;
      this.socket.cork();
      process.nextTick(() => this.uncork());
    }
    const last = pieces.length - 1;
    for (const [index, piece] of pieces.entries()) {
      this.bytesOut += piece.length;
      // They are taken in their order: with the last one all are.
      if (index < last || last === 0) this.socket.write(piece);
      else this.socket.write(piece, () => pieces.forEach((written) => bufferMemory.giveBack(written)));
    }
  }

  /** A frame of `bytes` has had its answer (or needs none). */
  settle(bytes: number): void {
    this.unanswered -= 1;
    this.unansweredBytes -= bytes;
    if (!this.closed) this.hold(-bytes);
    this.lastActivityMs = this.clock.monotonic();
    this.regulate();
  }

  /** Resolves at once while there is room for an answer, else when the peer has taken what it was sent, or is gone. */
  writable(): Promise<void> | null {
    if (this.closed || this.unsentBytes < this.limits.budgetBytesMax) return null;
    return new Promise((resolve) => this.drainWaiters.push(resolve));
  }

  /** Closes at once; with an `error` when the peer sent what cannot be served. */
  close(error: Error | null = null): void {
    this.failure ??= error;
    this.closed = true;
    this.socket.destroy();
  }

  /** Takes nothing more in, lets answers already sent leave, then closes. */
  closeAfterWrites(error: Error | null = null): void {
    this.failure ??= error;
    this.closed = true;
    this.socket.end(() => this.socket.destroy());
  }

  /** Closes when nothing has moved for `idleMs`: no request open, or a peer that takes no answers. */
  closeIfIdle(idleMs: number): void {
    const waitsForPeer = this.unanswered === 0 || this.unsentBytes > 0;
    if (waitsForPeer && this.clock.monotonic() - this.lastActivityMs >= idleMs) this.close();
  }

  /** Closes a peer that has sent nothing of the frame it is in the middle of for `stallMs`, though it was read. */
  closeIfStalled(stallMs: number): void {
    if (this.closed || this.paused || !this.splitter.isInsideFrame) return;
    const stalledMs = this.clock.monotonic() - this.lastActivityMs;
    if (stalledMs < stallMs) return;
    this.close(
      new MillraceError(
        netErrors.frameStalled,
        `The rest of a request did not come for ${Math.round(stalledMs)} ms while others waited for the memory it holds (queued.max.request.bytes).`,
      ),
    );
  }

  /** Size of the frame that waits for room in the budget; null where none does. */
  get waitingBytes(): number | null {
    return this.closed ? null : this.splitter.deferredSize;
  }

  /** After the budget got room: begins the frame that waits, if it may begin now, and reads on. */
  goOn(): void {
    this.advance(() => this.splitter.goOn((frame) => this.take(frame)));
  }

  private begin(size: number): boolean {
    if (!this.budget.admits(size)) return false;
    this.hold(size);
    return true;
  }

  /** What was read of a frame that may not begin counts as well. */
  private holdDeferred(): void {
    const change = (this.closed ? 0 : this.splitter.deferredBytes) - this.deferredBytes;
    if (change === 0) return;
    this.deferredBytes += change;
    this.budget.defer(change);
  }

  private read(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    this.lastActivityMs = this.clock.monotonic();
    this.advance(() => this.splitter.push(chunk, (frame) => this.take(frame)));
  }

  private advance(step: () => void): void {
    if (this.closed) return;
    try {
      step();
    } catch (error) {
      this.closeAfterWrites(error as Error);
      return;
    }
    this.holdDeferred();
    this.regulate();
  }

  private take(frame: Buffer): void {
    if (this.closed) return;
    this.unanswered += 1;
    this.unansweredBytes += frame.length;
    this.events?.onFrame(frame);
  }

  private drained(): void {
    this.lastActivityMs = this.clock.monotonic();
    this.releaseWaiters();
    this.regulate();
  }

  private hold(bytes: number): void {
    this.heldBytes += bytes;
    if (bytes > 0) this.budget.take(bytes);
    else this.budget.release(-bytes);
  }

  /** Stops reading, or goes on, as the limits want it now. */
  regulate(): void {
    if (this.closed) return;
    const full =
      this.splitter.deferredSize !== null ||
      (this.budget.isExhausted && !this.splitter.isInsideFrame) ||
      this.unanswered >= this.limits.unansweredMax ||
      (this.unanswered > 0 && this.unansweredBytes + this.unsentBytes >= this.limits.budgetBytesMax) ||
      this.unsentBytes >= this.limits.budgetBytesMax;
    if (full === this.paused) return;
    this.paused = full;
    if (full) this.socket.pause();
    else this.socket.resume();
  }

  private uncork(): void {
    this.corked = false;
    this.socket.uncork();
  }

  private releaseWaiters(): void {
    const waiters = this.drainWaiters;
    this.drainWaiters = [];
    for (const resolve of waiters) resolve();
  }

  private finish(): void {
    this.closed = true;
    this.budget.release(this.heldBytes);
    this.heldBytes = 0;
    this.holdDeferred();
    this.releaseWaiters();
    const events = this.events;
    this.events = null;
    events?.onClose(this.failure);
  }
}
