/**
 * Logins of browsers: a random token in a cookie that scripts cannot read. They are in the database, so that they hold over a restart and for
 * every administration; what was read lately is held in memory for two seconds, and longer while the database is away.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import type { AccessSession } from '#control/access/session-records';
import { sameSecret } from '#security/constant-time';
import type { Clock } from '#std/clock';
import { MillraceError, messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { guardErrors } from './access-errors.js';

export interface SessionStore {
  openSession(session: AccessSession): Promise<void>;
  findSession(tokenHash: string): Promise<AccessSession | null>;
  extendSession(tokenHash: string, expiresAt: Date): Promise<void>;
  removeSession(tokenHash: string): Promise<void>;
  removeSessionsOf(principal: string): Promise<void>;
}

/** What somebody logged in with, as it is now. */
export interface Credential {
  readonly principal: string;
  readonly isRoot: boolean;
  /** Changes with the password or the secret. */
  readonly verifier: string;
}

/** Without a request a login is over after this; with requests after `lifeMsMax`. */
const lifeMs = 12 * 3_600_000;
const lifeMsMax = 7 * 24 * 3_600_000;
/** How much of its life must be gone before it is written anew. */
const extendAfterMs = 300_000;
const freshMs = 2_000;
const rememberedMax = 1_000;

export class Sessions {
  private readonly remembered = new Map<string, { readonly session: AccessSession; readonly readAtMs: number }>();

  constructor(private readonly options: { store: SessionStore; clock: Clock; logger: Logger }) {}

  /** The token is in the answer alone. */
  async open(credential: Credential, ip: string): Promise<{ token: string; session: AccessSession }> {
    const token = randomBytes(32).toString('base64url');
    const now = this.options.clock.now();
    const session = {
      tokenHash: hashOf(token),
      principal: credential.principal,
      isRoot: credential.isRoot,
      proof: proofOf(token, credential),
      ip,
      createdAt: new Date(now),
      expiresAt: new Date(now + lifeMs),
    };
    await this.options.store.openSession(session);
    return { token, session };
  }

  /** Null where it has ended; `current` says what is good now for a principal, null where nothing is. */
  async find(token: string, current: (session: AccessSession) => Credential | null): Promise<AccessSession | null> {
    const session = await this.read(hashOf(token));
    if (session === null || session.expiresAt.getTime() <= this.options.clock.now()) return null;
    const credential = current(session);
    const isGood = credential !== null && sameSecret(proofOf(token, credential), session.proof);
    return isGood ? this.extended(session) : null;
  }

  async end(token: string): Promise<void> {
    this.remembered.delete(hashOf(token));
    await this.options.store.removeSession(hashOf(token));
  }

  async endAllOf(principal: string): Promise<void> {
    this.remembered.clear();
    await this.options.store.removeSessionsOf(principal);
  }

  private async read(tokenHash: string): Promise<AccessSession | null> {
    const { clock, store, logger } = this.options;
    const known = this.remembered.get(tokenHash);
    if (known !== undefined && clock.monotonic() - known.readAtMs < freshMs) return known.session;
    try {
      const session = await store.findSession(tokenHash);
      if (session === null) this.remembered.delete(tokenHash);
      else this.remember(session);
      return session;
    } catch (error) {
      if (known === undefined) throw error;
      logger.warn(`Logins of browsers stay as they were: ${messageOf(error)}`);
      return known.session;
    }
  }

  private async extended(session: AccessSession): Promise<AccessSession> {
    const { clock, store, logger } = this.options;
    const wanted = Math.min(clock.now() + lifeMs, session.createdAt.getTime() + lifeMsMax);
    if (wanted - session.expiresAt.getTime() < extendAfterMs) return session;
    const longer = { ...session, expiresAt: new Date(wanted) };
    this.remember(longer);
    await store.extendSession(session.tokenHash, longer.expiresAt).catch((error: unknown) => {
      logger.warn(`A login of a browser was not made longer: ${messageOf(error)}`);
    });
    return longer;
  }

  private remember(session: AccessSession): void {
    this.remembered.delete(session.tokenHash);
    this.remembered.set(session.tokenHash, { session, readAtMs: this.options.clock.monotonic() });
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > rememberedMax && oldest !== undefined) this.remembered.delete(oldest);
  }
}

const cookieName = 'millrace_session';
const tokenForm = /^[A-Za-z0-9_-]{43}$/;

/**
 * The token in the cookie of a request; null where there is none, or a page of another origin has caused the request. Throws
 * `access.cross_origin` (403) for a change of which the browser does not say where it comes from.
 */
export function sessionTokenOf(request: Request): string | null {
  const name = cookieNameOf(request);
  const cookies = cookiesOf(request.headers.cookie ?? '');
  const token = cookies.get(`__Host-${name}`) ?? cookies.get(name);
  if (token === undefined || !tokenForm.test(token)) return null;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return null;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  // What `Origin` names is held against the host by `requestGuard`.
  if (!isRead && site === undefined && request.headers.origin === undefined) {
    throw new MillraceError(
      guardErrors.crossOrigin,
      'A change with the cookie of a login must come from a page of this server. Programs send Authorization: ApiKey ….',
    );
  }
  return token;
}

/** `token` null takes it away. */
export function setSessionCookie(request: Request, response: Response, token: string | null): void {
  const isSecure = request.headers.origin?.startsWith('https://') === true;
  const name = cookieNameOf(request);
  const attributes = { httpOnly: true, sameSite: 'strict', path: '/' } as const;
  if (token === null) {
    response.clearCookie(name, attributes);
    if (isSecure) response.clearCookie(`__Host-${name}`, { ...attributes, secure: true });
    return;
  }
  // The server says when it is over: a cookie until the browser closes, at most as long as the login can live.
  const life = { ...attributes, maxAge: lifeMsMax };
  if (isSecure) response.cookie(`__Host-${name}`, token, { ...life, secure: true });
  else response.cookie(name, token, life);
}

/** Cookies are for all ports of a host: two products on one machine must not log each other out. */
function cookieNameOf(request: Request): string {
  const port = /:(\d{1,5})$/.exec(request.headers.host ?? '')?.[1];
  return port === undefined ? cookieName : `${cookieName}_${port}`;
}

function cookiesOf(header: string): Map<string, string> {
  const pairs = header.split(';').map((pair) => pair.trim().split('=', 2));
  return new Map(pairs.map(([name = '', value = '']) => [name, value]));
}

function hashOf(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

function proofOf(token: string, { principal, isRoot, verifier }: Credential): string {
  return createHmac('sha256', token)
    .update(JSON.stringify([principal, isRoot, verifier]))
    .digest('hex');
}
