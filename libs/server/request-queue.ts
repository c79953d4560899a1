import type { Broker } from '#broker/broker';
import type { ConnectionInfo, Handler, HandlerContext } from '#broker/handler';
import { unsupportedApiVersions } from '#broker/handlers/18-api-versions';
import type { ListenerConfig } from '#broker/security/listener-config';
import type { SaslSession } from '#broker/security/sasl-session';
import type { Connection } from '#net/connection';
import type { Principal } from '#security/sasl';
import { bufferMemory } from '#std/buffer-memory';
import type { Timer } from '#std/clock';
import { MillraceError } from '#std/errors';
import { apis } from '#wire/kafka/apis';
import { decodeRequestHeader, type RequestHeader } from '#wire/kafka/frame';
import { serverErrors } from './errors.js';

/**
 * The requests of one connection. Answers leave in the order of the requests. One request runs at a time, except that
 * produce requests follow each other at once: each has its append begun before the next is looked at, so the log sees them in
 * order, and one group commit serves many. A request that cannot be read ends the connection after the answers before it.
 */
export class RequestQueue {
  /** Not begun yet. */
  private readonly waiting: Buffer[] = [];
  /** Begun, in order; the first may be sent when it is done. */
  private readonly begun: Begun[] = [];
  private readonly abortion = new AbortController();
  private context: HandlerContext;
  private waitsForPeer = false;
  /** Runs while the client has to wait for having used more than its quota. */
  private muteTimer: Timer | null = null;
  private mutedUntilMs = 0;
  /** An answer that is there at once comes back to `pump` from inside it; the loop goes on instead of a call in a call. */
  private pumping = false;
  private ended = false;
  private whenFinished: (() => void) | null = null;
  /** Requests by the name of their API. */
  private readonly counts: Map<string, number>;
  /** Null on a listener without a login. */
  private readonly sasl: SaslSession | null;

  constructor(
    private readonly connection: Connection,
    private readonly broker: Broker,
    { listener, principal, counts, onLogin }: RequestQueueOptions,
  ) {
    this.counts = counts;
    const info: ConnectionInfo = {
      id: connection.id,
      listener: listener.name,
      listenerHost: connection.localHost,
      listenerPort: connection.localPort,
      clientHost: connection.remoteHost,
    };
    this.sasl = broker.security.sessionOn(listener, (who) => {
      this.context = { ...this.context, ...this.rightsOf(who) };
      onLogin();
    });
    this.context = {
      broker,
      connection: info,
      clientId: null,
      ...this.rightsOf(principal),
      sasl: this.sasl,
      mute: (forMs) => this.mute(forMs),
      signal: this.abortion.signal,
    };
  }

  /** Whether somebody may ask: at once on a listener without a login. */
  get isOpen(): boolean {
    return this.sasl?.isAuthenticated ?? true;
  }

  take(frame: Buffer): void {
    if (this.ended) return;
    this.waiting.push(frame);
    this.pump();
  }

  /** The connection is gone: parked requests are woken, and their answers dropped. */
  abort(): void {
    this.end();
    this.begun.length = 0;
    this.whenFinished?.();
  }

  /** Begins nothing more and wakes what is parked; resolves when the answers of what was begun are handed to the socket. */
  finish(): Promise<void> {
    this.end();
    if (this.begun.length === 0) return Promise.resolve();
    return new Promise((resolve) => (this.whenFinished = resolve));
  }

  private rightsOf(principal: Principal): Pick<HandlerContext, 'principal' | 'may' | 'mayAny'> {
    const access = this.broker.security.accessOf(principal, this.connection.remoteHost);
    return {
      principal,
      may: (operation, type, name) => access.may(operation, type, name),
      mayAny: (operation, type) => access.mayAny(operation, type),
    };
  }

  private mute(forMs: number): void {
    const { clock } = this.broker;
    const untilMs = clock.monotonic() + forMs;
    if (this.ended || untilMs <= this.mutedUntilMs) return;
    this.mutedUntilMs = untilMs;
    this.muteTimer?.cancel();
    this.muteTimer = clock.after(forMs, () => {
      this.muteTimer = null;
      this.pump();
    });
  }

