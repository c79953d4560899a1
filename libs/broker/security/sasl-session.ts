import type { Principal, SaslExchange, SaslMechanism, SaslStep } from '#security/sasl';
import { noBytes } from '#security/sasl';
import { securityErrors } from '#security/errors';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError, type ErrorKind } from '#std/errors';
import type { Logger } from '#std/log';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';

export const sessionErrors = {
  illegalState: { code: 'broker.session.illegal_state', retriable: false, kafka: 34 },
  expired: { code: 'broker.session.expired', retriable: false, kafka: 58 },
} satisfies Record<string, ErrorKind>;

export interface SaslSessionOptions {
  readonly mechanisms: ReadonlyMap<string, SaslMechanism>;
  /** How long a login by a mechanism is good, ms; 0 = for ever. */
  readonly reauthMsOf: (mechanism: string) => number;
  /** A failed login is answered this much later, ms. */
  readonly failureDelayMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** At the first login and at each one after it. */
  readonly onLogin: (principal: Principal) => void;
}

/** `raw`: after a handshake of version 0, when tokens come without any header. */
type State = 'handshake' | 'tokens' | 'raw' | 'authenticated' | 'failed';

/** A client may log in again this often; more often it is told ILLEGAL_SASL_STATE. As Kafka. */
const reauthIntervalMsMin = 1_000;

/**
 * The login of one connection (KIP-43, KIP-152, KIP-368): handshake, tokens, authenticated, and so on when the login ends. What may be
 * asked in which state is as in Kafka's SaslServerAuthenticator. After `hasFailed` the answer is sent and the connection closed.
 */
export class SaslSession {
  private state: State = 'handshake';
  private mechanism: SaslMechanism | null = null;
  private exchange: SaslExchange | null = null;
  private principal: Principal | null = null;
  /** By the monotonic clock; null while a login does not end. */
  private expiresAtMs: number | null = null;
  private startedAtMs = -Infinity;
  /** The mechanism of the login before, and what is wrong with a second one by another. */
  private previousMechanism: string | null = null;
  private mechanismProblem: string | null = null;

  constructor(private readonly options: SaslSessionOptions) {}

  get hasFailed(): boolean {
    return this.state === 'failed';
  }

  /** Whether frames are tokens now, not requests. */
  get takesRawTokens(): boolean {
    return this.state === 'raw';
  }

  get isAuthenticated(): boolean {
    return this.principal !== null;
  }

  /** Whether a request may be looked at now. Throws where the connection is to be closed instead. */
  admit(apiKey: number): void {
    if (this.state === 'authenticated') {
      if (this.expiresAtMs === null || apiKey === apis.saslHandshake.key) return;
      if (this.options.clock.monotonic() < this.expiresAtMs) return;
      throw new MillraceError(sessionErrors.expired, 'The login has ended and the client did not log in again.');
    }
    if (apiKey === apis.saslHandshake.key || apiKey === apis.saslAuthenticate.key) return;
    if (this.state === 'handshake' && apiKey === apis.apiVersions.key) return;
    throw new MillraceError(
      sessionErrors.illegalState,
      `Unexpected Kafka request of API ${apiKey} during SASL ${this.state === 'handshake' ? 'handshake' : 'authentication'}.`,
    );
  }

  async handshake(version: number, name: string): Promise<HandshakeAnswer> {
    if (this.state === 'authenticated' && !this.mayReauthenticate()) return illegal;
    if (this.state !== 'handshake' && this.state !== 'authenticated') {
      this.state = 'failed';
      return illegal;
    }
    const mechanisms = [...this.options.mechanisms.keys()];
    const mechanism = this.options.mechanisms.get(name);
    if (mechanism === undefined) {
      this.state = 'failed';
      await this.options.clock.sleep(this.options.failureDelayMs);
      return { errorCode: kafkaError.UNSUPPORTED_SASL_MECHANISM, mechanisms };
    }
    const previous = this.previousMechanism;
    if (previous !== null && previous !== name) {
      this.mechanismProblem = `SASL mechanism '${name}' requested by client is not supported for re-authentication of mechanism '${previous}'`;
    }
    this.startedAtMs = this.options.clock.monotonic();
    this.mechanism = mechanism;
    this.exchange = mechanism.begin();
    this.state = version === 0 ? 'raw' : 'tokens';
    return { errorCode: kafkaError.NONE, mechanisms };
  }

