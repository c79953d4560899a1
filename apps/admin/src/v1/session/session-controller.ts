import { Body, Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { AccessControl, ipOf } from '../../access/access-control.js';
import { MillraceError } from '#std/errors';
import { guardErrors } from '../../access/access-errors.js';
import { AuditTrail } from '../../access/audit-trail.js';
import { anonymous, principalOf } from '../../access/principal.js';
import { Open, Requires, type Requirement } from '../../access/requires.js';
import { setSessionCookie } from '../../access/sessions.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { EndQuery, NewSession, SessionView } from './session-schemas.js';

/** As the audit has logins: they change nothing but who asks. */
const requirement: Requirement = { areas: ['security'], level: 'read' };

/** The login of a browser: a cookie that scripts cannot read. Programs send `Authorization` instead. */
@Section('Security')
@Controller('api/v1/session')
export class SessionController {
  constructor(
    private readonly access: AccessControl,
    private readonly audit: AuditTrail,
  ) {}

  @Post()
  @HttpCode(200)
  @Open()
  @Summary('Logs a browser in, by user and password or by an API key; the answer sets a cookie')
  @Answers({ 200: SessionView }, 401, 429)
  async open(
    @Body({ schema: NewSession }) body: z.output<typeof NewSession>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const name = 'user' in body ? `User:${body.user}` : null;
    const audited = { request, response, requirement, name };
    try {
      const { token, session } = await this.access.openSession(body, ipOf(request));
      this.audit.follow({ ...audited, principal: { name: session.principal, grants: [] } });
      setSessionCookie(request, response, token);
      response.setHeader('Cache-Control', 'no-store');
      return viewOf(session.principal, session);
    } catch (error) {
      // Refused logins are few for one address; what comes beyond that must not fill the audit.
      const isRefused = error instanceof MillraceError && error.kind === guardErrors.loginRefused;
      if (isRefused) this.audit.follow({ ...audited, principal: anonymous });
      throw error;
    }
  }

  @Get()
  @Requires([], 'read')
  @Summary('Who is logged in by this browser, and until when')
  @Answers({ 200: SessionView })
  async get(@Req() request: Request): Promise<object> {
    return viewOf(principalOf(request).name, await this.access.sessionOf(request));
  }

  @Delete()
  @HttpCode(204)
  @Requires([], 'read')
  @Summary('Logs this browser out')
  @Answers({ 204: null })
  async end(
    @Query({ schema: EndQuery }) query: z.output<typeof EndQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    const principal = principalOf(request);
    this.audit.follow({ request, response, requirement, name: principal.name, principal });
    await this.access.endSession(request, query.everywhere);
    setSessionCookie(request, response, null);
  }
}

function viewOf(name: string, session: { createdAt: Date; expiresAt: Date } | null): object {
  return {
    name,
    created_at: session?.createdAt.toISOString() ?? null,
    expires_at: session?.expiresAt.toISOString() ?? null,
  };
}
