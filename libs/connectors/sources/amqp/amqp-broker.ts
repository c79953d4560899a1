/**
 * A link to one queue or topic of an AMQP 1.0 broker. Credit is the back-pressure: the broker sends what was asked for. A message is accepted, and
 * so settled, when the channels have it; one that cannot be processed goes back as `modified` with a failed delivery, which counts at the
 * broker; one that was never delivered is released, which does not.
 */
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Connection, Container, Delivery, EventContext, Message, Receiver } from 'rhea';
import { MillraceError, messageOf } from '#std/errors';
import type { ComponentContext } from '#pipeline/collector';
import { brokerErrors, type BrokerPlace, type Credentials } from '../broker-options.js';
import { connectDeadline, unreachable } from '../broker-socket.js';
import type { Broker, BrokerSession, SessionEvents } from '../broker-source.js';

export interface AmqpSettings {
  /** Name of the queue or topic, for the broker. */
  readonly destination: string;
  /** Null: the broker decides what an unknown name is. */
  readonly kind: 'queue' | 'topic' | null;
  /** A selector in JMS's syntax. */
  readonly selector: string | null;
  /** Name of a durable subscription to a topic; null: none. */
  readonly subscription: string | null;
  readonly clientId: string | null;
  /** Messages without settlement, at most. */
  readonly prefetch: number;
  readonly maxMessageBytes: number;
  nextPlace(): BrokerPlace;
  tls(place: BrokerPlace): TlsOptions | null;
  credentials(): Promise<Credentials | null>;
  /** Makes an event of a message. What it throws is counted, and the message is refused for good. */
  readonly event: (message: Message) => { readonly body: Buffer; readonly headers: Record<string, string> };
}

/** Silence after which the broker is taken for gone, ms; it is asked to say something twice as often. */
const idleMs = 60_000;
const closeMsMax = 2000;
/** Of AMQP: the terminus keeps its unsettled messages. */
const durableUnsettled = 2;

export class AmqpBroker implements Broker<Delivery> {
  constructor(
    readonly address: string,
    private readonly settings: AmqpSettings,
  ) {}

  async connect(
    events: SessionEvents<Delivery>,
    context: ComponentContext,
    signal: AbortSignal,
  ): Promise<BrokerSession<Delivery>> {
    const { settings } = this;
    const { default: rhea } = await import('rhea');
    const place = settings.nextPlace();
    const tls = settings.tls(place);
    const login = await settings.credentials();
    const container = rhea.create_container(settings.clientId === null ? {} : { id: settings.clientId });
    const connection = container.connect({
      host: place.host,
      port: place.port,
      ...(tls === null ? { transport: 'tcp' } : { transport: 'tls', ...tls }),
      ...(login === null ? { username: 'anonymous' } : { username: login.user, password: login.password }),
      reconnect: false,
      idle_time_out: idleMs,
      session_buffer_size: { incoming: settings.prefetch + 1024, outgoing: 2048 },
    });
    const deadline = connectDeadline(signal);
    return await new Promise((resolve, reject) => {
      let session: AmqpSession | null = null;
      const end = (error: unknown): void => {
        deadline.removeEventListener('abort', late);
        const reason = reasonOf(error);
        if (session === null) {
          reject(unreachable(place, reason));
          connection.close();
        } else {
          events.onEnd(new MillraceError(brokerErrors.lost, `The broker ended the connection: ${reason}`));
        }
      };
      const late = (): void => end(new Error('no answer in time'));
      deadline.addEventListener('abort', late, { once: true });
      watch(connection, end);
      connection.once('connection_open', () => {
        const receiver = connection.open_receiver(sourceOf(container, settings, prefixOf(connection, settings.kind)));
        receiver.once('receiver_open', () => {
          // A broker that refuses a link opens it without a source, and then closes it: that is told by its error.
          if (receiver.source === undefined || receiver.source === null) return;
          deadline.removeEventListener('abort', late);
          session = new AmqpSession(connection, receiver, context, settings.subscription !== null);
          resolve(session);
        });
        receiver.on('message', (heard: EventContext) => this.take(heard, events, context));
      });
    });
  }

