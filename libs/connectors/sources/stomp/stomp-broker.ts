/**
 * A subscription at a STOMP 1.2 broker. Each message is acknowledged by itself when the channels have it. There is no giving back: what NACK does
 * is up to the broker (Artemis takes the message for done, Classic sends it to its dead-letter queue). Brokers push, so a full source
 * stops reading its socket; heart-beats go on meanwhile.
 */
import type { Socket } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ComponentContext } from '#pipeline/collector';
import type { Timer } from '#std/clock';
import { MillraceError } from '#std/errors';
import { encodeFrame, FrameReader, type StompFrame } from '#wire/stomp/frame';
import { brokerErrors, type BrokerPlace, type Credentials } from '../broker-options.js';
import { connectDeadline, openBrokerSocket } from '../broker-socket.js';
import type { Broker, BrokerSession, SessionEvents } from '../broker-source.js';

export interface StompSettings {
  readonly destination: string;
  readonly selector: string | null;
  readonly clientId: string | null;
  /** Name for the handshake; null: the address that is connected to. */
  readonly virtualHost: string | null;
  /** Headers of SUBSCRIBE besides these. */
  readonly subscribeHeaders: Readonly<Record<string, string>>;
  /** Heart-beats both ways, ms; 0: none. */
  readonly heartbeatMs: number;
  readonly maxMessageBytes: number;
  nextPlace(): BrokerPlace;
  tls(place: BrokerPlace): TlsOptions | null;
  credentials(): Promise<Credentials | null>;
  readonly headers: (frame: StompFrame) => Record<string, string>;
}

const headBytesMax = 64 * 1024;
/** A broker may be late with its heart-beats by this factor: its clock and the network are not ours. */
const patience = 2.5;

export class StompBroker implements Broker<string> {
  constructor(
    readonly address: string,
    private readonly settings: StompSettings,
  ) {}

  async connect(
    events: SessionEvents<string>,
    context: ComponentContext,
    signal: AbortSignal,
  ): Promise<BrokerSession<string>> {
    const { settings } = this;
    const place = settings.nextPlace();
    const deadline = connectDeadline(signal);
    const login = await settings.credentials();
    const socket = await openBrokerSocket(place, settings.tls(place), deadline);
    const session = new StompSession(socket, settings, events, context);
    await session.open(settings.virtualHost ?? place.host, login, deadline);
    return session;
  }
}