  async authenticate(token: Buffer): Promise<SaslAnswer> {
    if (this.state === 'authenticated') {
      return refused(
        kafkaError.ILLEGAL_SASL_STATE,
        'SaslAuthenticate request received after successful authentication',
      );
    }
    if (this.state !== 'tokens') {
      this.state = 'failed';
      return refused(kafkaError.ILLEGAL_SASL_STATE, 'SaslAuthenticate request received before SaslHandshake');
    }
    try {
      const step = await this.step(token);
      const sessionLifetimeMs = step.kind === 'done' ? this.login(step) : 0;
      return { errorCode: kafkaError.NONE, errorMessage: '', authBytes: step.bytes, sessionLifetimeMs };
    } catch (error) {
      return refused(kafkaError.SASL_AUTHENTICATION_FAILED, await this.fail(error));
    }
  }

  /** A token without a header; the answer is one, with its size before it. Rejects where the login failed. */
  async raw(token: Buffer): Promise<Buffer[]> {
    try {
      const step = await this.step(token);
      if (step.kind === 'done') this.login(step);
      const size = Buffer.alloc(4);
      size.writeInt32BE(step.bytes.length);
      return [size, step.bytes];
    } catch (error) {
      throw new MillraceError(securityErrors.loginFailed, await this.fail(error), { cause: error });
    }
  }

  private mayReauthenticate(): boolean {
    if (this.expiresAtMs === null) return false;
    return this.options.clock.monotonic() - this.startedAtMs >= reauthIntervalMsMin;
  }

  private async step(token: Buffer): Promise<SaslStep> {
    if (this.mechanismProblem !== null) throw new MillraceError(securityErrors.loginFailed, this.mechanismProblem);
    if (this.exchange === null) throw new MillraceError(securityErrors.loginFailed, 'No login has begun.');
    const step = await this.exchange.respond(token);
    const before = this.principal;
    if (step.kind === 'done' && before !== null && before.name !== step.name) {
      throw new MillraceError(
        securityErrors.loginFailed,
        `Cannot change principals during re-authentication from ${before.type}.${before.name}: User.${step.name}`,
      );
    }
    return step;
  }

  /** Gives how long the login is good, ms; 0 = it does not end. */
  private login(step: SaslStep & { kind: 'done' }): number {
    const { clock, reauthMsOf, onLogin } = this.options;
    const mechanism = this.mechanism?.name ?? '';
    const reauthMs = reauthMsOf(mechanism);
    const ends = [reauthMs > 0 ? reauthMs : Infinity];
    if (step.expiresAtMs !== null) ends.push(step.expiresAtMs - clock.now());
    const lifetimeMs = Math.max(0, Math.min(...ends));
    this.expiresAtMs = lifetimeMs === Infinity ? null : clock.monotonic() + lifetimeMs;
    this.state = 'authenticated';
    this.previousMechanism = mechanism;
    this.exchange = null;
    this.principal = { type: 'User', name: step.name };
    onLogin(this.principal);
    return lifetimeMs === Infinity ? 0 : lifetimeMs;
  }

  /** Waits before it is told, so that guessing is slow. Gives what the client is told. */
  private async fail(error: unknown): Promise<string> {
    const { clock, logger, failureDelayMs } = this.options;
    const mechanism = this.mechanism?.name ?? '';
    this.state = 'failed';
    this.exchange = null;
    const isTold = error instanceof MillraceError && error.kind === securityErrors.loginFailed;
    if (!isTold) logger.error('A login could not be checked.', { mechanism, reason: messageOf(error) });
    await clock.sleep(failureDelayMs);
    return isTold ? error.message : `Authentication failed during authentication with SASL mechanism ${mechanism}`;
  }
}

export interface SaslAnswer {
  readonly errorCode: number;
  readonly errorMessage: string;
  readonly authBytes: Buffer;
  readonly sessionLifetimeMs: number;
}

export interface HandshakeAnswer {
  readonly errorCode: number;
  readonly mechanisms: readonly string[];
}

const illegal: HandshakeAnswer = { errorCode: kafkaError.ILLEGAL_SASL_STATE, mechanisms: [] };

function refused(errorCode: number, errorMessage: string): SaslAnswer {
  return { errorCode, errorMessage, authBytes: noBytes, sessionLifetimeMs: 0 };
}
