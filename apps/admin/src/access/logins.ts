/**
 * From the `Authorization` header to a name: `ApiKey key`, `Bearer key` or `Basic id:secret` (also with the whole key as the password) for
 * API keys, `Basic user:password` for users, `Bearer token` for OpenID Connect.
 */
import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { AccessSnapshot, AccessUser, ApiKey } from '#control/access/access-records';
import { sameSecret } from '#security/constant-time';
import { checkClaims, isSigned, keyIdOf, parseJwt, type JwtExpectations } from '#security/jwt';
import type { KeySet } from '#security/key-set';
import type { Clock } from '#std/clock';
import { MillraceError } from '#std/errors';
import { guardErrors } from './access-errors.js';
import { hashOfSecret, parseApiKey } from './api-key-secret.js';
import { RequestRate } from './request-rate.js';
import type { Credential } from './sessions.js';

export interface Login {
  /** `User:alice` */
  readonly name: string;
  /** Bindings for these hold too: `Group:operators`. */
  readonly groups: readonly string[];
  readonly isRoot: boolean;
}

/** A user with their password, or an API key. */
export type LoginForm = { readonly user: string; readonly password: string } | { readonly key: string };

export interface LoginOptions {
  /** A secret that may do everything; null: none. */
  readonly adminKey: string | null;
  readonly tokens: OidcTokens | null;
  readonly clock: Clock;
}

export interface OidcTokens {
  readonly keys: KeySet;
  readonly expectations: JwtExpectations;
  readonly groupsClaim: string;
}

const headerLengthMax = 16_384;
const groupsMax = 200;
/** Passwords that were right lately are not hashed again; at most so many. */
const provenMax = 1_000;
/** Wrong passwords from one address: so many at once, then one in so many seconds. */
const wrongBurst = 10;
const wrongPerSecond = 1 / 6;
const deriveKey = promisify(pbkdf2);

export const adminKeyName = 'ApiKey:MILLRACE_ADMIN_KEY';

export class Logins {
  /** Digest of name and password, to the verifier that it was right for. */
  private readonly proven = new Map<string, string>();
  private readonly wrong: RequestRate;

  constructor(private readonly options: LoginOptions) {
    this.wrong = new RequestRate(wrongPerSecond, wrongBurst, options.clock);
  }

  /** Throws `access.login.refused` (401) without saying what was wrong, and `access.login.too_many` (429). */
  async login(header: string, ip: string, snapshot: AccessSnapshot): Promise<Login> {
    const match = /^([A-Za-z]+) +(\S+) *$/.exec(header);
    if (match === null || header.length > headerLengthMax) throw refused();
    const [, scheme = '', value = ''] = match;
    switch (scheme.toLowerCase()) {
      case 'apikey':
        return this.byKey(value, snapshot);
      case 'bearer':
        return value.split('.').length === 3 ? this.byToken(value) : this.byKey(value, snapshot);
      case 'basic':
        return this.byBasic(value, ip, snapshot);
      default:
        throw refused();
    }
  }

  /** As the form of the console sends it; keys that are wrong count as wrong passwords do. Throws as `login`. */
  async loginByForm(form: LoginForm, ip: string, snapshot: AccessSnapshot): Promise<Login> {
    if ('user' in form) return this.byName(form.user, form.password, ip, snapshot);
    this.requireFewWrong(ip);
    try {
      return this.byKey(form.key, snapshot);
    } catch (error) {
      this.wrong.take(ip);
      throw error;
    }
  }

  /** What is good now for somebody who logged in before by a key or a password; null: nothing is. */
  credentialOf(
    login: { readonly name: string; readonly isRoot: boolean },
    snapshot: AccessSnapshot,
  ): Credential | null {
    const { name, isRoot } = login;
    const colon = name.indexOf(':');
    const [kind, rest] = [name.slice(0, colon), name.slice(colon + 1)];
    const verifier = isRoot
      ? this.options.adminKey
      : kind === 'ApiKey'
        ? snapshot.keys.find((key) => key.name === rest && this.isInTime(key))?.secretHash
        : snapshot.users.find((user) => user.name === rest)?.storedKey;
    return verifier === undefined || verifier === null ? null : { principal: name, isRoot, verifier };
  }