  private end(): void {
    this.muteTimer?.cancel();
    this.ended = true;
    this.waiting.length = 0;
    this.abortion.abort();
  }

  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    for (let frame = this.next(); frame !== null; frame = this.next()) {
      this.waiting.shift();
      this.begin(frame);
    }
    this.pumping = false;
  }

  /** The frame that may begin now, if one may: alone, or a produce request behind nothing but produce requests. */
  private next(): Buffer | null {
    const frame = this.waiting[0];
    if (frame === undefined || this.waitsForPeer || this.muteTimer !== null) return null;
    const before = this.begun[0];
    if (before !== undefined && !(before.isProduce && isProduce(frame))) return null;
    const room = this.connection.writable();
    if (room === null) return frame;
    this.waitsForPeer = true;
    void room.then(() => {
      this.waitsForPeer = false;
      this.pump();
    });
    return null;
  }

  private begin(frame: Buffer): void {
    const request: Begun = { bytes: frame.length, isProduce: isProduce(frame), state: 'running', pieces: null };
    this.begun.push(request);
    try {
      const answer = this.answer(frame);
      if (answer instanceof Promise) {
        answer.then(
          (pieces) => {
            giveBack(request, frame);
            this.done(request, pieces);
          },
          (error: unknown) => this.failed(request, error),
        );
      } else {
        this.done(request, answer);
      }
    } catch (error) {
      this.failed(request, error);
    }
  }

  private answer(frame: Buffer): ReturnType<Handler['respond']> {
    if (this.sasl?.takesRawTokens === true) return this.sasl.raw(frame);
    const header = decodeRequestHeader(frame);
    const handler = this.broker.handler(header.apiKey);
    if (handler === null) {
      throw new MillraceError(serverErrors.unsupported, `API ${header.apiKey} is not served here.`);
    }
    const { api } = handler;
    this.sasl?.admit(api.key);
    this.counts.set(api.name, (this.counts.get(api.name) ?? 0) + 1);
    if (header.apiVersion < api.minVersion || header.apiVersion > api.maxVersion) {
      return unsupportedVersion(header, handler);
    }
    if (this.context.clientId !== header.clientId) this.context = { ...this.context, clientId: header.clientId };
    return handler.respond(this.context, header, frame);
  }

  private done(request: Begun, pieces: Buffer[] | null): void {
    request.state = 'done';
    request.pieces = pieces;
    this.flush();
  }

  private failed(request: Begun, error: unknown): void {
    if (!(error instanceof MillraceError)) {
      const stack = error instanceof Error ? error.stack : String(error);
      this.broker.logger.error('A request failed in a way that nobody foresaw.', { stack });
    }
    request.state = 'failed';
    request.error = error instanceof Error ? error : new Error(String(error));
    this.flush();
  }

  /** Sends what is done at the front of the line, then begins what that made room for. */
  private flush(): void {
    let sent = 0;
    for (const request of this.begun) {
      if (request.state === 'running') break;
      sent += 1;
      if (request.state === 'failed') {
        this.connection.closeAfterWrites(request.error);
        this.abort();
        return;
      }
      if (request.pieces !== null) this.connection.send(request.pieces);
    }
    if (this.sasl?.hasFailed === true) {
      this.connection.closeAfterWrites(new MillraceError(serverErrors.loginFailed, 'Its login failed.'));
      this.abort();
      return;
    }
    // Out of the line before it is settled: that may read on and come back here.
    for (const request of this.begun.splice(0, sent)) this.connection.settle(request.bytes);
    if (this.begun.length === 0) this.whenFinished?.();
    this.pump();
  }
}

export interface RequestQueueOptions {
  readonly listener: ListenerConfig;
  /** Who asks where no login says so. */
  readonly principal: Principal;
  /** Counts requests by the name of their API. */
  readonly counts: Map<string, number>;
  /** At each login. */
  readonly onLogin: () => void;
}

interface Begun {
  readonly bytes: number;
  readonly isProduce: boolean;
  state: 'running' | 'done' | 'failed';
  pieces: Buffer[] | null;
  error?: Error;
}

/** The log has copied what it keeps of a produce request when that is answered; an answer has nothing of the request. */
function giveBack(request: Begun, frame: Buffer): void {
  if (request.isProduce) bufferMemory.giveBack(frame);
}

function isProduce(frame: Buffer): boolean {
  return frame.length >= 2 && frame.readInt16BE(0) === apis.produce.key;
}

/** Of ApiVersions the client learns what is served; of anything else it could not read an answer. */
function unsupportedVersion(header: RequestHeader, { api }: Handler): Buffer[] {
  if (api.key === apis.apiVersions.key) return unsupportedApiVersions(header.correlationId);
  throw new MillraceError(
    serverErrors.unsupported,
    `${api.name} version ${header.apiVersion} is not served; ${api.minVersion} to ${api.maxVersion} are.`,
  );
}