class StompSession implements BrokerSession<string> {
  private readonly reader: FrameReader;
  private lastHeardMs: number;
  private beat: Timer | null = null;
  private isHeld = false;
  private isOver = false;
  /** Gets the answer to the frame that waits for one. */
  private answered: ((frame: StompFrame | Error) => void) | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly settings: StompSettings,
    private readonly events: SessionEvents<string>,
    private readonly context: ComponentContext,
  ) {
    this.reader = new FrameReader({ headBytesMax, bodyBytesMax: settings.maxMessageBytes });
    this.lastHeardMs = context.clock.monotonic();
    socket.on('data', (piece: Buffer) => this.hear(piece));
    socket.on('close', () => this.fail(new Error('the connection was lost')));
  }

  async open(host: string, login: Credentials | null, deadline: AbortSignal): Promise<void> {
    const { heartbeatMs, clientId, destination, selector, subscribeHeaders } = this.settings;
    const connected = await this.ask(
      encodeFrame('CONNECT', {
        'accept-version': '1.2',
        host,
        ...(login === null ? {} : { login: login.user, passcode: login.password }),
        ...(clientId === null ? {} : { 'client-id': clientId }),
        'heart-beat': `${heartbeatMs},${heartbeatMs}`,
      }),
      deadline,
    );
    if (connected.command !== 'CONNECTED') throw this.refuse(connected);
    const version = connected.headers.get('version');
    if (version !== '1.2') throw this.refuse(`it speaks STOMP ${version ?? '1.0'}, and 1.2 is needed`);
    this.startBeating(connected.headers.get('heart-beat') ?? '0,0');
    const subscribed = await this.ask(
      encodeFrame('SUBSCRIBE', {
        ...subscribeHeaders,
        id: '0',
        destination,
        ack: 'client-individual',
        receipt: 'subscribed',
        ...(selector === null ? {} : { selector }),
      }),
      deadline,
    );
    if (subscribed.command !== 'RECEIPT') throw this.refuse(subscribed);
  }

  request(): void {
    // Brokers push as many as the prefetch of the subscription allows.
  }

  hold(isHeld: boolean): void {
    if (isHeld === this.isHeld) return;
    this.isHeld = isHeld;
    if (isHeld) this.socket.pause();
    else this.socket.resume();
    this.lastHeardMs = this.context.clock.monotonic();
  }

  accept(tokens: readonly string[]): void {
    if (this.isOver) return;
    this.socket.write(Buffer.concat(tokens.map((id) => encodeFrame('ACK', { id }))));
  }

  /** The acknowledgements have arrived when the receipt of the end comes. */
  async close(): Promise<void> {
    if (!this.isOver) {
      this.hold(false);
      const farewell = this.ask(encodeFrame('DISCONNECT', { receipt: 'bye' }), AbortSignal.timeout(farewellMs));
      await farewell.catch(() => undefined);
    }
    this.isOver = true;
    this.beat?.cancel();
    this.socket.destroy();
  }

  /** The next frame that is no message. */
  private async ask(bytes: Buffer, deadline: AbortSignal): Promise<StompFrame> {
    const late = (): void => this.answered?.(new Error('no answer in time'));
    deadline.addEventListener('abort', late, { once: true });
    const answer = await new Promise<StompFrame | Error>((resolve) => {
      this.answered = resolve;
      this.socket.write(bytes);
    });
    this.answered = null;
    deadline.removeEventListener('abort', late);
    if (answer instanceof Error) throw this.refuse(answer.message);
    return answer;
  }

  private refuse(reason: StompFrame | string): MillraceError {
    this.isOver = true;
    this.beat?.cancel();
    this.socket.destroy();
    const text = typeof reason === 'string' ? reason : errorText(reason);
    return new MillraceError(brokerErrors.refused, `The STOMP broker refuses: ${text}`);
  }

  private hear(piece: Buffer): void {
    this.lastHeardMs = this.context.clock.monotonic();
    try {
      for (const frame of this.reader.read(piece)) this.handle(frame);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private handle(frame: StompFrame): void {
    if (frame.command === 'MESSAGE') {
      const token = frame.headers.get('ack');
      if (token === undefined) throw new Error('a message has no header ack');
      // A body lies in the piece that the socket gave; it may wait for long, the rest of the piece need not.
      this.events.onMessage({ body: Buffer.from(frame.body), headers: this.settings.headers(frame), token });
    } else if (this.answered !== null) {
      this.answered(frame);
    } else if (frame.command === 'ERROR') {
      this.fail(new Error(errorText(frame)));
    }
  }

  private fail(reason: Error): void {
    if (this.isOver) return;
    this.answered?.(reason);
    this.isOver = true;
    this.beat?.cancel();
    this.socket.destroy();
    this.events.onEnd(
      new MillraceError(brokerErrors.lost, `The STOMP connection has ended: ${reason.message}`, { cause: reason }),
    );
  }

  /** `theirs` is what the broker can do and what it wants: `sends every,wants every`, ms. */
  private startBeating(theirs: string): void {
    const { heartbeatMs } = this.settings;
    const [sends = 0, wants = 0] = theirs.split(',').map((text) => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : 0));
    const sendMs = heartbeatMs === 0 || wants === 0 ? 0 : Math.max(heartbeatMs, wants);
    const hearMs = heartbeatMs === 0 || sends === 0 ? 0 : Math.max(heartbeatMs, sends);
    const everyMs = Math.min(...[sendMs, hearMs].filter((ms) => ms > 0));
    if (!Number.isFinite(everyMs)) return;
    const tick = (): void => {
      if (this.isOver) return;
      const silentMs = this.context.clock.monotonic() - this.lastHeardMs;
      if (hearMs > 0 && !this.isHeld && silentMs > hearMs * patience) {
        this.fail(new Error(`the broker was silent for ${Math.round(silentMs)} ms`));
        return;
      }
      if (sendMs > 0) this.socket.write('\n');
      // In time also where a timer is late.
      this.beat = this.context.clock.after(everyMs / 2, tick);
    };
    this.beat = this.context.clock.after(everyMs / 2, tick);
  }
}

const farewellMs = 2000;

function errorText(frame: StompFrame): string {
  const message = frame.headers.get('message') ?? frame.body.toString('utf8', 0, 500).trim();
  return frame.command === 'ERROR' ? message : `it answered ${frame.command}`;
}
