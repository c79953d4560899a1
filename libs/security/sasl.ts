import { MillraceError } from '#std/errors';
import { securityErrors } from './errors.js';

/** Who somebody is, as ACLs name them: `User:alice`. */
export interface Principal {
  /** `User` for everybody that Kafka knows today. */
  readonly type: string;
  readonly name: string;
}

/** What the server says to a token of the client. */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Buffer }
  | {
      readonly kind: 'done';
      /** Last words to the client; may be empty. */
      readonly bytes: Buffer;
      readonly name: string;
      /** When the credential itself ends, ms since the epoch; null where it does not. */
      readonly expiresAtMs: number | null;
    };

/** One login by one mechanism. Throws `security.login.failed` where it fails; nothing may be asked of it after that. */
export interface SaslExchange {
  respond(token: Buffer): SaslStep | Promise<SaslStep>;
}

/** Begins logins. One for each mechanism of a listener. */
export interface SaslMechanism {
  readonly name: string;
  begin(): SaslExchange;
}

export function loginFailed(message: string): MillraceError {
  return new MillraceError(securityErrors.loginFailed, message);
}

export const noBytes = Buffer.alloc(0);
