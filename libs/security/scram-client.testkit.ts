import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

const ownNonce = 'a-nonce-of-the-client';

/** The other side of a SCRAM login, by RFC 5802. */
export class ScramClient {
  private readonly bare: string;
  private serverSignature = '';

  constructor(
    private readonly hash: 'sha256' | 'sha512',
    private readonly login: { readonly user: string; readonly password: string; readonly repeatsNonce?: boolean },
  ) {
    const user = login.user.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.bare = `n=${user},r=${ownNonce}`;
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.bare}`);
  }

  final(serverFirst: Buffer): Buffer {
    const text = serverFirst.toString();
    const values = new Map(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
    const salt = Buffer.from(values.get('s') ?? '', 'base64');
    const bytes = this.hash === 'sha256' ? 32 : 64;
    const salted = pbkdf2Sync(this.login.password, salt, Number(values.get('i')), bytes, this.hash);
    const hmac = (key: Buffer, message: string): Buffer => createHmac(this.hash, key).update(message).digest();
    const clientKey = hmac(salted, 'Client Key');
    const stored = createHash(this.hash).update(clientKey).digest();
    const before = this.login.repeatsNonce === true ? ownNonce : '';
    const withoutProof = `c=biws,r=${before}${values.get('r')}`;
    const signed = `${this.bare},${text},${withoutProof}`;
    const signature = hmac(stored, signed);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    this.serverSignature = `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`;
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** Whether the last words of the server show that it knows the password too. */
  trusts(serverFinal: Buffer): boolean {
    return serverFinal.toString() === this.serverSignature;
  }
}
