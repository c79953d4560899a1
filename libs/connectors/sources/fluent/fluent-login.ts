import { createHash } from 'node:crypto';
import { sameSecret } from '#security/constant-time';

export interface FluentLoginOptions {
  /** Known to both sides. */
  readonly sharedKey: string;
  /** Null where a peer needs no name. */
  readonly user: { readonly name: string; readonly password: string } | null;
  /** What this side calls itself. */
  readonly hostname: string;
  /** Fresh for each connection. */
  readonly nonce: string;
  readonly salt: string;
}

export type LoginResult = { readonly pong: unknown; readonly refusal: string | null };

/** The handshake of the Forward protocol: HELO by this side, PING by the peer, PONG by this side. */
export class FluentLogin {
  constructor(private readonly options: FluentLoginOptions) {}

  get helo(): unknown {
    const { nonce, salt, user } = this.options;
    return ['HELO', { nonce, auth: user === null ? '' : salt, keepalive: true }];
  }

  /** Answers the peer's first message. */
  answer(message: unknown): LoginResult {
    const { sharedKey, hostname, nonce, salt, user } = this.options;
    if (!Array.isArray(message) || message[0] !== 'PING' || message.length < 6) {
      return { pong: this.no('a PING is expected'), refusal: 'it did not begin with a PING' };
    }
    const [, peer, keySalt, digest, name, password] = message.map(textOf);
    const isKnown = sameSecret(digest ?? '', sha512(keySalt ?? '', peer ?? '', nonce, sharedKey));
    if (!isKnown) return { pong: this.no('shared_key mismatch'), refusal: 'its shared key is another' };
    const isUser =
      user === null || (name === user.name && sameSecret(password ?? '', sha512(salt, user.name, user.password)));
    if (!isUser) return { pong: this.no('username/password mismatch'), refusal: 'its user or password is wrong' };
    return { pong: ['PONG', true, '', hostname, sha512(keySalt ?? '', hostname, nonce, sharedKey)], refusal: null };
  }

  private no(reason: string): unknown {
    return ['PONG', false, reason, '', ''];
  }
}

/** Text or bytes, in hexadecimal. */
export function sha512(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Peers write salts as text or as bytes; one character a byte keeps both. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : '';
}
