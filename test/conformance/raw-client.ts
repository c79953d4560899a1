import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decodeResponse, encodeRequest } from '#wire/kafka/frame';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';

const answerMsMax = 20_000;

/** One connection that speaks the protocol frame by frame and adds nothing: no retry, no negotiation. */
export class RawClient {
  private received = Buffer.alloc(0);
  private readonly frames: Buffer[] = [];
  private readonly waiting: ((frame: Buffer | null) => void)[] = [];
  private correlation = 0;
  private closed = false;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      for (const resolve of this.waiting.splice(0)) resolve(null);
    });
  }

  static async connect(address: string): Promise<RawClient> {
    const at = address.lastIndexOf(':');
    const socket = connect(Number(address.slice(at + 1)), address.slice(0, at));
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Sends one request and gives its answer's body. */
  async call<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Input<Request>,
  ): Promise<Decoded<Response>> {
    return this.send(api, version, body)();
  }

  /** Sends one request; the function given waits for the next answer on this connection and takes it for this request's. */
  send<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Input<Request>,
    clientId: string | null = 'conformance',
  ): () => Promise<Decoded<Response>> {
    const correlationId = (this.correlation += 1);
    this.sendBytes(Buffer.concat(encodeRequest(api, version, { correlationId, clientId }, body)));
    return async () => {
      const frame = await this.nextFrame();
      if (frame === null) throw new Error(`the connection was closed instead of answering ${api.name} v${version}`);
      const answer = decodeResponse(api, version, frame);
      if (answer.correlationId !== correlationId) {
        throw new Error(`answer ${answer.correlationId} came where ${correlationId} was due`);
      }
      return answer.body;
    };
  }

  sendBytes(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next frame without its size; null when the other side closes first. */
  nextFrame(): Promise<Buffer | null> {
    const frame = this.frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    if (this.closed) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer within ${answerMsMax} ms`)), answerMsMax);
      this.waiting.push((next) => {
        clearTimeout(timer);
        resolve(next);
      });
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    while (this.received.length >= 4 && this.received.length >= 4 + this.received.readInt32BE(0)) {
      const end = 4 + this.received.readInt32BE(0);
      const frame = this.received.subarray(4, end);
      this.received = this.received.subarray(end);
      const resolve = this.waiting.shift();
      if (resolve === undefined) this.frames.push(frame);
      else resolve(frame);
    }
  }
}
