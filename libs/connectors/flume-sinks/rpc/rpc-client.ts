import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { EventBatch } from '#pipeline/event-batch';
import type { Clock, Timer } from '#std/clock';
import { MillraceError, messageOf } from '#std/errors';
import { flumeWireErrors } from '#wire/flume/errors';
import { compressedStream, compressedTransport, plainTransport, type RpcTransport } from '../../rpc/rpc-transport.js';

/** The asking side of a protocol, on one connection. */
export interface RpcClientProtocol {
  /** A whole message with these events, and the number by which its answer comes. */
  request(batch: EventBatch): { readonly serial: number; readonly frame: Buffer };
  /** Refusal null: the events were taken. Throws where the bytes are none of the protocol. */
  push(chunk: Buffer, onAnswer: (serial: number, refusal: Error | null) => void): void;
}

export interface RpcClientOptions {
  readonly host: string;
  readonly port: number;
  readonly connectMsMax: number;
  readonly requestMsMax: number;
  /** Null without TLS. */
  readonly tls: ConnectionOptions | null;
  /** Of zlib; null sends and reads uncompressed. */
  readonly compressionLevel: number | null;
  /** With both: what TLS has encrypted is compressed, and not the other way round. */
  readonly isTlsInside: boolean;
  readonly clock: Clock;
}

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

/** One connection to another agent. Whatever goes wrong ends it: what is under way is rejected, and a new one is needed. */
export class RpcClient {
  private readonly pending = new Map<number, Pending>();
  /** Until the first answer nothing else is asked: it ends the handshake. */
  private first: Promise<void> | null = null;
  private isSettled = false;
  private failure: Error | null = null;

  private constructor(
    private readonly socket: Socket,
    private readonly transport: RpcTransport,
    private readonly protocol: RpcClientProtocol,
    private readonly options: RpcClientOptions,
  ) {
    const { input, output } = transport;
    for (const stream of new Set([socket, input, output])) stream.on('error', (error) => this.fail(error));
    input.on('data', (chunk: Buffer) => this.read(chunk));
    input.once('end', () => this.fail(this.error('ended the connection')));
    socket.once('close', () => this.fail(this.error('closed the connection')));
  }

  /** Rejects when there is no connection in time. */
  static async connect(protocol: RpcClientProtocol, options: RpcClientOptions): Promise<RpcClient> {
    const { host, port, clock, connectMsMax } = options;
    const socket = connectPlain({ host, port, noDelay: true, keepAlive: true });
    socket.on('error', () => undefined);
    let timer: Timer | null = null;
    const late = new Promise<never>((_, reject) => {
      timer = clock.after(connectMsMax, () => reject(new Error(`no connection within ${connectMsMax} ms`)));
    });
    try {
      const transport = await Promise.race([openTransport(socket, options), late]);
      return new RpcClient(socket, transport, protocol, options);
    } catch (error) {
      socket.destroy();
      const text = `There is no connection to ${host}:${port}: ${messageOf(error)}`;
      throw new MillraceError(flumeWireErrors.disconnected, text, { cause: error });
    } finally {
      (timer as Timer | null)?.cancel();
    }
  }

  get isOpen(): boolean {
    return this.failure === null;
  }

  get isIdle(): boolean {
    return this.pending.size === 0;
  }

  /** Resolves when the other side has taken the events. Requests leave in the order of the calls. */
  async send(batch: EventBatch): Promise<void> {
    if (this.first !== null && !this.isSettled) await this.first;
    const answered = this.ask(batch);
    this.first ??= answered.then(
      () => this.settle(),
      () => this.settle(),
    );
    await answered;
  }

  close(): void {
    this.failure ??= this.error('was left');
    this.transport.output.end();
    const timer = this.options.clock.after(lingerMs, () => this.socket.destroy());
    this.socket.once('close', () => timer.cancel());
    this.socket.destroySoon();
  }

  private settle(): void {
    this.isSettled = true;
  }

  private ask(batch: EventBatch): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const { clock, requestMsMax } = this.options;
    const { serial, frame } = this.protocol.request(batch);
    return new Promise((resolve, reject) => {
      const timer = clock.after(requestMsMax, () => this.fail(this.error(`did not answer within ${requestMsMax} ms`)));
      this.pending.set(serial, { resolve, reject, timer });
      this.transport.output.write(frame);
    });
  }

  private read(chunk: Buffer): void {
    try {
      this.protocol.push(chunk, (serial, refusal) => {
        const asked = this.pending.get(serial);
        this.pending.delete(serial);
        asked?.timer.cancel();
        if (refusal === null) asked?.resolve();
        else asked?.reject(refusal);
      });
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fail(error: Error): void {
    if (this.failure === null) {
      this.failure = error;
      this.socket.destroy();
    }
    for (const { reject, timer } of this.pending.values()) {
      timer.cancel();
      reject(this.failure);
    }
    this.pending.clear();
  }

  private error(what: string): Error {
    return new MillraceError(flumeWireErrors.disconnected, `${this.options.host}:${this.options.port} ${what}.`);
  }
}

const lingerMs = 1000;

async function openTransport(socket: Socket, options: RpcClientOptions): Promise<RpcTransport> {
  const { tls, compressionLevel: level, isTlsInside, host } = options;
  await opened(socket, 'connect');
  if (tls === null) return level === null ? plainTransport(socket) : compressedTransport(socket, level);
  const isCompressedFirst = level !== null && isTlsInside;
  const secured = connectTls({
    host,
    ...tls,
    socket: isCompressedFirst ? compressedStream(socket, level) : socket,
  });
  secured.on('error', () => undefined);
  await opened(secured, 'secureConnect', socket);
  return level === null || isCompressedFirst ? plainTransport(secured) : compressedTransport(secured, level);
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', below: Socket = socket): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    socket.once(event, resolve);
    socket.once('error', reject);
    below.once('error', reject);
    below.once('close', () => reject(new Error('the other side closed it')));
  });
}