  private take({ message, delivery }: EventContext, events: SessionEvents<Delivery>, context: ComponentContext): void {
    if (message === undefined || delivery === undefined) return;
    try {
      events.onMessage({ ...this.settings.event(message), token: delivery });
    } catch (error) {
      context.count('EventReadFail', 1);
      context.logger.warn(`A message was refused that is no event: ${messageOf(error)}`);
      delivery.reject({ condition: 'amqp:decode-error', description: 'The message cannot be read.' });
    }
  }
}

/** What brokers with one set of names for queues and topics (ActiveMQ Classic) want before a name; they say so when they are connected to. */
function prefixOf(connection: Connection, kind: AmqpSettings['kind']): string {
  const properties: unknown = connection.properties;
  if (kind === null || typeof properties !== 'object' || properties === null) return '';
  const prefix: unknown = Object.entries(properties).find(([name]) => name === `${kind}-prefix`)?.[1];
  return typeof prefix === 'string' ? prefix : '';
}

/** Everything that ends a connection, by whatever name the library tells it. */
function watch(connection: Connection, end: (error: unknown) => void): void {
  for (const name of ['connection_error', 'session_error', 'receiver_error']) {
    connection.on(name, (context: EventContext) =>
      end(context.receiver?.error ?? context.session?.error ?? context.connection.error),
    );
  }
  for (const name of ['connection_close', 'session_close', 'receiver_close']) {
    connection.on(name, () => end(new Error('it was closed')));
  }
  connection.on('disconnected', (context: EventContext) => end(context.error ?? new Error('the connection was lost')));
  for (const name of ['error', 'protocol_error']) connection.on(name, end);
}

function sourceOf(
  container: Container,
  settings: AmqpSettings,
  prefix: string,
): Parameters<Connection['open_receiver']>[0] {
  const { destination, kind, selector, subscription } = settings;
  return {
    credit_window: 0,
    autoaccept: false,
    autosettle: true,
    rcv_settle_mode: 0,
    max_message_size: settings.maxMessageBytes,
    ...(subscription === null ? {} : { name: subscription }),
    source: {
      address: destination.startsWith(prefix) ? destination : prefix + destination,
      ...(kind === null ? {} : { capabilities: [kind] }),
      ...(selector === null ? {} : { filter: container.filter.selector(selector) }),
      ...(subscription === null
        ? {}
        : { durable: durableUnsettled, expiry_policy: 'never', distribution_mode: 'copy' as const }),
    },
  };
}

function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'no reason was given';
  const condition = 'condition' in error && typeof error.condition === 'string' ? error.condition : null;
  const description = 'description' in error && typeof error.description === 'string' ? error.description : null;
  if (condition !== null) return description === null ? condition : `${description} (${condition})`;
  return messageOf(error);
}

class AmqpSession implements BrokerSession<Delivery> {
  private isClosed = false;

  constructor(
    private readonly connection: Connection,
    private readonly receiver: Receiver,
    private readonly context: ComponentContext,
    private readonly isDurable: boolean,
  ) {}

  request(count: number): void {
    this.receiver.add_credit(count);
  }

  accept(tokens: readonly Delivery[]): void {
    for (const delivery of tokens) delivery.accept();
  }

  giveBack(tokens: readonly Delivery[]): void {
    for (const delivery of tokens) delivery.modified({ delivery_failed: true, undeliverable_here: false });
  }

  async close(unused: readonly Delivery[]): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    if (!this.connection.is_open()) return;
    for (const delivery of unused) delivery.release();
    // A durable subscription is only left: a closed link would end it.
    if (this.isDurable) this.receiver.detach();
    else this.receiver.close();
    const closed = new Promise<void>((resolve) => {
      for (const name of ['connection_close', 'disconnected']) this.connection.once(name, () => resolve());
    });
    this.connection.close();
    const waiting = new AbortController();
    await Promise.race([closed, this.context.clock.sleep(closeMsMax, waiting.signal).catch(() => undefined)]);
    waiting.abort();
  }
}