  private byKey(value: string, snapshot: AccessSnapshot): Login {
    const { adminKey } = this.options;
    if (adminKey !== null && sameSecret(value, adminKey)) return { name: adminKeyName, groups: [], isRoot: true };
    const parsed = parseApiKey(value);
    const key = parsed === null ? undefined : snapshot.keys.find(({ id }) => id === parsed.id);
    if (parsed === null || key === undefined || !this.isGood(key, parsed.secret)) throw refused();
    return { name: `ApiKey:${key.name}`, groups: [], isRoot: false };
  }

  private isGood(key: ApiKey, secret: string): boolean {
    return sameSecret(hashOfSecret(secret), key.secretHash) && this.isInTime(key);
  }

  private isInTime({ expiresAt }: ApiKey): boolean {
    return expiresAt === null || this.options.clock.now() < expiresAt.getTime();
  }

  private async byBasic(value: string, ip: string, snapshot: AccessSnapshot): Promise<Login> {
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) throw refused();
    return this.byName(text.slice(0, colon), text.slice(colon + 1), ip, snapshot);
  }

  private async byName(name: string, password: string, ip: string, snapshot: AccessSnapshot): Promise<Login> {
    if (/^mk[0-9a-f]{16}$/.test(name)) return this.byKey(`${name}.${password}`, snapshot);
    if (parseApiKey(password) !== null || this.options.adminKey === password) return this.byKey(password, snapshot);
    await this.checkPassword({ name, password, ip, user: snapshot.users.find((user) => user.name === name) });
    return { name: `User:${name}`, groups: [], isRoot: false };
  }

  private async checkPassword(given: { name: string; password: string; ip: string; user?: AccessUser }): Promise<void> {
    const { name, password, ip, user } = given;
    const digest = createHash('sha256').update(`${name}\0${password}`).digest('base64');
    if (user !== undefined && this.proven.get(digest) === user.storedKey) return;
    this.requireFewWrong(ip);
    // A user that is not there costs the same time.
    const verifier = user ?? { salt: 'AAAA', storedKey: '', iterations: 4096 };
    const isRight = (await storedKeyOf(password, verifier)) === verifier.storedKey;
    if (user === undefined || !isRight) {
      this.wrong.take(ip);
      throw refused();
    }
    const [oldest] = this.proven.keys();
    if (this.proven.size >= provenMax && oldest !== undefined) this.proven.delete(oldest);
    this.proven.set(digest, user.storedKey);
  }

  private requireFewWrong(ip: string): void {
    const waitSeconds = this.wrong.wait(ip);
    if (waitSeconds === 0) return;
    throw new MillraceError(
      guardErrors.tooManyLogins,
      `Too many wrong passwords from ${ip}. Wait ${waitSeconds} seconds.`,
    );
  }

  private async byToken(token: string): Promise<Login> {
    const { tokens, clock } = this.options;
    if (tokens === null) throw refused();
    try {
      const jwt = parseJwt(token);
      if (!isSigned(jwt, await tokens.keys.for(keyIdOf(jwt)))) throw refused();
      const { name } = checkClaims(jwt.claims, tokens.expectations, clock.now());
      const claimed = jwt.claims[tokens.groupsClaim];
      const groups = (Array.isArray(claimed) ? (claimed as unknown[]) : []).filter(
        (group) => typeof group === 'string',
      );
      return {
        name: `User:${name}`,
        groups: groups.slice(0, groupsMax).map((group) => `Group:${group}`),
        isRoot: false,
      };
    } catch (error) {
      if (error instanceof MillraceError && error.retriable) throw error;
      throw refused();
    }
  }
}

/** SCRAM-SHA-256's StoredKey of a password (RFC 5802 section 3), base64. */
export async function storedKeyOf(
  password: string,
  { salt, iterations }: { salt: string; iterations: number },
): Promise<string> {
  const salted = await deriveKey(password.normalize('NFKC'), Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(clientKey).digest('base64');
}

function refused(): MillraceError {
  return new MillraceError(
    guardErrors.loginRefused,
    'The login is not good: the key, password or token is wrong or has expired.',
  );
}
