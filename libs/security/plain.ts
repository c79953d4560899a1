import { sameSecret } from './constant-time.js';
import { loginFailed, noBytes, type SaslExchange, type SaslMechanism, type SaslStep } from './sasl.js';

/** Stands in for the password of a user that is not there, so that both cases cost the same. */
const nobodysPassword = 'nobody has this password';

/** SASL PLAIN (RFC 4616): name and password in one token. Only fit for TLS, or for loopback. */
export class PlainMechanism implements SaslMechanism {
  readonly name = 'PLAIN';

  /** @param users passwords by user name. */
  constructor(private readonly users: ReadonlyMap<string, string>) {}

  begin(): SaslExchange {
    return { respond: (token) => this.respond(token) };
  }

  private respond(token: Buffer): SaslStep {
    const parts = token.toString('utf8').split('\0');
    const [authorizationId, name, password] = parts;
    if (parts.length !== 3 || authorizationId === undefined || name === undefined || password === undefined) {
      throw loginFailed(`Invalid SASL/PLAIN response: expected 3 tokens, got ${parts.length}`);
    }
    if (name === '') throw loginFailed('Authentication failed: username not specified');
    if (password === '') throw loginFailed('Authentication failed: password not specified');
    const expected = this.users.get(name);
    const isSame = sameSecret(password, expected ?? nobodysPassword);
    if (!isSame || expected === undefined) throw loginFailed('Authentication failed: Invalid username or password');
    if (authorizationId !== '' && authorizationId !== name) {
      throw loginFailed('Authentication failed: Client requested an authorization id that is different from username');
    }
    return { kind: 'done', bytes: noBytes, name, expiresAtMs: null };
  }
}
