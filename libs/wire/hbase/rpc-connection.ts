/**
 * A connection to an HBase server (HBase reference guide, appendix "HBase RPC"): `HBas`, version 0, authentication 0x50 (simple), the
 * connection header; then calls, each a header and a parameter as protobuf. No codec is named, so results come as protobuf as well.
 */
import { messageOf } from '#std/errors';
import { FramedSocket } from './framed-socket.js';
import { HBaseError, hbaseErrors, remoteError } from './hbase-errors.js';
import { encodeDelimited, encodeProto, encodeVarint, ProtoCursor, ProtoFields, type ProtoMessage } from './protobuf.js';

export interface RpcOptions {
  readonly host: string;
  readonly port: number;
  /** `ClientService`, `MasterService`. */
  readonly service: string;
  readonly user: string;
  readonly connectTimeoutMs: number;
  readonly callTimeoutMs: number;
}

interface Call {
  readonly method: string;
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const simpleAuthentication = 0x50;

export class RpcConnection {
  private readonly calls = new Map<number, Call>();
  private lastId = 0;
  private ended: Error | null = null;
  private socket: FramedSocket | null = null;

  private constructor(private readonly options: RpcOptions) {}

  static async open(options: RpcOptions): Promise<RpcConnection> {
    const connection = new RpcConnection(options);
    const { host, port, connectTimeoutMs } = options;
    try {
      connection.socket = await FramedSocket.open({
        host,
        port,
        connectTimeoutMs,
        onFrame: (frame) => connection.answer(frame),
        onEnd: (error) => connection.end(error),
      });
    } catch (error) {
      throw connection.awayError(error);
    }
    connection.socket.sendRaw(Buffer.from([...Buffer.from('HBas'), 0, simpleAuthentication]));
    connection.socket.send(encodeProto({ 1: { 1: options.user }, 2: options.service }));
    return connection;
  }

  get isOpen(): boolean {
    return this.ended === null;
  }

  async call(method: string, parameter: ProtoMessage): Promise<ProtoFields> {
    return new ProtoFields(await this.callEncoded(method, encodeProto(parameter)));
  }

  /** The same for a parameter that is encoded already; gives the answer as it came. */
  callEncoded(method: string, parameter: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.ended !== null || this.socket === null) {
        reject(this.awayError(this.ended));
        return;
      }
      this.lastId = (this.lastId + 1) % 0x7fff_ffff;
      const id = this.lastId;
      const timer = setTimeout(() => this.late(id), this.options.callTimeoutMs);
      this.calls.set(id, { method, resolve, reject, timer });
      const header = { 1: id, 3: method, 4: true, 7: this.options.callTimeoutMs };
      this.socket.send(encodeDelimited(header), encodeVarint(parameter.length), parameter);
    });
  }

  close(): void {
    this.socket?.close();
    this.end(new Error('it was closed from here'));
  }

  private answer(frame: Buffer): void {
    try {
      const cursor = new ProtoCursor(frame);
      const header = new ProtoFields(cursor.delimited());
      const id = header.number(1) ?? 0;
      const call = this.calls.get(id);
      if (call === undefined) return;
      this.calls.delete(id);
      clearTimeout(call.timer);
      const exception = header.message(2);
      if (exception === null) call.resolve(cursor.isAtEnd ? Buffer.alloc(0) : cursor.delimited());
      else {
        const text = exception.text(2) ?? exception.text(1) ?? 'an exception without a name';
        call.reject(remoteError(call.method, text, { doNotRetry: exception.number(5) === 1 }));
      }
    } catch (error) {
      this.socket?.close();
      this.end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private late(id: number): void {
    if (!this.calls.has(id)) return;
    this.socket?.close();
    this.end(new Error(`no answer within ${this.options.callTimeoutMs} ms`));
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const call of this.calls.values()) {
      clearTimeout(call.timer);
      call.reject(this.awayError(error));
    }
    this.calls.clear();
  }

  private awayError(error: unknown): HBaseError {
    const { host, port } = this.options;
    return new HBaseError(hbaseErrors.away, `The HBase server ${host}:${port} is away: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
