/** SASL as a client speaks it: PLAIN (RFC 4616) and SCRAM (RFC 5802, RFC 7677) without channel binding. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { loginFailed } from './sasl.js';
import { scramIterations, type ScramName } from './scram.js';

export type SaslClientMechanism = 'PLAIN' | ScramName;

export const saslClientMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

export interface SaslLogin {
  readonly mechanism: SaslClientMechanism;
  readonly user: string;
  readonly password: string;
}

/** One login. Throws `security.login.failed` where the server's words do not fit; no sentence has a secret in it. */
export interface SaslClient {
  first(): Buffer;
  /** The answer to what the server said; null where nothing is left to say. */
  respond(words: Buffer): Promise<Buffer | null>;
}

export function beginLogin(login: SaslLogin): SaslClient {
  return login.mechanism === 'PLAIN' ? new PlainClient(login) : new ScramClient(login.mechanism, login);
}

class PlainClient implements SaslClient {
  constructor(private readonly login: SaslLogin) {}

  first(): Buffer {
    return Buffer.from(`\0${this.login.user}\0${this.login.password}`);
  }

  respond(): Promise<null> {
    return Promise.resolve(null);
  }
}

const derive = promisify(pbkdf2);

/** A server that asks for more rounds than this would only keep the client busy. */
const iterationsMax = 1_000_000;

class ScramClient implements SaslClient {
  private readonly hash: 'sha256' | 'sha512';
  private readonly nonce = randomBytes(24).toString('base64url');
  private readonly bare: string;
  private serverSignature: Buffer | null = null;

  constructor(
    mechanism: ScramName,
    private readonly login: SaslLogin,
  ) {
    this.hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
    this.bare = `n=${login.user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${this.nonce}`;
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.bare}`);
  }

  async respond(words: Buffer): Promise<Buffer | null> {
    if (this.serverSignature === null) return this.prove(words.toString('utf8'));
    const signature = /^v=([A-Za-z0-9+/=]+)/.exec(words.toString('utf8'))?.[1];
    const sent = Buffer.from(signature ?? '', 'base64');
    if (sent.length !== this.serverSignature.length || !timingSafeEqual(sent, this.serverSignature)) {
      throw loginFailed('the server did not show that it knows the password too; it may be another than it says');
    }
    return null;
  }

  private async prove(serverFirst: string): Promise<Buffer> {
    const match = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=(\d+)(?:,|$)/.exec(serverFirst);
    const [, nonce = '', salt = '', rounds = ''] = match ?? [];
    const iterations = Number(rounds);
    if (match === null || !nonce.startsWith(this.nonce) || nonce === this.nonce) {
      throw loginFailed('the first message of the server is not one of SCRAM');
    }
    if (iterations < scramIterations.min || iterations > iterationsMax) {
      throw loginFailed(`the server asks for ${rounds} rounds; ${scramIterations.min} to ${iterationsMax} are made`);
    }
    const bytes = this.hash === 'sha256' ? 32 : 64;
    const salted = await derive(this.login.password, Buffer.from(salt, 'base64'), iterations, bytes, this.hash);
    const clientKey = this.sign(salted, 'Client Key');
    const withoutProof = `c=biws,r=${nonce}`;
    const signed = `${this.bare},${serverFirst},${withoutProof}`;
    const mask = this.sign(createHash(this.hash).update(clientKey).digest(), signed);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (mask[at] ?? 0)));
    this.serverSignature = this.sign(this.sign(salted, 'Server Key'), signed);
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  private sign(key: Buffer, message: string): Buffer {
    return createHmac(this.hash, key).update(message).digest();
  }
}
