/**
 * Subscriptions at an MQTT broker, 3.1.1 or 5. PUBACK (QoS 1) and PUBREC (QoS 2) are sent when the channels have the message, so that a
 * persistent session repeats what a crash left unfinished. A message of QoS 2 whose PUBREC was lost with the connection is known by its
 * number and not delivered again; only a kill of the process makes it come twice. QoS 0 has nothing to acknowledge: what is on its way at
 * a crash is lost.
 *
 * The library `mqtt` acknowledges one message before it looks at the next; here as many as the prefetch are under way, so only its
 * packets (`mqtt-packet`) are used.
 */
import type { Socket } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { IConnackPacket, IPublishPacket, ISubackPacket, Packet, Parser, QoS } from 'mqtt-packet';
import type { ComponentContext } from '#pipeline/collector';
import type { Timer } from '#std/clock';
import { MillraceError } from '#std/errors';
import { brokerErrors, type BrokerPlace, type Credentials } from '../broker-options.js';
import { connectDeadline, openBrokerSocket } from '../broker-socket.js';
import type { Broker, BrokerSession, SessionEvents } from '../broker-source.js';

export interface MqttSettings {
  readonly topics: readonly string[];
  readonly qos: QoS;
  readonly clientId: string;
  /** The broker keeps subscriptions and messages while the collector is away. */
  readonly isPersistent: boolean;
  /** How long it does, s; MQTT 5 only. */
  readonly sessionExpirySeconds: number;
  readonly protocolVersion: 4 | 5;
  readonly keepAliveSeconds: number;
  readonly prefetch: number;
  readonly maxMessageBytes: number;
  nextPlace(): BrokerPlace;
  tls(place: BrokerPlace): TlsOptions | null;
  credentials(): Promise<Credentials | null>;
  readonly headers: (packet: IPublishPacket) => Record<string, string>;
}

/** What a message is acknowledged by; null: nothing to acknowledge. */
export type MqttToken = { readonly messageId: number; readonly answer: 'puback' | 'pubrec' } | null;

/** Length of a packet besides its payload that is allowed: topic and properties. */
const packetOverheadMax = 256 * 1024;
const subscribeId = 1;

export class MqttBroker implements Broker<MqttToken> {
  /** Numbers of QoS 2 messages that the channels have and the broker has not let go. They outlive a connection, as the session does. */
  private readonly delivered = new Set<number>();

  constructor(
    readonly address: string,
    private readonly settings: MqttSettings,
  ) {}

  async connect(
    events: SessionEvents<MqttToken>,
    context: ComponentContext,
    signal: AbortSignal,
  ): Promise<BrokerSession<MqttToken>> {
    const { settings } = this;
    const codec = await import('mqtt-packet');
    const place = settings.nextPlace();
    const deadline = connectDeadline(signal);
    const login = await settings.credentials();
    const socket = await openBrokerSocket(place, settings.tls(place), deadline);
    const { protocolVersion } = settings;
    const parser = codec.parser({ protocolVersion });
    const encode = (packet: Packet): Buffer => codec.generate(packet, { protocolVersion });
    const session = new MqttSession({ socket, parser, encode, settings, events, context, delivered: this.delivered });
    await session.open(login, deadline);
    return session;
  }
}

interface SessionParts {
  readonly socket: Socket;
  readonly parser: Parser;
  readonly encode: (packet: Packet) => Buffer;
  readonly settings: MqttSettings;
  readonly events: SessionEvents<MqttToken>;
  readonly context: ComponentContext;
  readonly delivered: Set<number>;
}

class MqttSession implements BrokerSession<MqttToken> {
  private lastHeardMs: number;
  private beat: Timer | null = null;
  private isHeld = false;
  private isOver = false;
  private answered: ((packet: Packet | Error) => void) | null = null;

