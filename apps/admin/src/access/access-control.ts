/**
 * Who is asking, and whether they may. On loopback, or where MILLRACE_INSECURE says so, nobody has to log in until the first role is given;
 * from then on, and always off loopback, everybody has to.
 *
 * What decides is held in memory: read anew every two seconds while there are requests, so that what is taken away somewhere is gone
 * everywhere at once. While the database is away, what was read last decides.
 */
import type { Request } from 'express';
import type { AccessSnapshot } from '#control/access/access-records';
import type { AccessSession } from '#control/access/session-records';
import { requireOptions, type OptionValues } from '#config/options';
import { KeySet } from '#security/key-set';
import type { Clock } from '#std/clock';
import { MillraceError, messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { guardErrors } from './access-errors.js';
import { accessSettings } from './access-settings.js';
import { allGrants, allows, grantOf, isUnlimitedAdmin, type Grant } from './grants.js';
import { Logins, type Login, type LoginForm, type OidcTokens } from './logins.js';
import { anonymous, type Principal } from './principal.js';
import { RequestRate } from './request-rate.js';
import type { Requirement } from './requires.js';
import { Sessions, sessionTokenOf, type SessionStore } from './sessions.js';

export interface AccessOptions {
  /** Where keys, users and roles are. */
  readonly source: { load(): Promise<AccessSnapshot> };
  /** Where logins of browsers are. Default: there are none. */
  readonly sessions?: SessionStore;
  /** Environment variables, see `accessSettings`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether everybody may do everything as long as no role is given. */
  readonly isOpenAtFirst: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Older than this it is read again, beside the request; older than that the request waits for it. Ms. */
const freshMs = 2_000;
const staleMs = 20_000;
const adminKeyLengthMin = 16;
const jwksRefreshMs = 3_600_000;
const clockSkewMs = 30_000;

export class AccessControl {
  private readonly settings: OptionValues<typeof accessSettings>;
  private readonly logins: Logins;
  private readonly sessions: Sessions | null;
  private readonly rate: RequestRate | null;
  private snapshot: AccessSnapshot | null = null;
  private loadedAtMs = -Infinity;
  private loading: Promise<void> | null = null;

  constructor(private readonly options: AccessOptions) {
    const { clock } = options;
    const given = Object.fromEntries(Object.entries(options.environment).filter(([, value]) => value !== ''));
    this.settings = requireOptions('access control', accessSettings, given);
    const perSecond = this.settings.MILLRACE_REQUESTS_PER_SECOND;
    this.rate = perSecond === 0 ? null : new RequestRate(perSecond, perSecond * 10, clock);
    const adminKey = this.settings.MILLRACE_ADMIN_KEY;
    if (adminKey !== null && adminKey.length < adminKeyLengthMin) {
      throw new Error(`MILLRACE_ADMIN_KEY must have at least ${adminKeyLengthMin} characters.`);
    }
    this.logins = new Logins({ adminKey, tokens: tokensOf(this.settings, clock), clock });
    const { sessions: store, logger } = options;
    this.sessions = store === undefined ? null : new Sessions({ store, clock, logger });
  }

  /** Throws where nobody could ever log in. */
  async start(): Promise<void> {
    await this.reload();
    const { MILLRACE_ADMIN_KEY, MILLRACE_OIDC_JWKS } = this.settings;
    const isSomebodyAdmin = this.snapshot?.bindings.some((binding) => isAdmin(grantOf(binding))) ?? false;
    if (this.options.isOpenAtFirst || isSomebodyAdmin || MILLRACE_ADMIN_KEY !== null) return;
    const hint = MILLRACE_OIDC_JWKS === null ? '' : ' Tokens are known, but no role is given to anybody yet.';
    throw new Error(
      `Nobody could log in, and without a login REST would be open to everybody who reaches it.${hint} ` +
        'Set MILLRACE_ADMIN_KEY to a secret for the first login, listen on 127.0.0.1, or say insecure (MILLRACE_INSECURE=true).',
    );
  }

  /** Reads what decides, after a change. Throws `control.database.away` only where it was never read. */
  async reload(): Promise<void> {
    this.loading ??= this.load().finally(() => (this.loading = null));
    await this.loading;
  }

  /** Whether everybody may do everything. */
  async isOpen(): Promise<boolean> {
    const { bindings } = await this.current();
    return this.isOpenWith(bindings.length);
  }

  get knowsTokens(): boolean {
    return this.settings.MILLRACE_OIDC_JWKS !== null;
  }

  /** Whether somebody could still log in and give roles when no binding says so. */
  get hasAdminKey(): boolean {
    return this.settings.MILLRACE_ADMIN_KEY !== null;
  }

  /** Whether nobody would have to log in without bindings. */
  get isOpenWithoutRoles(): boolean {
    return this.isOpenWith(0);
  }

  /** Throws 401 and 429. */
  async authenticate(request: Request): Promise<Principal> {
    const snapshot = await this.current();
    const ip = ipOf(request);
    if (this.isOpenWith(snapshot.bindings.length)) return this.counted(anonymous, ip);
    const header = request.headers.authorization;
    if (header === undefined) {
      const session = await this.sessionOf(request);
      if (session !== null) {
        const login = { name: session.principal, groups: [], isRoot: session.isRoot };
        return this.counted({ name: login.name, grants: grantsOf(login, snapshot) }, login.name);
      }
      throw new MillraceError(
        guardErrors.loginNeeded,
        'Log in: send Authorization: ApiKey …, Basic user:password, or a Bearer token.',
      );
    }
    const login = await this.logins.login(header, ip, snapshot);
    return this.counted({ name: login.name, grants: grantsOf(login, snapshot) }, login.name);
  }

  /** Of a browser that sends a good cookie; else null. Throws `access.cross_origin` (403). */
  async sessionOf(request: Request): Promise<AccessSession | null> {
    const token = sessionTokenOf(request);
    if (token === null || this.sessions === null) return null;
    const snapshot = await this.current();
    return this.sessions.find(token, ({ principal, isRoot }) =>
      this.logins.credentialOf({ name: principal, isRoot }, snapshot),
    );
  }

  /** Gives back the token for the cookie. Throws 401 and 429. */
  async openSession(form: LoginForm, ip: string): Promise<{ token: string; session: AccessSession }> {
    await this.reload();
    const snapshot = await this.current();
    const login = await this.logins.loginByForm(form, ip, snapshot);
    const credential = this.logins.credentialOf(login, snapshot);
    if (credential === null || this.sessions === null) throw new Error('there is no login to keep');
    return this.sessions.open(credential, ip);
  }

  /** Those of one browser, or of everywhere. */
  async endSession(request: Request, isEverywhere: boolean): Promise<void> {
    const token = sessionTokenOf(request);
    const session = await this.sessionOf(request);
    if (token === null || session === null) return;
    await (isEverywhere ? this.sessions?.endAllOf(session.principal) : this.sessions?.end(token));
  }

  /** Why changes are refused now; null where they are not. */
  async readOnlyReason(): Promise<string | null> {
    if (this.settings.MILLRACE_READ_ONLY) return 'MILLRACE_READ_ONLY is set';
    const { readOnly } = await this.current();
    if (!readOnly.readOnly) return null;
    return readOnly.reason === '' ? `${readOnly.changedBy} said so` : readOnly.reason;
  }

  /** Throws `access.denied` (403). */
  requireRight(principal: Principal, requirement: Requirement, name: string | null): void {
    if (allows(principal.grants, requirement, name)) return;
    const what = requirement.areas.join(' and ');
    const where = name === null ? `${what} without a limit to a prefix of names` : `${what} called ${name}`;
    throw new MillraceError(
      guardErrors.denied,
      `${principal.name} may not ${requirement.level} ${where}. An administrator can give a role: POST /api/v1/role-bindings.`,
    );
  }

  private isOpenWith(bindings: number): boolean {
    return this.options.isOpenAtFirst && bindings === 0 && this.settings.MILLRACE_ADMIN_KEY === null;
  }

  private counted(principal: Principal, key: string): Principal {
    const waitSeconds = this.rate?.take(key) ?? 0;
    if (waitSeconds === 0) return principal;
    throw new MillraceError(
      guardErrors.tooManyRequests,
      `More than ${this.settings.MILLRACE_REQUESTS_PER_SECOND} requests a second from ${principal.name}. Wait ${waitSeconds} seconds.`,
    );
  }

  private async current(): Promise<AccessSnapshot> {
    const ageMs = this.options.clock.monotonic() - this.loadedAtMs;
    if (this.snapshot === null || ageMs > staleMs) await this.reload();
    else if (ageMs > freshMs) void this.reload();
    if (this.snapshot === null) throw new Error('who may do what was not read');
    return this.snapshot;
  }

  /** Keeps what there is where the database is away. */
  private async load(): Promise<void> {
    try {
      this.snapshot = await this.options.source.load();
    } catch (error) {
      if (this.snapshot === null) throw error;
      this.options.logger.warn(`Keys and roles stay as they were: ${messageOf(error)}`);
    }
    this.loadedAtMs = this.options.clock.monotonic();
  }
}

export function ipOf(request: Request): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

function grantsOf(login: Login, { bindings }: AccessSnapshot): readonly Grant[] {
  if (login.isRoot) return allGrants;
  const names = new Set([login.name, ...login.groups]);
  return bindings.flatMap((binding) => (names.has(binding.principal) ? (grantOf(binding) ?? []) : []));
}

function isAdmin(grant: Grant | null): boolean {
  return grant !== null && isUnlimitedAdmin(grant);
}

function tokensOf(settings: OptionValues<typeof accessSettings>, clock: Clock): OidcTokens | null {
  const { MILLRACE_OIDC_JWKS: url, MILLRACE_OIDC_ISSUER: issuer, MILLRACE_OIDC_AUDIENCE: audiences } = settings;
  if (url === null) return null;
  if (issuer === null || audiences.length === 0) {
    throw new Error(
      'MILLRACE_OIDC_JWKS needs MILLRACE_OIDC_ISSUER and MILLRACE_OIDC_AUDIENCE: else tokens for others would be good here.',
    );
  }
  return {
    keys: new KeySet({ url, refreshMs: jwksRefreshMs, clock }),
    expectations: { issuer, audiences, subjectClaim: settings.MILLRACE_OIDC_SUBJECT_CLAIM, clockSkewMs },
    groupsClaim: settings.MILLRACE_OIDC_GROUPS_CLAIM,
  };
}
