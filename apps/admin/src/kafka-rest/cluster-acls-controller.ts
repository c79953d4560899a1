import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import { AccessAdmin, aclWords, type AclRule, type AclRuleFilter } from '#topics/access-admin';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ClusterIdentity } from './cluster-identity.js';
import { Resources, type Fields } from './resource.js';

const word = (kind: keyof typeof aclWords, ...besides: string[]) =>
  z
    .string()
    .toUpperCase()
    .pipe(z.enum([...aclWords[kind].keys(), ...besides]));
const NewAcl = z
  .strictObject({
    resource_type: word('resourceType'),
    resource_name: z.string().min(1).max(300),
    pattern_type: word('patternType'),
    principal: z.string().min(1).max(300),
    host: z.string().min(1).max(300),
    operation: word('operation'),
    permission: word('permission'),
  })
  .meta({ id: 'KafkaAclSpec' });
const NewAcls = z.strictObject({ data: z.array(NewAcl).min(1).max(1000) }).meta({ id: 'KafkaAclSpecs' });
const Filter = z.object({
  resource_type: word('resourceType', 'ANY').optional(),
  resource_name: z.string().max(300).optional(),
  pattern_type: word('patternType')
    .or(z.enum(['ANY', 'MATCH']))
    .optional(),
  principal: z.string().max(300).optional(),
  host: z.string().max(300).optional(),
  operation: word('operation', 'ANY').optional(),
  permission: word('permission', 'ANY').optional(),
});

/** ACLs of the cluster. */
@Section('Access')
@Controller('v3/clusters/:cluster')
export class ClusterAclsController {
  constructor(
    private readonly access: AccessAdmin,
    private readonly identity: ClusterIdentity,
  ) {}

  @Get('acls')
  @Requires('security', 'read')
  @Summary('ACLs, narrowed by their fields')
  async list(
    @Param('cluster') cluster: string,
    @Query({ schema: Filter }) filter: z.infer<typeof Filter>,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    return aclList(new Resources(request), cluster, await this.access.listAcls(filterOf(filter)));
  }

  @Post('acls')
  @Requires('security', 'administer')
  @HttpCode(201)
  @Summary('Adds an ACL; one that is there stays')
  async create(
    @Param('cluster') cluster: string,
    @Body({ schema: NewAcl }) body: z.infer<typeof NewAcl>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    await this.identity.check(cluster);
    await this.access.createAcls([ruleOf(body)]);
    const query = new URLSearchParams(Object.entries(body)).toString();
    response.setHeader('Location', `${new Resources(request).url('clusters', cluster, 'acls')}?${query}`);
  }

  @Post('acls\\:batch')
  @Requires('security', 'administer')
  @HttpCode(201)
  @Summary('Adds up to 1000 ACLs')
  async createMany(
    @Param('cluster') cluster: string,
    @Body({ schema: NewAcls }) body: z.infer<typeof NewAcls>,
  ): Promise<void> {
    await this.identity.check(cluster);
    await this.access.createAcls(body.data.map(ruleOf));
  }

  @Delete('acls')
  @Requires('security', 'administer')
  @Summary('Deletes the ACLs that fit all fields given, at least one, and says which they were')
  async delete(
    @Param('cluster') cluster: string,
    @Query({ schema: Filter }) filter: z.infer<typeof Filter>,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    if (Object.values(filter).every((value) => value === undefined)) {
      throw new DetailedHttpError(400, 'Name at least one field of the ACLs to delete; resource_type=ANY is all.');
    }
    return aclList(new Resources(request), cluster, await this.access.deleteAcls(filterOf(filter)));
  }
}

function aclList(resources: Resources, cluster: string, rules: readonly AclRule[]): Fields {
  const path = ['clusters', cluster, 'acls'];
  const data = rules.map((rule) => ({
    kind: 'KafkaAcl',
    metadata: { self: resources.url(...path) },
    cluster_id: cluster,
    resource_type: rule.resourceType,
    resource_name: rule.resourceName,
    pattern_type: rule.patternType,
    principal: rule.principal,
    host: rule.host,
    operation: rule.operation,
    permission: rule.permission,
  }));
  return resources.list('KafkaAclList', path, data);
}

function ruleOf(body: z.infer<typeof NewAcl>): AclRule {
  const { resource_type: resourceType, resource_name: resourceName, pattern_type: patternType, ...rest } = body;
  return { resourceType, resourceName, patternType, ...rest };
}

function filterOf(filter: z.infer<typeof Filter>): AclRuleFilter {
  const named = (value: string | undefined): string | null => (value === undefined || value === 'ANY' ? null : value);
  return {
    resourceType: named(filter.resource_type),
    resourceName: filter.resource_name ?? null,
    patternType: named(filter.pattern_type),
    principal: filter.principal ?? null,
    host: filter.host ?? null,
    operation: named(filter.operation),
    permission: named(filter.permission),
  };
}