  constructor(private readonly parts: SessionParts) {
    const { socket, parser, context } = parts;
    this.lastHeardMs = context.clock.monotonic();
    parser.on('packet', (packet) => this.handle(packet));
    parser.on('error', () => this.fail(new Error('it sent what is no MQTT')));
    socket.on('data', (piece: Buffer) => this.hear(piece));
    socket.on('close', () => this.fail(new Error('the connection was lost')));
  }

  async open(login: Credentials | null, deadline: AbortSignal): Promise<void> {
    const { settings, delivered } = this.parts;
    const connack = await this.ask(this.connectPacket(login), deadline);
    this.checkConnack(connack);
    // A session that the broker has forgotten uses the numbers anew.
    if (connack.cmd === 'connack' && !connack.sessionPresent) delivered.clear();
    const subscriptions = settings.topics.map((topic) => ({ topic, qos: settings.qos }));
    const suback = await this.ask({ cmd: 'subscribe', messageId: subscribeId, subscriptions }, deadline);
    this.checkSuback(suback);
    const everyMs = (settings.keepAliveSeconds * 1000) / 2;
    if (everyMs > 0) this.keepAlive(everyMs);
  }

  request(): void {
    // MQTT 5 brokers keep to the receive maximum; the others push, and the socket is held.
  }

  hold(isHeld: boolean): void {
    if (isHeld === this.isHeld) return;
    this.isHeld = isHeld;
    if (isHeld) this.parts.socket.pause();
    else this.parts.socket.resume();
    this.lastHeardMs = this.parts.context.clock.monotonic();
  }

  accept(tokens: readonly MqttToken[]): void {
    if (this.isOver) return;
    const packets: Buffer[] = [];
    for (const token of tokens) {
      if (token === null) continue;
      if (token.answer === 'pubrec') this.parts.delivered.add(token.messageId);
      packets.push(this.parts.encode({ cmd: token.answer, messageId: token.messageId }));
    }
    if (packets.length > 0) this.parts.socket.write(Buffer.concat(packets));
  }

