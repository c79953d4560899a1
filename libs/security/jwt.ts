/** JSON Web Tokens as a resource server checks them (RFC 7515, 7518, 7519), by node:crypto. */
import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { loginFailed } from './sasl.js';

/** One public key of a JWKS document (RFC 7517). */
export interface WebKey {
  readonly id: string | null;
  /** RSA or EC; a token's algorithm must fit. */
  readonly type: string;
  /** The only algorithm the key is for; null where the document leaves it open. */
  readonly algorithm: string | null;
  readonly key: KeyObject;
}

export interface JwtExpectations {
  /** One of these must be the token's issuer or among its audiences; null takes any. */
  readonly issuer: string | null;
  readonly audiences: readonly string[] | null;
  readonly subjectClaim: string;
  readonly clockSkewMs: number;
}

export interface JwtSubject {
  readonly name: string;
  /** Ms since the epoch. */
  readonly expiresAtMs: number;
}

interface Algorithm {
  readonly keyType: 'RSA' | 'EC';
  readonly hash: string;
  readonly isPss?: boolean;
  /** The curve's name at node:crypto. */
  readonly curve?: string;
}

const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', { keyType: 'RSA', hash: 'sha256' }],
  ['RS384', { keyType: 'RSA', hash: 'sha384' }],
  ['RS512', { keyType: 'RSA', hash: 'sha512' }],
  ['PS256', { keyType: 'RSA', hash: 'sha256', isPss: true }],
  ['PS384', { keyType: 'RSA', hash: 'sha384', isPss: true }],
  ['PS512', { keyType: 'RSA', hash: 'sha512', isPss: true }],
  ['ES256', { keyType: 'EC', hash: 'sha256', curve: 'prime256v1' }],
  ['ES384', { keyType: 'EC', hash: 'sha384', curve: 'secp384r1' }],
  ['ES512', { keyType: 'EC', hash: 'sha512', curve: 'secp521r1' }],
]);

type Json = Readonly<Record<string, unknown>>;

export interface Jwt {
  readonly header: Json;
  readonly claims: Json;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Takes a compact token apart; nothing is trusted yet. Throws `security.login.failed`. */
export function parseJwt(token: string): Jwt {
  const [header, claims, signature, ...more] = token.split('.');
  const parts = [header, claims, signature].every((part) => part !== undefined && /^[A-Za-z0-9_-]*$/.test(part));
  if (!parts || more.length > 0 || header === undefined || claims === undefined) {
    throw loginFailed('The token is no signed JWT.');
  }
  return {
    header: json(header),
    claims: json(claims),
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature ?? '', 'base64url'),
  };
}

/** The key id that a token names, or null. */
export function keyIdOf(jwt: Jwt): string | null {
  return text(jwt.header['kid']);
}

/** Whether one of `keys` signed it, by an algorithm that fits the key. `none` and shared secrets never do. */
export function isSigned(jwt: Jwt, keys: readonly WebKey[]): boolean {
  const name = text(jwt.header['alg']) ?? '';
  const algorithm = algorithms.get(name);
  if (algorithm === undefined || 'crit' in jwt.header) return false;
  const id = keyIdOf(jwt);
  return keys
    .filter((key) => key.type === algorithm.keyType && (id === null || key.id === id))
    .filter((key) => key.algorithm === null || key.algorithm === name)
    .filter(({ key }) => algorithm.curve === undefined || key.asymmetricKeyDetails?.namedCurve === algorithm.curve)
    .some(({ key }) => verifyWith(algorithm, key, jwt));
}

function verifyWith(algorithm: Algorithm, key: KeyObject, jwt: Jwt): boolean {
  if (algorithm.keyType === 'EC') {
    return verify(algorithm.hash, jwt.signed, { key, dsaEncoding: 'ieee-p1363' }, jwt.signature);
  }
  const padding =
    algorithm.isPss === true
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { padding: constants.RSA_PKCS1_PADDING };
  return verify(algorithm.hash, jwt.signed, { key, ...padding }, jwt.signature);
}

/** Checks times, issuer and audience. Throws `security.login.failed` with a sentence about the claim, not its value. */
export function checkClaims(claims: Json, expected: JwtExpectations, nowMs: number): JwtSubject {
  const expires = claims['exp'];
  if (typeof expires !== 'number') throw loginFailed('The token has no exp claim.');
  const expiresAtMs = expires * 1000;
  if (nowMs - expected.clockSkewMs >= expiresAtMs) throw loginFailed('The token has expired.');
  const startsAt = claims['nbf'] ?? claims['iat'];
  if (typeof startsAt === 'number' && startsAt * 1000 > nowMs + expected.clockSkewMs) {
    throw loginFailed('The token is not valid yet.');
  }
  if (expected.issuer !== null && claims['iss'] !== expected.issuer) {
    throw loginFailed('The token is of another issuer.');
  }
  const { audiences } = expected;
  if (audiences !== null && !listOf(claims['aud']).some((audience) => audiences.includes(audience))) {
    throw loginFailed('The token is for another audience.');
  }
  const name = text(claims[expected.subjectClaim]);
  if (name === null || name === '') throw loginFailed(`The token has no ${expected.subjectClaim} claim.`);
  return { name, expiresAtMs };
}

/** The keys of a JWKS document that can be used; others are passed over. Throws a SyntaxError where it is no JSON. */
export function parseKeySet(document: string): WebKey[] {
  const parsed: unknown = JSON.parse(document);
  const keys = isJson(parsed) && Array.isArray(parsed['keys']) ? (parsed['keys'] as unknown[]) : [];
  return keys.flatMap((entry) => {
    const type = isJson(entry) ? text(entry['kty']) : null;
    if (!isJson(entry) || type === null || !(type === 'RSA' || type === 'EC') || entry['use'] === 'enc') return [];
    try {
      const key = createPublicKey({ key: entry, format: 'jwk' });
      return [{ id: text(entry['kid']), type, algorithm: text(entry['alg']), key }];
    } catch {
      return [];
    }
  });
}

function json(part: string): Json {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (isJson(parsed)) return parsed;
  } catch {
    // As any other thing that is no object.
  }
  throw loginFailed('The token is no signed JWT.');
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function listOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
