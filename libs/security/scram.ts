/**
 * SCRAM as a server speaks it (RFC 5802, RFC 7677), without channel binding. What is kept of a password is a verifier, from
 * which neither the password nor a login can be made.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { loginFailed, type SaslExchange, type SaslMechanism, type SaslStep } from './sasl.js';

export type ScramName = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** What is kept of a password. */
export interface ScramCredential {
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  readonly iterations: number;
}

/** Fewer rounds are refused: RFC 7677 asks for 4096. More than the second only keep clients busy; Kafka's limits both. */
export const scramIterations = { min: 4096, max: 16_384, default: 4096 } as const;

const hashes: Readonly<Record<ScramName, { name: string; bytes: number }>> = {
  'SCRAM-SHA-256': { name: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { name: 'sha512', bytes: 64 },
};

export const scramNames: readonly ScramName[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

export function isScramName(name: string): name is ScramName {
  return name in hashes;
}

/** The verifier of a password. Blocks for the time of `iterations` hashes (4096: about 3 ms). */
export function scramCredential(
  mechanism: ScramName,
  password: string,
  { salt = randomBytes(24), iterations = scramIterations.default as number } = {},
): ScramCredential {
  const { name, bytes } = hashes[mechanism];
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, bytes, name);
  return scramCredentialOfSalted(mechanism, salted, { salt, iterations });
}

/** The verifier of a password that the client has already salted and hashed. */
export function scramCredentialOfSalted(
  mechanism: ScramName,
  saltedPassword: Buffer,
  { salt, iterations }: { salt: Buffer; iterations: number },
): ScramCredential {
  const { name } = hashes[mechanism];
  const clientKey = createHmac(name, saltedPassword).update('Client Key').digest();
  const storedKey = createHash(name).update(clientKey).digest();
  const serverKey = createHmac(name, saltedPassword).update('Server Key').digest();
  return { salt, storedKey, serverKey, iterations };
}

/** Where verifiers are found. */
export interface ScramVerifiers {
  find(mechanism: ScramName, user: string): ScramCredential | null;
  /** For a user that is not there: a verifier that nobody can log in with, the same each time, so that it does not show. */
  decoy(mechanism: ScramName, user: string): ScramCredential;
}

/** A verifier that looks like one of a user: all of it follows from `seed` and the name. */
export function scramDecoy(mechanism: ScramName, user: string, seed: Buffer, iterations: number): ScramCredential {
  const { name } = hashes[mechanism];
  const part = (what: string): Buffer => createHmac(name, seed).update(`${what} ${mechanism} ${user}`).digest();
  return { salt: part('salt').subarray(0, 24), storedKey: part('stored'), serverKey: part('server'), iterations };
}

export class ScramMechanism implements SaslMechanism {
  constructor(
    readonly name: ScramName,
    private readonly verifiers: ScramVerifiers,
  ) {}

  begin(): SaslExchange {
    return new ScramExchange(this.name, this.verifiers);
  }
}

interface FirstMessage {
  readonly header: string;
  readonly bare: string;
  readonly user: string;
  readonly nonce: string;
}

class ScramExchange implements SaslExchange {
  private first: FirstMessage | null = null;
  private serverFirst = '';
  private nonce = '';
  private credential: ScramCredential | null = null;
  private exists = false;

  constructor(
    private readonly mechanism: ScramName,
    private readonly verifiers: ScramVerifiers,
  ) {}

  respond(token: Buffer): SaslStep {
    return this.first === null ? this.begin(token.toString('utf8')) : this.finish(this.first, token.toString('utf8'));
  }

  private begin(message: string): SaslStep {
    const first = readFirst(message);
    if (first === null) throw loginFailed('Invalid SASL/SCRAM first message.');
    const found = this.verifiers.find(this.mechanism, first.user);
    const decoy = this.verifiers.decoy(this.mechanism, first.user);
    this.first = first;
    this.exists = found !== null;
    this.credential = found ?? decoy;
    this.nonce = first.nonce + randomBytes(18).toString('base64url');
    const { salt, iterations } = this.credential;
    this.serverFirst = `r=${this.nonce},s=${salt.toString('base64')},i=${iterations}`;
    return { kind: 'challenge', bytes: Buffer.from(this.serverFirst) };
  }

  private finish(first: FirstMessage, message: string): SaslStep {
    const credential = this.credential;
    const final = /^c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,.*)?,p=([A-Za-z0-9+/=]+)$/.exec(message);
    if (final === null || credential === null) throw loginFailed('Invalid SASL/SCRAM final message.');
    const [, binding = '', nonce = '', proofText = ''] = final;
    // librdkafka before 2.6.1 puts its own nonce in front once more. It signs that, so nothing is lost by taking it.
    const isNonceOurs = nonce === this.nonce || nonce === first.nonce + this.nonce;
    if (!isNonceOurs || Buffer.from(binding, 'base64').toString('utf8') !== first.header) {
      throw loginFailed('Invalid SASL/SCRAM final message: the nonce or the header is not that of the first.');
    }
    const { name } = hashes[this.mechanism];
    const signed = `${first.bare},${this.serverFirst},${message.slice(0, message.lastIndexOf(',p='))}`;
    const signature = createHmac(name, credential.storedKey).update(signed).digest();
    const clientKey = xor(Buffer.from(proofText, 'base64'), signature);
    const isSame = timingSafeEqual(createHash(name).update(clientKey).digest(), credential.storedKey);
    if (!isSame || !this.exists) {
      throw loginFailed(
        `Authentication failed during authentication due to invalid credentials with SASL mechanism ${this.mechanism}`,
      );
    }
    const answer = createHmac(name, credential.serverKey).update(signed).digest('base64');
    return { kind: 'done', bytes: Buffer.from(`v=${answer}`), name: first.user, expiresAtMs: null };
  }
}

/** `n,a=authzid,n=user,r=nonce,extensions`; null where it is something else, or asks to act as somebody else. */
function readFirst(message: string): FirstMessage | null {
  const match = /^([ny],(?:a=([^,]*))?,)(n=([^,]+),r=([^,]+)(?:,.*)?)$/.exec(message);
  if (match === null) return null;
  const [, header = '', authorizationId = '', bare = '', name = '', nonce = ''] = match;
  const user = name.replaceAll('=2C', ',').replaceAll('=3D', '=');
  if (authorizationId !== '' && authorizationId !== name) return null;
  return { header, bare, user, nonce };
}

/** As long as `mask`, whatever the client sent, so that a short proof is as wrong as any other. */
function xor(bytes: Buffer, mask: Buffer): Buffer {
  const result = Buffer.alloc(mask.length);
  for (const [at, byte] of mask.entries()) result[at] = byte ^ (bytes[at] ?? 0);
  return result;
}
