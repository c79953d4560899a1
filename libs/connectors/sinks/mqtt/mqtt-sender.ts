/**
 * Messages to an MQTT broker, 3.1.1 or 5. With QoS 1 a message counts when its PUBACK has come, with QoS 2 when its PUBCOMP has. An answer that
 * was lost with the connection makes it go again.
 */
import type { Socket } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { IConnackPacket, IPublishPacket, Packet, Parser } from 'mqtt-packet';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import type { Clock, Timer } from '#std/clock';
import type { BrokerPlace, Credentials } from '../../sources/broker-options.js';
import { openBrokerSocket } from '../../sources/broker-socket.js';
import type { ConnectParts, MessageBroker, MessageSender } from '../messaging/message-sink.js';
import type { OutgoingMessage } from '../messaging/outgoing-message.js';
import { taken, type SendOutcome, type SendRound } from '../messaging/send-round.js';

export interface MqttSinkSettings {
  readonly protocolVersion: 4 | 5;
  readonly qos: 1 | 2;
  readonly isRetained: boolean;
  /** Null: a new one for each connection. */
  readonly clientId: string | null;
  readonly keepAliveSeconds: number;
  /** MQTT 5 only. */
  readonly expirySeconds: number | null;
  nextPlace(): BrokerPlace;
  tls(place: BrokerPlace): TlsOptions | null;
  readonly credentials: Credentials | null;
}

/** What a packet takes besides topic, properties and payload, at most. */
const packetOverheadBytes = 64;
const messageIdMax = 65_535;
/** Of the variable byte integer (1.5.5). */
const packetBytesMaxOfMqtt = 268_435_455;
const propertiesMax = 1000;
/** Refusals of a connection that only another setting cures: version, client id, login, rights. */
const fatalConnack: ReadonlySet<number> = new Set([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c]);
/** Reasons (MQTT 5, 2.4) that are the message's: its topic, its payload, its size. */
const badMessage: ReadonlySet<number> = new Set([0x90, 0x95, 0x99]);
const notAuthorised = 0x87;
const refusedFrom = 0x80;
const farewellMs = 2000;

export class MqttTarget implements MessageBroker {
  constructor(private readonly settings: MqttSinkSettings) {}

  async connect({ name, clock, deadline }: ConnectParts): Promise<MessageSender> {
    const { settings } = this;
    const codec = await import('mqtt-packet');
    const place = settings.nextPlace();
    const { protocolVersion } = settings;
    const parser = codec.parser({ protocolVersion });
    const encode = (packet: Packet): Buffer => codec.generate(packet, { protocolVersion });
    const socket = await openBrokerSocket(place, settings.tls(place), deadline);
    const sender = new MqttSender({ socket, parser, encode, settings, clock });
    await sender.open(name, deadline);
    return sender;
  }
}

interface SenderParts {
  readonly socket: Socket;
  readonly parser: Parser;
  readonly encode: (packet: Packet) => Buffer;
  readonly settings: MqttSinkSettings;
  readonly clock: Clock;
}

class MqttSender implements MessageSender {
  isOpen = true;
  private round: SendRound | null = null;
  private messageId = 0;
  private readonly unanswered = new Map<number, number>();
  private unansweredMax = messageIdMax;
  private packetBytesMax = Infinity;
  private beat: Timer | null = null;
  private isCorked = false;
  private onConnack: ((packet: Packet | Error) => void) | null = null;

  constructor(private readonly parts: SenderParts) {
    const { socket, parser } = parts;
    parser.on('packet', (packet) => this.handle(packet));
    parser.on('error', () => this.fail(new RetriableSinkError('The broker sent what is no MQTT')));
    socket.on('data', (piece: Buffer) => void parser.parse(piece));
    socket.on('close', () => this.fail(new RetriableSinkError('The MQTT connection was lost')));
  }

