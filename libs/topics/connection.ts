/**
 * One TCP connection to one node: frames out, answers matched to requests in order. A connection is good until its first
 * failure; then everything under way is rejected and somebody opens a new one.
 */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '#std/clock';
import { systemCode } from '#std/errors';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeResponse, encodeRequest } from '#wire/kafka/frame';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import type { ClientSecurity } from '#topics/client-security';
import { FrameReader } from '#topics/frame-reader';
import { asTopicsError, TopicsError, topicsErrors } from '#topics/errors';
import { logIn } from '#topics/login';
import { openSocket, readyEvent, tlsError } from '#topics/socket';

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly security: ClientSecurity;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

export interface SendOptions {
  /** How long the answer may take, ms; default the connection's. */
  readonly timeoutMs?: number;
  /** Highest version to use although both sides know a newer one. */
  readonly versionMax?: number;
}

interface Waiting {
  readonly correlationId: number;
  readonly apiName: string;
  readonly timer: Timer;
  take(frame: Buffer): void;
  reject(error: TopicsError): void;
}

/** A login that ends is renewed after this share of its time; Kafka's clients do it at 85 to 95 % of it. */
const renewalShare = 0.8;

interface HeldRequest {
  send(): void;
  reject(error: TopicsError): void;
}

const clientSoftware = { name: 'millrace', version: '0' };

export class Connection {
  readonly address: string;
  private readonly socket: Socket;
  private readonly frames = new FrameReader((frame) => this.receive(frame));
  private readonly waiting: Waiting[] = [];
  private versions: ReadonlyMap<number, { readonly min: number; readonly max: number }> | null = null;
  private features: ReadonlyMap<string, number> = new Map();
  private correlationId = 0;
  private failure: TopicsError | null = null;
  /** Requests that wait until a new login is done, in their order; null where none is due. */
  private held: HeldRequest[] | null = null;
  private renewing = false;
  private renewal: Timer | null = null;

  private constructor(private readonly options: ConnectionOptions) {
    this.address = `${options.host}:${options.port}`;
    this.socket = openSocket(options.host, options.port, options.security.tls);
    this.socket.on('data', (chunk: Buffer) => this.read(chunk));
    this.socket.on('error', (error) => this.fail(this.lost(error)));
    this.socket.on('close', () => this.fail(this.lost(null)));
  }

  /**
   * Connects, asks for versions and logs in. Rejects with `topics.cluster.unreachable`, which names the address and the reason; with
   * `topics.tls.failed` or `topics.login.failed`, which are not retriable, where settings have to be corrected.
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    try {
      await connection.handshake();
      await connection.authenticate();
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.failure === null;
  }

  /** The version that both sides speak best; throws `topics.version.unsupported` where there is none. */
  versionOf(api: Pick<Api, 'key' | 'name' | 'minVersion' | 'maxVersion'>, versionMax = Infinity): number {
    const theirs = this.versions?.get(api.key);
    const version = Math.min(api.maxVersion, theirs?.max ?? -1, versionMax);
    if (theirs !== undefined && version >= api.minVersion && version >= theirs.min) return version;
    const offered = theirs === undefined ? 'not at all' : `in versions ${theirs.min} to ${theirs.max}`;
    throw new TopicsError(
      topicsErrors.unsupported,
      `${this.address} serves ${api.name} ${offered}; this client needs ${api.minVersion} to ${api.maxVersion}. ` +
        `Use a topic service or a Kafka of version 2.4 or newer.`,
    );
  }

  /** The level of a feature that is in force in the cluster (KIP-584); 0 where it is off or not known. */
  featureLevel(name: string): number {
    return this.features.get(name) ?? 0;
  }

