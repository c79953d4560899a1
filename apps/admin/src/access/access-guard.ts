import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { MillraceError } from '#std/errors';
import { guardErrors } from './access-errors.js';
import type { AccessControl } from './access-control.js';
import type { AuditTrail } from './audit-trail.js';
import { setPrincipal } from './principal.js';
import { changeAnywayKey, dataPathKey, requirementKey, type Requirement } from './requires.js';

const challenge = 'ApiKey realm="millrace", Bearer realm="millrace"';
/** Programs know what to do with it; a browser would show a window of its own over the console. */
const programChallenge = `Basic realm="millrace", charset="UTF-8", ${challenge}`;
/** How often it is seen whether the login of a stream is still good. */
const lookAgainMs = 5_000;

/**
 * Stands before every route, and denies by default: a route that does not say what it needs answers nobody. What changes something goes into
 * the audit with how it ended.
 */
export class AccessGuard implements CanActivate {
  constructor(
    private readonly access: AccessControl,
    private readonly audit: AuditTrail,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    const requirement = metadataOf<Requirement | 'open'>(requirementKey, context);
    if (requirement === 'open') return true;
    if (requirement === undefined) {
      throw new MillraceError(
        guardErrors.undeclared,
        `${request.method} ${request.path} does not say what it needs, so nobody may.`,
      );
    }
    try {
      const principal = await this.access.authenticate(request);
      setPrincipal(request, principal);
      const name = nameOf(request, requirement.named);
      const isChange = requirement.level !== 'read';
      if (isChange && metadataOf(dataPathKey, context) !== true) {
        this.audit.follow({ request, response, principal, requirement, name });
      }
      this.access.requireRight(principal, requirement, name);
      if (isChange && metadataOf(changeAnywayKey, context) !== true) await this.refuseReadOnly();
      this.endWithLogin(request, response);
      return true;
    } catch (error) {
      if (error instanceof MillraceError) setHeaders(request, response, error);
      throw error;
    }
  }

  /** A stream of a browser ends soon after its login. */
  private endWithLogin(request: Request, response: Response): void {
    if (request.headers.authorization !== undefined || request.headers.cookie === undefined) return;
    const timer = setInterval(() => {
      this.access.authenticate(request).catch((error: unknown) => {
        if (error instanceof MillraceError && error.kind.http === 401) response.destroy();
      });
    }, lookAgainMs);
    timer.unref();
    response.once('close', () => clearInterval(timer));
  }

  private async refuseReadOnly(): Promise<void> {
    const reason = await this.access.readOnlyReason();
    if (reason === null) return;
    throw new MillraceError(guardErrors.readOnly, `Nothing can be changed now: ${reason}.`);
  }
}

function metadataOf<T>(key: string, context: ExecutionContext): T | undefined {
  return Reflect.getMetadata(key, context.getHandler()) as T | undefined;
}

/** The name as the route will see it. */
function nameOf(request: Request, named: string | undefined): string | null {
  if (named === undefined) return null;
  const isOfBody = named.startsWith('body.');
  const body: unknown = request.body;
  const holder: unknown = isOfBody ? body : request.params;
  if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return null;
  const name: unknown = Reflect.get(holder, isOfBody ? named.slice(5) : named);
  return typeof name === 'string' ? name : null;
}

/** RFC 9110 sections 11.6.1 and 10.2.3; the RateLimit headers are those of the IETF's draft. */
function setHeaders(request: Request, response: Response, { kind, message }: MillraceError): void {
  if (kind.http === 401) response.setHeader('WWW-Authenticate', isOfPage(request) ? challenge : programChallenge);
  if (kind.http !== 429) return;
  const seconds = /Wait (\d+) seconds/.exec(message)?.[1] ?? '1';
  response.setHeader('Retry-After', seconds);
  response.setHeader('RateLimit', `"default";r=0;t=${seconds}`);
}

/** Browsers leave `Sec-Fetch-Site` out where there is neither TLS nor loopback; the console's pages still say where they are. */
function isOfPage({ headers }: Request): boolean {
  return (
    'sec-fetch-site' in headers || 'origin' in headers || /^https?:\/\/[^/]+\/console\//.test(headers.referer ?? '')
  );
}