  async open(name: string, deadline: AbortSignal): Promise<void> {
    const { socket, encode, settings } = this.parts;
    const late = (): void => this.onConnack?.(new Error('The MQTT broker gave no answer in time'));
    deadline.addEventListener('abort', late, { once: true });
    const answer = await new Promise<Packet | Error>((resolve) => {
      this.onConnack = resolve;
      socket.write(encode(this.connectPacket(settings.clientId ?? `${name}-${crypto.randomUUID()}`)));
    });
    this.onConnack = null;
    deadline.removeEventListener('abort', late);
    try {
      if (answer instanceof Error) throw answer;
      if (answer.cmd !== 'connack') throw new Error(`The broker answered ${answer.cmd}`);
      this.checkConnack(answer);
    } catch (error) {
      this.isOpen = false;
      socket.destroy();
      throw error;
    }
    if (settings.keepAliveSeconds > 0) this.keepAlive((settings.keepAliveSeconds * 1000) / 2);
  }

  begin(round: SendRound): void {
    this.unanswered.clear();
    this.round = round;
  }

  sendOne(message: OutgoingMessage, index: number): boolean {
    if (!this.isOpen || this.unanswered.size >= this.unansweredMax) return false;
    const reason = this.problemOf(message);
    if (reason !== null) {
      this.round?.settle(index, { kind: 'refused', reason });
      return true;
    }
    const packet = this.parts.encode(this.publishPacket(message));
    if (packet.length === 0) {
      // So the library says that a topic or a header is longer than MQTT has room for (65,535 bytes).
      this.round?.settle(index, {
        kind: 'refused',
        reason: 'its topic or one of its headers is no text that MQTT can carry',
      });
      return true;
    }
    if (packet.length > this.packetBytesMax) {
      const large = `its packet of ${packet.length} bytes is more than the ${this.packetBytesMax} that the broker takes`;
      this.round?.settle(index, { kind: 'refused', reason: large });
      return true;
    }
    this.unanswered.set(this.messageId, index);
    this.cork();
    this.parts.socket.write(packet);
    return true;
  }

