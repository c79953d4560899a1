/**
 * Messages to a STOMP 1.2 broker, in transactions: they count when the receipt of the COMMIT has come. Without transactions each asks for a
 * receipt of its own, for which ActiveMQ Classic syncs its journal once a message. A broker that does not want a message says so by an ERROR
 * and ends the connection (STOMP 1.2, section ERROR), so its text has to tell whose fault it was.
 */
import type { Socket } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Clock, Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import { encodeFrame, FrameReader, type StompFrame } from '#wire/stomp/frame';
import type { BrokerPlace, Credentials } from '../../sources/broker-options.js';
import { openBrokerSocket } from '../../sources/broker-socket.js';
import type { ConnectParts, MessageBroker, MessageSender } from '../messaging/message-sink.js';
import type { OutgoingMessage } from '../messaging/outgoing-message.js';
import { taken, type SendRound } from '../messaging/send-round.js';

export interface StompSinkSettings {
  readonly isPersistent: boolean;
  /** Name for the handshake; null: the address that is connected to. */
  readonly virtualHost: string | null;
  /** Headers of each SEND besides these. */
  readonly sendHeaders: Readonly<Record<string, string>>;
  readonly priority: number | null;
  readonly expiresMs: number | null;
  /** Sets what Artemis knows messages by that it has already. */
  readonly duplicateIds: boolean;
  /** Messages of a transaction; 0: none. */
  readonly transactionMax: number;
  nextPlace(): BrokerPlace;
  tls(place: BrokerPlace): TlsOptions | null;
  readonly credentials: Credentials | null;
}

const bounds = { headBytesMax: 64 * 1024, bodyBytesMax: 1024 * 1024 };
/** How often a sign of life is promised, ms. Brokers drop those that promise none, and are silent. */
const heartbeatMs = 10_000;
const farewellMs = 2000;

export class StompTarget implements MessageBroker {
  constructor(private readonly settings: StompSinkSettings) {}

  async connect({ clock, deadline }: ConnectParts): Promise<MessageSender> {
    const { settings } = this;
    const place = settings.nextPlace();
    const socket = await openBrokerSocket(place, settings.tls(place), deadline);
    const sender = new StompSender(socket, settings, clock);
    await sender.open(settings.virtualHost ?? place.host, deadline);
    return sender;
  }
}

class StompSender implements MessageSender {
  isOpen = true;
  private readonly reader = new FrameReader(bounds);
  private round: SendRound | null = null;
  private serial = 0;
  /** By receipt, in the order of sending: the messages that it answers for. */
  private readonly unanswered = new Map<string, readonly number[]>();
  /** The transaction that messages go into. */
  private transaction: { readonly id: string; readonly indexes: number[] } | null = null;
  private beat: Timer | null = null;
  private isCorked = false;
  private onConnected: ((frame: StompFrame | Error) => void) | null = null;
  private onGone: () => void = () => undefined;

  constructor(
    private readonly socket: Socket,
    private readonly settings: StompSinkSettings,
    private readonly clock: Clock,
  ) {
    socket.on('data', (piece: Buffer) => this.hear(piece));
    socket.on('close', () => this.fail(new RetriableSinkError('The STOMP connection was lost')));
  }

  async open(host: string, deadline: AbortSignal): Promise<void> {
    const { credentials: login } = this.settings;
    const late = (): void => this.onConnected?.(new Error('no answer in time'));
    deadline.addEventListener('abort', late, { once: true });
    const answer = await new Promise<StompFrame | Error>((resolve) => {
      this.onConnected = resolve;
      const headers = {
        'accept-version': '1.2',
        host,
        ...(login === null ? {} : { login: login.user, passcode: login.password }),
        'heart-beat': `${heartbeatMs},0`,
      };
      this.socket.write(encodeFrame('CONNECT', headers));
    });
    this.onConnected = null;
    deadline.removeEventListener('abort', late);
    if (answer instanceof Error || answer.command !== 'CONNECTED') {
      this.isOpen = false;
      this.socket.destroy();
      if (answer instanceof Error) throw answer;
      throw new FatalSinkError(`The STOMP broker refuses: ${textOf(answer)}`);
    }
    if (answer.headers.get('version') !== '1.2') {
      this.socket.destroy();
      throw new FatalSinkError(`The broker speaks STOMP ${answer.headers.get('version') ?? '1.0'}, and 1.2 is needed`);
    }
    this.keepAlive();
  }

  begin(round: SendRound): void {
    this.unanswered.clear();
    this.transaction = null;
    this.round = round;
  }

  sendOne(message: OutgoingMessage, index: number): boolean {
    if (!this.isOpen) return false;
    if (message.isText && message.body.includes(0)) {
      const reason = 'its value holds a NUL, which a text can not have in STOMP; use message.format=bytes';
      this.round?.settle(index, { kind: 'refused', reason });
    } else {
      this.cork();
      if (this.settings.transactionMax > 0) this.add(message, index);
      else {
        const receipt = this.nextName('m');
        this.unanswered.set(receipt, [index]);
        this.socket.write(this.written(message, { receipt }));
      }
    }
    const { transaction } = this;
    const isFull = (transaction?.indexes.length ?? 0) >= this.settings.transactionMax;
    if (transaction !== null && (isFull || index + 1 === this.round?.outcomes.length)) {
      this.transaction = null;
      this.unanswered.set(transaction.id, transaction.indexes);
      this.socket.write(encodeFrame('COMMIT', { transaction: transaction.id, receipt: transaction.id }));
    }
    return true;
  }

