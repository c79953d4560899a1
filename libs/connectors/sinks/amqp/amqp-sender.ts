/**
 * Messages to an AMQP 1.0 broker. A link for each destination; the broker's credit says how many may be sent. A message counts when it is
 * accepted. A rejected one is the record's fault, a released or modified one is sent again.
 */
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Connection, Delivery, EventContext, Message, Sender } from 'rhea';
import { RetriableSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';
import type { BrokerPlace, Credentials } from '../../sources/broker-options.js';
import type { ConnectParts, MessageBroker, MessageSender } from '../messaging/message-sink.js';
import type { OutgoingMessage } from '../messaging/outgoing-message.js';
import { taken, type SendRound } from '../messaging/send-round.js';
import { rejectionOf, sinkErrorOf } from './amqp-conditions.js';

export interface AmqpSinkSettings {
  /** Null: the broker decides what an unknown name is. */
  readonly kind: 'queue' | 'topic' | null;
  readonly isDurable: boolean;
  /** Null: the broker's. */
  readonly priority: number | null;
  readonly expiresMs: number | null;
  /** Sets what Artemis knows messages by that it has already. */
  readonly duplicateIds: boolean;
  readonly inFlightMax: number;
  nextPlace(): BrokerPlace;
  tls(place: BrokerPlace): TlsOptions | null;
  readonly credentials: Credentials | null;
}

const closeMsMax = 2000;
/** Links to destinations that are kept. */
const linksMax = 100;

export class AmqpTarget implements MessageBroker {
  constructor(private readonly settings: AmqpSinkSettings) {}

  async connect({ name, clock, deadline }: ConnectParts): Promise<MessageSender> {
    const { settings } = this;
    const { default: rhea } = await import('rhea');
    const place = settings.nextPlace();
    const tls = settings.tls(place);
    const { credentials: login } = settings;
    const connection = rhea.create_container({ id: `${name}-${rhea.generate_uuid()}` }).connect({
      host: place.host,
      port: place.port,
      ...(tls === null ? { transport: 'tcp' } : { transport: 'tls', ...tls }),
      ...(login === null ? { username: 'anonymous' } : { username: login.user, password: login.password }),
      reconnect: false,
      session_buffer_size: { incoming: 2048, outgoing: settings.inFlightMax + 1024 },
    });
    return await new Promise((resolve, reject) => {
      let sender: AmqpMessageSender | null = null;
      const end = (error: unknown): void => {
        deadline.removeEventListener('abort', late);
        const reason = sinkErrorOf(`${place.host}:${place.port}`, error);
        if (sender !== null) return sender.fail(reason);
        void leave(connection, null);
        reject(reason);
      };
      const late = (): void => end(new Error('no answer in time'));
      deadline.addEventListener('abort', late, { once: true });
      watch(connection, end);
      connection.once('connection_open', () => {
        deadline.removeEventListener('abort', late);
        sender = new AmqpMessageSender(connection, settings, rhea, clock);
        resolve(sender);
      });
    });
  }
}

/** Everything that ends a connection, by whatever name the library tells it. */
function watch(connection: Connection, end: (error: unknown) => void): void {
  for (const name of ['connection_error', 'session_error', 'sender_error']) {
    connection.on(name, (context: EventContext) =>
      end(context.sender?.error ?? context.session?.error ?? context.connection.error ?? context.error),
    );
  }
  for (const name of ['connection_close', 'session_close', 'sender_close']) {
    connection.on(name, () => end(new Error('it was closed')));
  }
  connection.on('disconnected', (context: EventContext) => end(context.error ?? new Error('the connection was lost')));
  for (const name of ['error', 'protocol_error']) connection.on(name, end);
}

class AmqpMessageSender implements MessageSender {
  isOpen = true;
  private round: SendRound | null = null;
  /** Least recently used first. */
  private readonly links = new Map<string, Sender>();
  private readonly unanswered = new Map<Delivery, number>();

  constructor(
    private readonly connection: Connection,
    private readonly settings: AmqpSinkSettings,
    private readonly rhea: typeof import('rhea'),
    private readonly clock: Clock,
  ) {
    for (const name of ['sender_open', 'sendable']) connection.on(name, () => this.round?.pump());
    connection.on('accepted', ({ delivery }: EventContext) => this.answer(delivery, () => taken));
    connection.on('rejected', ({ delivery }: EventContext) => this.answer(delivery, (error) => rejectionOf(error)));
    for (const name of ['released', 'modified']) {
      connection.on(name, ({ delivery }: EventContext) =>
        this.answer(delivery, () => ({ kind: 'again', reason: `it ${name} a message` })),
      );
    }
  }

  begin(round: SendRound): void {
    this.unanswered.clear();
    this.round = round;
  }

  sendOne(message: OutgoingMessage, index: number): boolean {
    const link = this.linkTo(message.destination);
    if (!link.is_open() || !link.sendable()) return false;
    const bytesMax = link.max_message_size;
    if (bytesMax > 0 && message.body.length > bytesMax) {
      const reason = `its ${message.body.length} bytes are more than the ${bytesMax} that ${message.destination} takes`;
      this.round?.settle(index, { kind: 'refused', reason });
      return true;
    }
    this.unanswered.set(link.send(this.written(message)), index);
    return true;
  }

  fail(error: Error): void {
    this.isOpen = false;
    this.round?.fail(error);
  }

  async close(): Promise<void> {
    const wasOpen = this.isOpen;
    this.isOpen = false;
    this.round?.fail(new RetriableSinkError('The connection to the broker was closed'));
    this.round = null;
    await leave(this.connection, wasOpen ? this.clock : null);
  }

  private answer(delivery: Delivery | undefined, outcomeOf: (error: unknown) => ReturnType<typeof rejectionOf>): void {
    if (delivery === undefined) return;
    const index = this.unanswered.get(delivery);
    this.unanswered.delete(delivery);
    if (index === undefined) return;
    const outcome = outcomeOf(delivery.remote_state?.['error']);
    if (outcome instanceof Error) this.fail(outcome);
    else this.round?.settle(index, outcome);
  }

  private linkTo(destination: string): Sender {
    let link = this.links.get(destination);
    if (link === undefined) {
      if (this.links.size >= linksMax) this.dropOldest();
      const { kind } = this.settings;
      const prefix = prefixOf(this.connection, kind);
      link = this.connection.open_sender({
        snd_settle_mode: 0,
        target: {
          address: destination.startsWith(prefix) ? destination : prefix + destination,
          ...(kind === null ? {} : { capabilities: [kind] }),
        },
      });
    }
    this.links.delete(destination);
    this.links.set(destination, link);
    return link;
  }

  /** One that has nothing on its way any more: its close must not end the connection. */
  private dropOldest(): void {
    const [oldest] = this.links;
    if (oldest === undefined || this.unanswered.size > 0) return;
    this.links.delete(oldest[0]);
    oldest[1].remove();
  }

  private written(message: OutgoingMessage): Message {
    const { rhea } = this;
    const { isDurable, priority, expiresMs, duplicateIds } = this.settings;
    const properties: Record<string, string> = { ...message.properties };
    if (duplicateIds) properties['_AMQ_DUPL_ID'] = message.id;
    return {
      message_id: `ID:${message.id}`,
      to: message.destination,
      creation_time: new Date(message.timestampMs),
      durable: isDurable,
      ...(message.key === null ? {} : { correlation_id: message.key }),
      ...(priority === null ? {} : { priority }),
      ...(expiresMs === null ? {} : { ttl: expiresMs }),
      // JMS over AMQP: what kind of message a JMS client makes of it.
      message_annotations: { 'x-opt-jms-msg-type': rhea.types.wrap_byte(message.isText ? jmsText : jmsBytes) },
      ...(message.isText ? {} : { content_type: 'application/octet-stream' }),
      application_properties: properties,
      body: message.isText ? message.body.toString() : rhea.message.data_section(message.body),
    };
  }
}

/** Says farewell, where there is a clock to wait a little for the answer, and ends the connection whatever the broker does. */
async function leave(connection: Connection, clock: Clock | null): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    for (const name of ['connection_close', 'disconnected']) connection.once(name, () => resolve());
  });
  const wasOpen = connection.is_open();
  connection.close();
  if (clock !== null && wasOpen) {
    const waiting = new AbortController();
    await Promise.race([closed, clock.sleep(closeMsMax, waiting.signal).catch(() => undefined)]);
    waiting.abort();
  }
  connection.socket?.destroy();
}

const jmsBytes = 3;
const jmsText = 5;

/** What brokers with one set of names for queues and topics (ActiveMQ Classic) want before a name; they say so when they are connected to. */
function prefixOf(connection: Connection, kind: AmqpSinkSettings['kind']): string {
  const properties: unknown = connection.properties;
  if (kind === null || typeof properties !== 'object' || properties === null) return '';
  const prefix: unknown = Object.entries(properties).find(([name]) => name === `${kind}-prefix`)?.[1];
  return typeof prefix === 'string' ? prefix : '';
}