  /** Sends and resolves with the answer. Rejects with a retriable TopicsError when the connection or its time ends. */
  send<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    body: Input<Request>,
    options: SendOptions = {},
  ): Promise<Decoded<Response>> {
    const version = this.versionOf(api, options.versionMax);
    const { held } = this;
    if (held === null || this.failure !== null) return this.sendVersion(api, version, body, options.timeoutMs);
    return new Promise((resolve, reject) => {
      const send = (): void => void this.sendVersion(api, version, body, options.timeoutMs).then(resolve, reject);
      held.push({ send, reject });
    });
  }

  /** Sends what is never answered (produce with acks 0); resolves when the bytes went to the socket. */
  sendUnanswered<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    body: Input<Request>,
    options: SendOptions = {},
  ): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const version = this.versionOf(api, options.versionMax);
    return new Promise((resolve, reject) => {
      const send = (): void =>
        this.write(this.encode(api, version, body), (error) => (error === null ? resolve() : reject(this.lost(error))));
      if (this.held === null) send();
      else this.held.push({ send, reject });
    });
  }

  close(reason?: TopicsError): void {
    this.fail(reason ?? new TopicsError(topicsErrors.closed, `The connection to ${this.address} was closed.`));
  }

  private sendVersion<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Input<Request>,
    timeoutMs = this.options.requestTimeoutMs,
  ): Promise<Decoded<Response>> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const pieces = this.encode(api, version, body);
    return new Promise((resolve, reject) => {
      this.waiting.push({
        correlationId: this.correlationId,
        apiName: api.name,
        timer: this.options.clock.after(timeoutMs, () => this.fail(this.tooSlow(api.name, timeoutMs))),
        take: (frame) => resolve(decodeResponse(api, version, frame).body),
        reject,
      });
      this.write(pieces, null);
    });
  }

  private encode<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    body: Input<Request>,
  ): readonly Buffer[] {
    this.correlationId = (this.correlationId + 1) & 0x7fffffff;
    return encodeRequest(api, version, { correlationId: this.correlationId, clientId: this.options.clientId }, body);
  }

  private write(pieces: readonly Buffer[], done: ((error: Error | null) => void) | null): void {
    const last = pieces.length - 1;
    if (last > 0) this.socket.cork();
    for (const [index, piece] of pieces.entries()) {
      if (index === last && done !== null) this.socket.write(piece, (error) => done(error ?? null));
      else this.socket.write(piece);
    }
    if (last > 0) this.socket.uncork();
  }

  private read(chunk: Buffer): void {
    try {
      this.frames.push(chunk);
    } catch (error) {
      this.fail(
        new TopicsError(topicsErrors.malformed, `${this.address} sent what is not an answer.`, { cause: error }),
      );
    }
  }

  private receive(frame: Buffer): void {
    const next = this.waiting[0];
    if (this.failure !== null) return;
    if (next === undefined || frame.length < 4 || frame.readInt32BE(0) !== next.correlationId) {
      throw new Error(`an answer to ${next === undefined ? 'nothing' : next.apiName} with another correlation id`);
    }
    next.take(frame);
    this.waiting.shift();
    next.timer.cancel();
    this.renewWhenIdle();
  }

  private fail(reason: TopicsError): void {
    if (this.failure !== null) return;
    this.failure = reason;
    this.renewal?.cancel();
    this.socket.destroy();
    for (const waiting of this.waiting.splice(0)) {
      waiting.timer.cancel();
      waiting.reject(reason);
    }
    for (const request of this.held?.splice(0) ?? []) request.reject(reason);
  }

  private async authenticate(): Promise<void> {
    const { security, clock, connectTimeoutMs } = this.options;
    if (security.login === null) return;
    const lifetimeMs = await logIn(this.address, security.login, (api, body) =>
      this.sendVersion(api, this.versionOf(api), body, connectTimeoutMs),
    );
    if (lifetimeMs <= 0 || this.failure !== null) return;
    this.renewal = clock.after(lifetimeMs * renewalShare, () => {
      this.held = [];
      this.renewWhenIdle();
    });
  }

  /** Nodes take nothing else during a login, so it begins when all requests are answered. */
  private renewWhenIdle(): void {
    if (this.held === null || this.renewing || this.waiting.length > 0 || this.failure !== null) return;
    this.renewing = true;
    this.authenticate().then(
      () => {
        const held = this.held ?? [];
        this.held = null;
        this.renewing = false;
        for (const request of held) request.send();
      },
      (error: unknown) => this.fail(asTopicsError(error, `${this.address} did not take a new login.`)),
    );
  }

  private async handshake(): Promise<void> {
    await this.connected();
    // The newest version first; a node that does not know it answers in version 0's layout with what it has.
    let answer = await this.askVersions(apis.apiVersions.maxVersion);
    if (answer.errorCode === kafkaError.UNSUPPORTED_VERSION) {
      const best = answer.apiKeys.find((entry) => entry.apiKey === apis.apiVersions.key);
      answer = await this.askVersions(Math.min(apis.apiVersions.maxVersion, best?.maxVersion ?? 0));
    }
    if (answer.errorCode !== kafkaError.NONE) {
      throw new TopicsError(topicsErrors.unsupported, `${this.address} refused to tell its versions.`, {
        kafkaCode: answer.errorCode,
      });
    }
    this.versions = new Map(
      answer.apiKeys.map((entry) => [entry.apiKey, { min: entry.minVersion, max: entry.maxVersion }]),
    );
    this.features = new Map(answer.finalizedFeatures.map((feature) => [feature.name, feature.maxVersionLevel]));
  }

  private askVersions(version: number) {
    return new Promise<Decoded<typeof apis.apiVersions.response.fields>>((resolve, reject) => {
      const timeoutMs = this.options.connectTimeoutMs;
      const body = { clientSoftwareName: clientSoftware.name, clientSoftwareVersion: clientSoftware.version };
      const pieces = this.encode(apis.apiVersions, version, body);
      this.waiting.push({
        correlationId: this.correlationId,
        apiName: apis.apiVersions.name,
        timer: this.options.clock.after(timeoutMs, () => this.fail(this.tooSlow(apis.apiVersions.name, timeoutMs))),
        take: (frame) => resolve(readVersions(version, frame)),
        reject,
      });
      this.write(pieces, null);
    });
  }

  private connected(): Promise<void> {
    const { connectTimeoutMs, clock } = this.options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(connectTimeoutMs, () => {
        reject(this.unreachable(`no connection within ${connectTimeoutMs} ms`));
      });
      this.socket.once(readyEvent(this.options.security.tls), () => {
        timer.cancel();
        resolve();
      });
      this.socket.once('error', (error) => {
        timer.cancel();
        reject(tlsError(this.address, error) ?? this.unreachable(systemCode(error) ?? error.message, error));
      });
      this.socket.once('close', () => {
        timer.cancel();
        reject(this.failure ?? this.unreachable('the connection was closed at once'));
      });
    });
  }

  private unreachable(reason: string, cause?: unknown): TopicsError {
    const advice = this.options.security.tls === null ? '' : ', or security.protocol where that listener has no TLS';
    return new TopicsError(
      topicsErrors.unreachable,
      `Cannot reach topics at ${this.address} (${reason}). Start the topic service there, or correct the bootstrap address${advice}.`,
      { cause },
    );
  }

  private lost(error: Error | null): TopicsError {
    const refused = error === null ? null : tlsError(this.address, error);
    if (refused !== null) return refused;
    const reason = error === null ? 'closed by the other side' : (systemCode(error) ?? error.message);
    return new TopicsError(topicsErrors.disconnected, `The connection to ${this.address} ended: ${reason}.`, {
      cause: error ?? undefined,
    });
  }

  private tooSlow(apiName: string, timeoutMs: number): TopicsError {
    return new TopicsError(
      topicsErrors.timeout,
      `${this.address} did not answer ${apiName} within ${timeoutMs} ms; the connection was closed.`,
    );
  }
}

/** An answer to a version that the node does not know comes in version 0's layout. */
function readVersions(version: number, frame: Buffer): Decoded<typeof apis.apiVersions.response.fields> {
  const errorCodeAt = 4;
  const isFallback = frame.length >= 6 && frame.readInt16BE(errorCodeAt) === kafkaError.UNSUPPORTED_VERSION;
  return decodeResponse(apis.apiVersions, isFallback ? 0 : version, frame).body;
}