  async close(): Promise<void> {
    const wasOpen = this.isOpen;
    this.isOpen = false;
    this.beat?.cancel();
    this.round?.fail(new RetriableSinkError('The connection to the broker was closed'));
    this.round = null;
    if (wasOpen) {
      const waiting = new AbortController();
      const gone = new Promise<void>((resolve) => (this.onGone = resolve));
      this.socket.write(encodeFrame('DISCONNECT', { receipt: 'bye' }));
      await Promise.race([gone, this.clock.sleep(farewellMs, waiting.signal).catch(() => undefined)]);
      waiting.abort();
    }
    this.socket.destroy();
  }

  private add(message: OutgoingMessage, index: number): void {
    if (this.transaction === null) {
      this.transaction = { id: this.nextName('t'), indexes: [] };
      this.socket.write(encodeFrame('BEGIN', { transaction: this.transaction.id }));
    }
    this.transaction.indexes.push(index);
    this.socket.write(this.written(message, { transaction: this.transaction.id }));
  }

  private nextName(kind: 'm' | 't'): string {
    this.serial += 1;
    return `${kind}${this.serial}`;
  }

  /** All that one turn sends goes out together. */
  private cork(): void {
    if (this.isCorked) return;
    this.isCorked = true;
    this.socket.cork();
    process.nextTick(() => {
      this.isCorked = false;
      this.socket.uncork();
    });
  }

  private written(message: OutgoingMessage, more: Readonly<Record<string, string>>): Buffer {
    const { isPersistent, priority, expiresMs, duplicateIds, sendHeaders } = this.settings;
    const headers: Record<string, string> = {
      ...message.properties,
      ...sendHeaders,
      destination: message.destination,
      ...more,
      persistent: String(isPersistent),
      ...(message.key === null ? {} : { 'correlation-id': message.key }),
      ...(priority === null ? {} : { priority: String(priority) }),
      ...(expiresMs === null ? {} : { expires: String(this.clock.now() + expiresMs) }),
      ...(duplicateIds ? { _AMQ_DUPL_ID: message.id } : {}),
    };
    if (!message.isText)
      return encodeFrame('SEND', { 'content-type': 'application/octet-stream', ...headers }, message.body);
    // ActiveMQ makes a text message of what comes without a length, and a bytes message of everything else.
    const frame = encodeFrame('SEND', { 'content-type': 'text/plain;charset=utf-8', ...headers });
    return Buffer.concat([frame.subarray(0, -1), message.body, frame.subarray(-1)]);
  }

  private hear(piece: Buffer): void {
    try {
      for (const frame of this.reader.read(piece)) this.handle(frame);
    } catch (error) {
      this.fail(new RetriableSinkError(`The broker sent what is no STOMP: ${messageOf(error)}`, { cause: error }));
    }
  }

  private handle(frame: StompFrame): void {
    if (this.onConnected !== null) return this.onConnected(frame);
    const receipt = frame.headers.get('receipt-id');
    if (frame.command === 'RECEIPT' && receipt !== undefined) {
      if (receipt === 'bye') return this.onGone();
      const indexes = this.unanswered.get(receipt) ?? [];
      this.unanswered.delete(receipt);
      for (const index of indexes) this.round?.settle(index, taken);
    } else if (frame.command === 'ERROR') {
      this.hearError(textOf(frame));
    }
  }

  private hearError(text: string): void {
    // Receipts come in the order of the messages: what has none yet is what the broker speaks of.
    const [first = this.transaction?.indexes ?? []] = this.unanswered.values();
    const isTooLarge = tooLarge.test(text);
    const [index] = first;
    if (isTooLarge && index !== undefined && first.length === 1) {
      this.round?.settle(index, { kind: 'refused', reason: `The broker refuses it: ${text}` });
    }
    if (isTooLarge && first.length > 1) {
      this.fail(new PoisonRecordError(`The broker refuses one of ${first.length} messages: ${text}`, null));
      return;
    }
    const message = `The STOMP broker refuses: ${text}`;
    this.fail(forbidden.test(text) ? new FatalSinkError(message) : new RetriableSinkError(message));
  }

  private fail(error: Error): void {
    this.onConnected?.(error);
    this.onGone();
    if (!this.isOpen) return;
    this.isOpen = false;
    this.beat?.cancel();
    this.socket.destroy();
    this.round?.fail(error);
  }

  private keepAlive(): void {
    this.beat = this.clock.after(heartbeatMs / 2, () => {
      if (!this.isOpen) return;
      this.socket.write('\n');
      this.keepAlive();
    });
  }
}

const tooLarge = /frame size|max(?:imum)? (?:frame|data|message) (?:size|length)|exceeded|too large/i;
const forbidden = /permission|not authori[sz]ed|security|access (?:refused|denied)|login|credential/i;

function textOf(frame: StompFrame): string {
  const text = frame.headers.get('message') ?? frame.body.toString('utf8', 0, 500).trim();
  return frame.command === 'ERROR' ? text : `it answered ${frame.command}`;
}
