/**
 * The Forward protocol of Fluentd and Fluent Bit (version 1, with 0's modes): Message, Forward, PackedForward and CompressedPackedForward,
 * acknowledged by chunk when every required channel has committed, after a login where `sharedKey` is set. Not in Flume.
 *
 * An event has the headers `tag` and `timestamp` (ms). What a full channel refuses is given to it again; the peer waits meanwhile, and
 * sends again what was not acknowledged when the connection ends.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { requireOptions, type OptionValues } from '#config/options';
import { plainAddress } from '#net/host';
import type { ComponentRemark, ComponentType, Source, SourceContext } from '#pipeline/collector';
import { serverTls, serverTlsRemarks } from '../../tls/component-tls.js';
import { checkBind } from '../bind-options.js';
import { LineSource } from '../line-source.js';
import { listenError } from '../socket-listener.js';
import { FluentLogin } from './fluent-login.js';
import { fluentOptions } from './fluent-options.js';
import { FluentProtocol, type Msgpack } from './fluent-protocol.js';
import { EventTime } from './fluent-records.js';

type Options = OptionValues<typeof fluentOptions>;

export const fluentSource: ComponentType<Source> = {
  name: 'fluent',
  classNames: [],
  doc: 'Takes events of Fluentd and Fluent Bit (forward output).',
  options: fluentOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = requireOptions('source', fluentOptions, options);
    const remarks: ComponentRemark[] = [
      ...checkBind('bind', values.bind, values.insecure || values.sharedKey !== null),
      ...serverTlsRemarks(values),
    ];
    if ((values.user === null) !== (values.password === null)) {
      remarks.push({ severity: 'error', option: 'user', message: 'user and password only have an effect together' });
    }
    if (values.user !== null && values.sharedKey === null) {
      remarks.push({
        severity: 'error',
        option: 'user',
        message: 'user needs sharedKey, which peers are asked for first',
      });
    }
    return remarks;
  },
  create: (input) => new FluentSource(requireOptions(`source ${input.name}`, fluentOptions, input.options)),
};

class FluentSource implements Source {
  private readonly lines: LineSource;
  private heartbeat: DatagramSocket | null = null;
  private msgpack: Msgpack | null = null;

  constructor(private readonly options: Options) {
    this.lines = new LineSource({
      ...options,
      host: options.bind,
      ports: [options.port],
      isPatient: true,
      tls: () => serverTls(options),
      protocolOf: async (_, context) => this.protocol(context, (this.msgpack ??= await loadMsgpack())),
    });
  }

  get port(): number {
    return this.lines.port;
  }

  async start(context: SourceContext): Promise<void> {
    this.msgpack ??= await loadMsgpack();
    await this.lines.start(context);
    if (!this.options.heartbeat) return;
    try {
      this.heartbeat = await this.startHeartbeat(context);
    } catch (error) {
      await this.lines.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.heartbeat?.close();
    this.heartbeat = null;
    await this.lines.stop();
  }

  private protocol(context: SourceContext, msgpack: Msgpack): FluentProtocol {
    const { bodyKey, maxChunkBytes } = this.options;
    return new FluentProtocol({
      msgpack,
      records: { bodyKey, messageBytesMax: maxChunkBytes },
      login: this.login(),
      onBadEntries: (count) => context.count('EventReadFail', count),
      onDropped: (count) => context.count('EventDroppedCount', count),
      onRefused: (reason) => {
        context.count('EventReadFail', 1);
        context.logger.warn(`A connection was closed: ${reason}.`);
      },
    });
  }

  private login(): FluentLogin | null {
    const { sharedKey, user, password } = this.options;
    if (sharedKey === null) return null;
    return new FluentLogin({
      sharedKey,
      user: user === null ? null : { name: user, password: password ?? '' },
      hostname: hostname(),
      nonce: randomBytes(16).toString('hex'),
      salt: randomBytes(16).toString('hex'),
    });
  }

  /** Whatever comes is answered with a byte of zero. */
  private async startHeartbeat(context: SourceContext): Promise<DatagramSocket> {
    const address = plainAddress(this.options.bind);
    const { port } = this.lines;
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(listenError(error, address, port));
      });
      socket.bind({ address, port, exclusive: true }, resolve);
    });
    socket.on('error', (error) => context.reportError(error));
    socket.on('message', (_, sender) => socket.send(Buffer.alloc(1), sender.port, sender.address, () => undefined));
    return socket;
  }
}

/** `EventTime` is extension type 0 of the protocol. */
const eventTimeType = 0;

async function loadMsgpack(): Promise<Msgpack> {
  const { Decoder, encode, ExtensionCodec } = await import('@msgpack/msgpack');
  const extensionCodec = new ExtensionCodec();
  extensionCodec.register({ type: eventTimeType, encode: () => null, decode: (bytes) => EventTime.decode(bytes) });
  const decoder = new Decoder({ extensionCodec, useBigInt64: true });
  return {
    encode: (value) => encode(value),
    decode: (bytes) => decoder.decode(bytes),
    decodeMulti: (bytes) => decoder.decodeMulti(bytes),
  };
}
