import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { defineOptions } from '#config/options';
import { plainAddress } from '#net/host';
import type { Source, SourceContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { DeliveryGatherer } from './delivery-gatherer.js';
import { listenError } from './socket-listener.js';

/** What all sources of datagrams have. */
export const datagramOptions = defineOptions({
  pendingBytes: {
    type: 'int',
    default: 16 * 1024 * 1024,
    min: 64 * 1024,
    unit: 'bytes',
    doc: 'Datagrams that may wait for the channels; what comes beyond is dropped and counted (EventDroppedCount). In Flume nothing waits.',
  },
  receiveBufferBytes: {
    type: 'int',
    default: 2 * 1024 * 1024,
    min: 4096,
    unit: 'bytes',
    doc: 'What the system is asked to keep of datagrams that have not been read yet; it gives what its settings allow (net.core.rmem_max).',
  },
});

export interface Datagrams {
  readonly bodies: readonly Buffer[];
  /** Where each came from. */
  readonly senders: readonly RemoteInfo[];
}

export interface DatagramSourceOptions {
  readonly host: string;
  readonly port: number;
  readonly batchSize: number;
  readonly pendingBytes: number;
  readonly receiveBufferBytes: number;
  /** Makes events of the datagrams that came in one turn. Never throws. */
  readonly eventsOf: (datagrams: Datagrams, context: SourceContext) => EventBatch | Promise<EventBatch>;
}

/** What a datagram takes in memory besides its bytes. */
const datagramBytes = 512;
/** Datagrams of which events are made at once. */
const turnEventsMax = 1000;

/**
 * A source of datagrams. Their senders cannot wait and are told nothing: what the channels refuse is given to them again, and what comes
 * meanwhile waits too, up to a limit; beyond it datagrams are dropped and counted.
 */
export class DatagramSource implements Source {
  private socket: Socket | null = null;
  private context: SourceContext | null = null;
  private gatherer: DeliveryGatherer | null = null;
  private bodies: Buffer[] = [];
  private senders: RemoteInfo[] = [];
  private pendingBytes = 0;
  private isDropping = false;
  private isScheduled = false;
  private made: Promise<void> = Promise.resolve();

  constructor(private readonly options: DatagramSourceOptions) {}

  /** The port that is listened on; 0 while stopped. */
  get port(): number {
    return this.socket?.address().port ?? 0;
  }

  async start(context: SourceContext): Promise<void> {
    const { host, port, receiveBufferBytes, batchSize } = this.options;
    const address = plainAddress(host);
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: receiveBufferBytes });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(listenError(error, host, port));
      });
      socket.bind({ address, port, exclusive: true }, resolve);
    });
    socket.on('error', (error) => context.reportError(error));
    socket.on('message', (body, sender) => this.take(context, body, sender));
    this.gatherer = new DeliveryGatherer(context, { eventsMax: batchSize, isPatient: true });
    this.context = context;
    this.socket = socket;
  }

  async stop(): Promise<void> {
    const { socket, gatherer, context } = this;
    if (socket === null || gatherer === null || context === null) return;
    this.socket = null;
    await new Promise<void>((resolve) => socket.close(resolve));
    this.flush(context, gatherer);
    await this.made;
    await gatherer.stop();
    this.context = null;
  }

  private take(context: SourceContext, body: Buffer, sender: RemoteInfo): void {
    const bytes = body.length + datagramBytes;
    if (this.pendingBytes + bytes > this.options.pendingBytes) {
      context.count('EventDroppedCount', 1);
      if (!this.isDropping) {
        this.isDropping = true;
        context.logger.warn('Datagrams are dropped: more wait for the channels than pendingBytes allows.');
      }
      return;
    }
    this.pendingBytes += bytes;
    this.bodies.push(body);
    this.senders.push(sender);
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      if (this.gatherer !== null) this.flush(context, this.gatherer);
    });
  }

  private flush(context: SourceContext, gatherer: DeliveryGatherer): void {
    const { bodies, senders } = this;
    this.bodies = [];
    this.senders = [];
    // Not all at once: a table of headers takes events times names.
    for (let from = 0; from < bodies.length; from += turnEventsMax) {
      const to = from + turnEventsMax;
      this.make(context, gatherer, { bodies: bodies.slice(from, to), senders: senders.slice(from, to) });
    }
  }

  private make(context: SourceContext, gatherer: DeliveryGatherer, datagrams: Datagrams): void {
    let bytes = datagrams.bodies.length * datagramBytes;
    for (const body of datagrams.bodies) bytes += body.length;
    const events = this.options.eventsOf(datagrams, context);
    if (events instanceof Promise) {
      this.made = Promise.all([events, this.made]).then(([batch]) => this.give(context, gatherer, batch, bytes));
    } else this.give(context, gatherer, events, bytes);
  }

  private give(context: SourceContext, gatherer: DeliveryGatherer, batch: EventBatch, bytes: number): void {
    const { batchSize } = this.options;
    if (batch.count === 0) this.release(bytes);
    for (let from = 0; from < batch.count; from += batchSize) {
      const part = batch.slice(from, Math.min(batch.count, from + batchSize));
      const share = from + batchSize >= batch.count ? bytes : 0;
      gatherer.add(part, (refusal) => {
        if (refusal !== null) context.count('EventDroppedCount', part.count);
        this.release(share);
      });
    }
  }

  private release(bytes: number): void {
    this.pendingBytes -= bytes;
    if (this.pendingBytes === 0) this.isDropping = false;
  }
}
