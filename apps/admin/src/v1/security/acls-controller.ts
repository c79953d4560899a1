import { BadRequestException, Body, Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { AccessAdmin, type AclRule, type AclRuleFilter } from '#topics/access-admin';
import { NotAudited, Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageSchema, type Page } from '../page.js';
import { verdictOf } from './acl-question.js';
import { Acl, AclAnswer, AclBatch, AclFilter, AclListQuery, AclQuestionBody, AclsDeleted } from './acl-schemas.js';
import { sorted } from './security-views.js';

const DeleteQuery = AclFilter.extend(WriteQuery.shape);

/** Rules of the Kafka listeners. */
@Section('Security')
@Controller('api/v1')
export class AclsController {
  constructor(private readonly topics: AccessAdmin) {}

  @Get('acls')
  @Requires('security', 'read')
  @Summary('ACLs, narrowed by their fields')
  @Answers({ 200: pageSchema('AclList', Acl) })
  async list(
    @Query({ schema: AclListQuery }) query: z.output<typeof AclListQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const acls = (await this.topics.listAcls(filterOf(query))).map(aclView);
    const keyOf = (acl: Acl): string => Object.values(acl).join('\n');
    return pageOf(sorted(acls, keyOf), { kind: 'AclList', query, keyOf, request, response });
  }

  @Post('acls')
  @HttpCode(201)
  @Requires('security', 'administer')
  @Summary('Adds an ACL; one that is there stays')
  @Answers({ 200: Acl, 201: Acl }, 409, 422)
  async create(
    @Body({ schema: Acl }) body: Acl,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    if (query.validate_only) response.status(200);
    else await this.topics.createAcls([ruleOf(body)]);
    return body;
  }

  @Post('acls\\:batch')
  @HttpCode(201)
  @Requires('security', 'administer')
  @Summary('Adds up to 1000 ACLs')
  @Answers({ 200: AclBatch, 201: AclBatch }, 409, 422)
  async createMany(
    @Body({ schema: AclBatch }) body: z.output<typeof AclBatch>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    if (query.validate_only) response.status(200);
    else await this.topics.createAcls(body.data.map(ruleOf));
    return body;
  }

  @Post('acls\\:test')
  @HttpCode(200)
  @Requires('security', 'read')
  @NotAudited()
  @Summary('Whether a principal may do something at the Kafka listeners, and which rules say so')
  @Answers({ 200: AclAnswer }, 409)
  async test(@Body({ schema: AclQuestionBody }) body: z.output<typeof AclQuestionBody>): Promise<object> {
    const rules = await this.topics.listAcls({
      ...filterOf({ resource_type: body.resource_type, resource_name: body.resource_name }),
      patternType: 'MATCH',
    });
    const verdict = verdictOf(body, rules);
    return { ...verdict, rules: verdict.rules.map(aclView) };
  }

  @Delete('acls')
  @Requires('security', 'administer')
  @Summary('Deletes the ACLs that fit all fields given, at least one, and says which they were')
  @Answers({ 200: AclsDeleted }, 409)
  async delete(@Query({ schema: DeleteQuery }) query: z.output<typeof DeleteQuery>): Promise<object> {
    const { validate_only, ...filter } = query;
    if (Object.keys(filter).length === 0) {
      throw new BadRequestException('Say which: without a field this would delete every ACL.');
    }
    const rules = validate_only
      ? await this.topics.listAcls(filterOf(filter))
      : await this.topics.deleteAcls(filterOf(filter));
    return { data: rules.map(aclView) };
  }
}

function ruleOf(acl: Acl): AclRule {
  return {
    resourceType: acl.resource_type,
    resourceName: acl.resource_name,
    patternType: acl.pattern_type,
    principal: acl.principal,
    host: acl.host,
    operation: acl.operation,
    permission: acl.permission,
  };
}

function aclView(rule: AclRule): Acl {
  return {
    resource_type: rule.resourceType,
    resource_name: rule.resourceName,
    pattern_type: rule.patternType,
    principal: rule.principal,
    host: rule.host,
    operation: rule.operation,
    permission: rule.permission,
  };
}

function filterOf(filter: AclFilter): AclRuleFilter {
  return {
    resourceType: filter.resource_type ?? null,
    resourceName: filter.resource_name ?? null,
    patternType: filter.pattern_type ?? null,
    principal: filter.principal ?? null,
    host: filter.host ?? null,
    operation: filter.operation ?? null,
    permission: filter.permission ?? null,
  };
}
