import type { Clock } from '#std/clock';
import { MillraceError, messageOf } from '#std/errors';
import { checkClaims, isSigned, keyIdOf, parseJwt, type Jwt, type JwtExpectations, type JwtSubject } from './jwt.js';
import type { KeySet } from './key-set.js';
import { loginFailed, noBytes, type SaslExchange, type SaslMechanism, type SaslStep } from './sasl.js';

export interface OauthBearerOptions {
  /** Null takes tokens without a signature, as Kafka's own default does: for trials only. */
  readonly keys: KeySet | null;
  readonly expectations: JwtExpectations;
  readonly clock: Clock;
  /** Told why a token was refused; the client only hears that it was. */
  readonly onRefused: (reason: string) => void;
}

/** SASL OAUTHBEARER (RFC 7628): the token is a JWT. */
export class OauthBearerMechanism implements SaslMechanism {
  readonly name = 'OAUTHBEARER';

  constructor(private readonly options: OauthBearerOptions) {}

  begin(): SaslExchange {
    return new OauthBearerExchange(this.options);
  }
}

const refusal = '{"status":"invalid_token"}';

class OauthBearerExchange implements SaslExchange {
  private refused = false;

  constructor(private readonly options: OauthBearerOptions) {}

  async respond(token: Buffer): Promise<SaslStep> {
    // RFC 7628 section 3.2.3: a refusal is told as a challenge, the client says one byte to it, and only then it has failed.
    if (this.refused) throw loginFailed(refusal);
    const message = readFirst(token.toString('utf8'));
    try {
      const { name, expiresAtMs } = await this.check(parseJwt(message.token));
      if (message.authorizationId !== '' && message.authorizationId !== name) {
        throw loginFailed('The authorization id is not the subject of the token.');
      }
      return { kind: 'done', bytes: noBytes, name, expiresAtMs };
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.options.onRefused(messageOf(error));
      this.refused = true;
      return { kind: 'challenge', bytes: Buffer.from(refusal) };
    }
  }

  private async check(jwt: Jwt): Promise<JwtSubject> {
    const { keys, expectations, clock } = this.options;
    if (keys === null) {
      if (jwt.header['alg'] !== 'none' || jwt.signature.length > 0) throw loginFailed('The token must be unsecured.');
    } else if (!isSigned(jwt, await keys.for(keyIdOf(jwt)))) {
      throw loginFailed('No known key has signed the token.');
    }
    return checkClaims(jwt.claims, expectations, clock.now());
  }
}

/** `n,a=authzid,^Aauth=Bearer token^Aname=value^A^A` with ^A for byte 1. */
function readFirst(message: string): { authorizationId: string; token: string } {
  // oxlint-disable-next-line no-control-regex
  const match = /^n,(?:a=([^,]*))?,\u0001((?:[A-Za-z]+=[^\u0001]*\u0001)+)\u0001$/.exec(message);
  if (match === null) throw loginFailed('Invalid OAUTHBEARER client first message');
  const [, authorizationId = '', pairs = ''] = match;
  const auth = pairs.split('\u0001').find((pair) => pair.startsWith('auth='));
  const bearer = /^auth=bearer +([A-Za-z0-9\-._~+/=]+)$/i.exec(auth ?? '');
  if (bearer?.[1] === undefined) throw loginFailed('Invalid OAUTHBEARER client first message');
  return { authorizationId: authorizationId.replaceAll('=2C', ',').replaceAll('=3D', '='), token: bearer[1] };
}
