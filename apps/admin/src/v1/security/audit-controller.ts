import { BadRequestException, Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { AuditRecord } from '#control/access/audit-records';
import { AccessStore } from '#control/access/access-store';
import { ControlStore } from '#control/control-store';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { keyOfToken, pageOf, pageQuery, pageSchema, pageWith, tokenOfKey, type Page, type PageQuery } from '../page.js';
import { AuditQuery, AuditView, SecretReference } from './security-schemas.js';
import { sorted } from './security-views.js';

const reference = /\$\{(env|file|secret):[^}]+\}/g;

/** What was changed by whom, and which secrets are referred to. */
@Section('Security')
@Controller('api/v1')
export class AuditController {
  constructor(
    private readonly store: AccessStore,
    private readonly control: ControlStore,
  ) {}

  @Get('audit')
  @Requires('security', 'read')
  @Summary('Changes over REST and refusals of such, newest first; entries are never changed or deleted')
  @Answers({ 200: pageSchema('AuditList', AuditView) })
  async list(
    @Query({ schema: AuditQuery }) query: z.output<typeof AuditQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const before = query.page_token === undefined ? undefined : keyOfToken(query.page_token);
    if (before !== undefined && !/^\d{1,18}$/.test(before)) {
      throw new BadRequestException('page_token is none of this list.');
    }
    const found = await this.store.readAudit({
      ...(query.since === undefined ? {} : { since: new Date(query.since) }),
      ...(query.until === undefined ? {} : { until: new Date(query.until) }),
      ...(query.principal === undefined ? {} : { principal: query.principal }),
      ...(query.area === undefined ? {} : { area: query.area }),
      ...(query.name === undefined ? {} : { name: query.name }),
      ...(before === undefined ? {} : { before }),
      limit: query.page_size + 1,
    });
    const data = found.slice(0, query.page_size);
    const last = data.at(-1);
    const token = found.length > data.length && last !== undefined ? tokenOfKey(last.id) : null;
    return pageWith(data.map(auditView), { kind: 'AuditList', token, request, response });
  }

  @Get('secrets')
  @Requires('security', 'read')
  @Summary('References to secrets in configs, and who uses them; values are never shown')
  @Answers({ 200: pageSchema('SecretReferenceList', SecretReference) })
  async secrets(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const users = new Map<string, Set<string>>();
    for (const { name, config } of await this.control.listConnectors()) {
      for (const [text] of Object.values(config).join('\n').matchAll(reference)) {
        users.set(text, (users.get(text) ?? new Set()).add(name));
      }
    }
    const all = [...users].map(([text, names]) => ({
      reference: text,
      provider: text.slice(2, text.indexOf(':')),
      used_by: [...names].sort(),
    }));
    const keyOf = (item: { reference: string }): string => item.reference;
    return pageOf(sorted(all, keyOf), { kind: 'SecretReferenceList', query, keyOf, request, response });
  }
}

function auditView({ revisionBefore, revisionAfter, at, ...entry }: AuditRecord): object {
  return { ...entry, at: at.toISOString(), revision_before: revisionBefore, revision_after: revisionAfter };
}