  close(): Promise<void> {
    const { socket, encode } = this.parts;
    const wasOpen = this.isOpen;
    this.isOpen = false;
    this.beat?.cancel();
    this.round?.fail(new RetriableSinkError('The connection to the broker was closed'));
    this.round = null;
    if (!wasOpen || socket.destroyed) {
      socket.destroy();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.end(encode({ cmd: 'disconnect' }));
      socket.setTimeout(farewellMs, () => socket.destroy());
    });
  }

  private connectPacket(clientId: string): Packet {
    const { protocolVersion, keepAliveSeconds, credentials: login } = this.parts.settings;
    return {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion,
      clientId,
      clean: true,
      keepalive: keepAliveSeconds,
      ...(login === null ? {} : { username: login.user, password: Buffer.from(login.password) }),
    };
  }

  private checkConnack(packet: IConnackPacket): void {
    const code = packet.reasonCode ?? packet.returnCode ?? 0;
    if (code !== 0) {
      const message = `The MQTT broker refuses: ${packet.properties?.reasonString ?? 'no reason was given'} (code ${code})`;
      throw fatalConnack.has(code) ? new FatalSinkError(message) : new RetriableSinkError(message);
    }
    const { receiveMaximum, maximumPacketSize, maximumQoS, retainAvailable } = packet.properties ?? {};
    const { qos, isRetained } = this.parts.settings;
    this.unansweredMax = receiveMaximum ?? messageIdMax;
    this.packetBytesMax = maximumPacketSize ?? Infinity;
    if (maximumQoS !== undefined && maximumQoS < qos) {
      throw new FatalSinkError(`The MQTT broker takes QoS ${maximumQoS} at most, and mqtt.qos is ${qos}`);
    }
    if (isRetained && retainAvailable === false) {
      throw new FatalSinkError(
        'The MQTT broker keeps no retained messages, and mqtt.retained.enabled=true asks for it',
      );
    }
  }

  private problemOf({ destination, body, properties }: OutgoingMessage): string | null {
    if (/[+#\0]/.test(destination)) return `"${destination}" is no topic that can be published to`;
    const bytes = body.length + destination.length + packetOverheadBytes;
    if (bytes > packetBytesMaxOfMqtt) return `its ${bytes} bytes are more than MQTT has`;
    return Object.keys(properties).length > propertiesMax ? `it has more than ${propertiesMax} headers` : null;
  }

  private publishPacket({ destination, body, isText, properties, key }: OutgoingMessage): IPublishPacket {
    const { protocolVersion, qos, isRetained, expirySeconds } = this.parts.settings;
    do this.messageId = (this.messageId % messageIdMax) + 1;
    while (this.unanswered.has(this.messageId));
    return {
      cmd: 'publish',
      topic: destination,
      payload: body,
      qos,
      retain: isRetained,
      dup: false,
      messageId: this.messageId,
      ...(protocolVersion === 5
        ? {
            properties: {
              payloadFormatIndicator: isText,
              // An empty block of them is one that the library can not write.
              ...(Object.keys(properties).length === 0 ? {} : { userProperties: { ...properties } }),
              ...(key === null ? {} : { correlationData: Buffer.from(key) }),
              ...(expirySeconds === null ? {} : { messageExpiryInterval: expirySeconds }),
            },
          }
        : {}),
    };
  }

  private handle(packet: Packet): void {
    if (this.onConnack !== null) return this.onConnack(packet);
    switch (packet.cmd) {
      case 'puback':
      case 'pubcomp':
        this.answer(packet.messageId ?? 0, packet.reasonCode ?? 0, packet.properties?.reasonString);
        return;
      case 'pubrec':
        if ((packet.reasonCode ?? 0) >= refusedFrom)
          this.answer(packet.messageId ?? 0, packet.reasonCode ?? 0, packet.properties?.reasonString);
        else this.parts.socket.write(this.parts.encode({ cmd: 'pubrel', messageId: packet.messageId ?? 0 }));
        return;
      case 'disconnect': {
        const code = packet.reasonCode ?? 0;
        const message = `The MQTT broker ended the connection: ${packet.properties?.reasonString ?? `code ${code}`}`;
        this.fail(code === notAuthorised ? new FatalSinkError(message) : new RetriableSinkError(message));
        return;
      }
      default:
    }
  }

  private answer(messageId: number, code: number, reason: string | undefined): void {
    const index = this.unanswered.get(messageId);
    this.unanswered.delete(messageId);
    if (index === undefined) return;
    const outcome = outcomeOf(code, reason ?? `code ${code}`);
    if (outcome instanceof Error) this.fail(outcome);
    else this.round?.settle(index, outcome);
  }

  private fail(error: Error): void {
    this.onConnack?.(error);
    if (!this.isOpen) return;
    this.isOpen = false;
    this.beat?.cancel();
    this.parts.socket.destroy();
    this.round?.fail(error);
  }

  /** All that one turn sends goes out together. */
  private cork(): void {
    if (this.isCorked) return;
    const { socket } = this.parts;
    this.isCorked = true;
    socket.cork();
    process.nextTick(() => {
      this.isCorked = false;
      socket.uncork();
    });
  }

  private keepAlive(everyMs: number): void {
    this.beat = this.parts.clock.after(everyMs, () => {
      if (!this.isOpen) return;
      this.parts.socket.write(this.parts.encode({ cmd: 'pingreq' }));
      this.keepAlive(everyMs);
    });
  }
}

function outcomeOf(code: number, reason: string): SendOutcome | Error {
  if (code < refusedFrom) return taken;
  if (code === notAuthorised) return new FatalSinkError(`The MQTT broker does not allow it: ${reason}`);
  return { kind: badMessage.has(code) ? 'refused' : 'again', reason: `The broker refuses it: ${reason}` };
}