  close(): Promise<void> {
    const { socket, encode } = this.parts;
    const wasOver = this.isOver;
    this.isOver = true;
    this.beat?.cancel();
    if (wasOver) {
      socket.destroy();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.resume();
      socket.end(encode({ cmd: 'disconnect' }));
      socket.setTimeout(farewellMs, () => socket.destroy());
    });
  }

  private connectPacket(login: Credentials | null): Packet {
    const { settings } = this.parts;
    return {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: settings.protocolVersion,
      clientId: settings.clientId,
      clean: !settings.isPersistent,
      keepalive: settings.keepAliveSeconds,
      ...(login === null ? {} : { username: login.user, password: Buffer.from(login.password) }),
      ...(settings.protocolVersion === 5
        ? {
            properties: {
              sessionExpiryInterval: settings.isPersistent ? settings.sessionExpirySeconds : 0,
              receiveMaximum: settings.prefetch,
              maximumPacketSize: settings.maxMessageBytes + packetOverheadMax,
            },
          }
        : {}),
    };
  }

  private checkConnack(packet: Packet): asserts packet is IConnackPacket {
    if (packet.cmd !== 'connack') throw this.refuse(`it answered ${packet.cmd}`);
    const code = packet.reasonCode ?? packet.returnCode ?? 0;
    if (code === 0) return;
    const reason = packet.properties?.reasonString ?? connectRefusals[code] ?? 'no reason that is known';
    throw this.refuse(`${reason} (code ${code})`);
  }

  private checkSuback(packet: Packet): asserts packet is ISubackPacket {
    if (packet.cmd !== 'suback') throw this.refuse(`it answered ${packet.cmd}`);
    const { topics } = this.parts.settings;
    const refused = packet.granted.findIndex((code) => typeof code === 'number' && code >= 0x80);
    if (refused >= 0) throw this.refuse(`the subscription to ${topics[refused] ?? ''} is not granted`);
  }

  /** The next packet that is no message. */
  private async ask(packet: Packet, deadline: AbortSignal): Promise<Packet> {
    const { socket, encode } = this.parts;
    const late = (): void => this.answered?.(new Error('no answer in time'));
    deadline.addEventListener('abort', late, { once: true });
    const answer = await new Promise<Packet | Error>((resolve) => {
      this.answered = resolve;
      socket.write(encode(packet));
    });
    this.answered = null;
    deadline.removeEventListener('abort', late);
    if (answer instanceof Error) throw this.refuse(answer.message);
    return answer;
  }

  private refuse(reason: string): MillraceError {
    this.isOver = true;
    this.parts.socket.destroy();
    return new MillraceError(brokerErrors.refused, `The MQTT broker refuses: ${reason}`);
  }

  private hear(piece: Buffer): void {
    const { context, parser, settings } = this.parts;
    this.lastHeardMs = context.clock.monotonic();
    const rest = parser.parse(piece);
    if (rest > settings.maxMessageBytes + packetOverheadMax)
      this.fail(new Error(`a message is larger than maxMessageBytes (${settings.maxMessageBytes})`));
  }

  private handle(packet: Packet): void {
    if (this.isOver) return;
    const { socket, encode, delivered } = this.parts;
    switch (packet.cmd) {
      case 'publish':
        this.publish(packet);
        return;
      case 'pubrel':
        delivered.delete(packet.messageId ?? 0);
        socket.write(encode({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 }));
        return;
      case 'pingresp':
        return;
      case 'disconnect':
        this.fail(new Error(packet.properties?.reasonString ?? `it said so (code ${packet.reasonCode ?? 0})`));
        return;
      default:
        this.answered?.(packet);
    }
  }

  private publish(packet: IPublishPacket): void {
    const { events, settings, delivered } = this.parts;
    const { qos, messageId = 0, payload } = packet;
    const token: MqttToken = qos === 0 ? null : { messageId, answer: qos === 1 ? 'puback' : 'pubrec' };
    if (qos === 2 && delivered.has(messageId)) {
      this.accept([token]);
      return;
    }
    // The payload may share memory with a much larger piece.
    events.onMessage({ body: Buffer.from(payload), headers: settings.headers(packet), token });
  }

  private fail(reason: Error): void {
    if (this.isOver) return;
    this.answered?.(reason);
    this.isOver = true;
    this.beat?.cancel();
    this.parts.socket.destroy();
    this.parts.events.onEnd(
      new MillraceError(brokerErrors.lost, `The MQTT connection has ended: ${reason.message}`, { cause: reason }),
    );
  }

  private keepAlive(everyMs: number): void {
    const { context, socket, encode } = this.parts;
    this.beat = context.clock.after(everyMs, () => {
      if (this.isOver) return;
      // While the socket is held, answers cannot be heard.
      const silentMs = this.isHeld ? 0 : context.clock.monotonic() - this.lastHeardMs;
      if (silentMs > everyMs * 3) {
        this.fail(new Error(`the broker was silent for ${Math.round(silentMs)} ms`));
        return;
      }
      socket.write(encode({ cmd: 'pingreq' }));
      this.keepAlive(everyMs);
    });
  }
}

const farewellMs = 2000;

/** MQTT 3.1.1, section 3.2.2.3, and of MQTT 5 (3.2.2.2) what people meet. */
const connectRefusals: Readonly<Record<number, string>> = {
  1: 'this version of the protocol is not supported; set protocolVersion',
  2: 'the client id is not allowed',
  3: 'the server is unavailable',
  4: 'wrong user name or password',
  5: 'not authorized',
  132: 'this version of the protocol is not supported; set protocolVersion',
  133: 'the client id is not allowed',
  134: 'wrong user name or password',
  135: 'not authorized',
  136: 'the server is unavailable',
  137: 'the server is busy',
  138: 'this client is banned',
};
