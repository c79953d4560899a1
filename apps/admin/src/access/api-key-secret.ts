/** An API key: `mk0123456789abcdef.` and 32 random bytes in base64url. The part before the dot is no secret. */
import { createHash, randomBytes } from 'node:crypto';

export interface FreshKey {
  readonly id: string;
  /** Shown once. */
  readonly secret: string;
  readonly secretHash: string;
}

export function freshKey(): FreshKey {
  const secret = randomBytes(32).toString('base64url');
  return { id: `mk${randomBytes(8).toString('hex')}`, secret, secretHash: hashOfSecret(secret) };
}

export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** Null where it is no API key. */
export function parseApiKey(text: string): { readonly id: string; readonly secret: string } | null {
  const match = /^(mk[0-9a-f]{16})\.([A-Za-z0-9_-]{43})$/.exec(text);
  return match === null ? null : { id: match[1] ?? '', secret: match[2] ?? '' };
}
