import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { AccessSnapshot, ReadOnly } from '#control/access/access-records';
import { AccessStore } from '#control/access/access-store';
import { FieldProblems } from '#nest/field-problems';
import { AccessControl } from '../../access/access-control.js';
import { roles } from '../../access/grants.js';
import { principalOf } from '../../access/principal.js';
import { AlsoReadOnly, Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageQuery, pageSchema, type Page, type PageQuery } from '../page.js';
import { bindingOf, keepsAdministrator, requireMayGive } from './role-giving.js';
import { NewRoleBinding, ReadOnlyBody, ReadOnlyView, RoleBindingView, RoleView, WhoAmI } from './security-schemas.js';
import { bindingView, sorted } from './security-views.js';

/** Who may do what over REST. */
@Section('Security')
@Controller('api/v1')
export class RolesController {
  constructor(
    private readonly store: AccessStore,
    private readonly access: AccessControl,
  ) {}

  @Get('me')
  @Requires([], 'read')
  @Summary('Who asks, and what they may do')
  @Answers({ 200: WhoAmI })
  async me(@Req() request: Request): Promise<object> {
    const { name, grants } = principalOf(request);
    return {
      name,
      login_needed: !(await this.access.isOpen()),
      grants: grants.map(({ level, areas, namePrefix }) => ({ level, areas, name_prefix: namePrefix })),
    };
  }

  @Get('roles')
  @Requires('security', 'read')
  @Summary('The roles that there are; each may be limited to areas and by a prefix of names')
  @Answers({ 200: pageSchema('RoleList', RoleView) })
  roles(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Page<object> {
    const all = sorted(roles, ({ name }) => name);
    return pageOf(all, { kind: 'RoleList', query, keyOf: ({ name }) => name, request, response });
  }

  @Get('role-bindings')
  @Requires('security', 'read')
  @Summary('Who has which role')
  @Answers({ 200: pageSchema('RoleBindingList', RoleBindingView) })
  async bindings(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const { bindings } = await this.store.load();
    const all = sorted(bindings, ({ id }) => id);
    const page = pageOf(all, { kind: 'RoleBindingList', query, keyOf: ({ id }) => id, request, response });
    return { ...page, data: page.data.map(bindingView) };
  }

  @Post('role-bindings')
  @HttpCode(201)
  @Requires('security', 'administer')
  @Summary('Gives a role; the first that is given makes everybody log in')
  @Answers({ 200: NewRoleBinding, 201: RoleBindingView }, 409, 422)
  async bind(
    @Body({ schema: NewRoleBinding }) body: z.output<typeof NewRoleBinding>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const giver = principalOf(request);
    const binding = bindingOf(body.principal, body);
    requireMayGive(giver, [binding]);
    this.requireSubject(body.principal, await this.store.load());
    const isDryRun = query.validate_only;
    const created = await this.store.createBinding(binding, giver.name, keepsAdministrator(this.access), { isDryRun });
    if (isDryRun) {
      response.status(200);
      return body;
    }
    await this.access.reload();
    response.setHeader('Location', `/api/v1/role-bindings/${created.id}`);
    return bindingView(created);
  }

  @Get('role-bindings/:id')
  @Requires('security', 'read')
  @Summary('One role of one principal')
  @Answers({ 200: RoleBindingView }, 404)
  async binding(@Param('id') id: string): Promise<object> {
    return bindingView(await this.find(id));
  }

  @Delete('role-bindings/:id')
  @HttpCode(204)
  @Requires('security', 'administer')
  @Summary('Takes a role; the last admin stays')
  @Answers({ 204: null }, 404, 409)
  async unbind(
    @Param('id') id: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
  ): Promise<void> {
    requireMayGive(principalOf(request), [await this.find(id)]);
    await this.store.deleteBinding(id, keepsAdministrator(this.access), { isDryRun: query.validate_only });
    await this.access.reload();
  }

  @Get('read-only')
  @Requires([], 'read')
  @Summary('Whether changes are refused')
  @Answers({ 200: ReadOnlyView })
  async readOnly(): Promise<object> {
    const { readOnly } = await this.store.load();
    const reason = await this.access.readOnlyReason();
    return { ...readOnlyView(readOnly), read_only: reason !== null, reason: reason ?? '' };
  }

  @Put('read-only')
  @Requires('security', 'administer')
  @AlsoReadOnly()
  @Summary('Refuses changes over REST from now on, or no longer')
  @Answers({ 200: ReadOnlyView }, 422)
  async setReadOnly(
    @Body({ schema: ReadOnlyBody }) body: z.output<typeof ReadOnlyBody>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
  ): Promise<object> {
    const { name } = principalOf(request);
    if (query.validate_only) return { ...body, changed_by: name, changed_at: null };
    const readOnly = await this.store.setReadOnly(body.read_only, body.reason, name);
    await this.access.reload();
    return readOnlyView(readOnly);
  }

  private async find(id: string) {
    const binding = (await this.store.load()).bindings.find((candidate) => candidate.id === id);
    if (binding === undefined) throw new NotFoundException(`There is no role binding ${id}.`);
    return binding;
  }

  /** A slip in a name must not give the only admin role to nobody. Whom tokens name is not known here. */
  private requireSubject(principal: string, { keys, users }: AccessSnapshot): void {
    const colon = principal.indexOf(':');
    const [kind, name] = [principal.slice(0, colon), principal.slice(colon + 1)];
    const isThere =
      (kind === 'ApiKey' && keys.some((key) => key.name === name)) ||
      (kind === 'User' && (this.access.knowsTokens || users.some((user) => user.name === name))) ||
      (kind === 'Group' && this.access.knowsTokens);
    if (isThere) return;
    const message =
      kind === 'Group'
        ? 'groups come with tokens, which are not set up (MILLRACE_OIDC_JWKS)'
        : `there is no ${principal}`;
    throw new FieldProblems(`principal: ${message}`, [{ pointer: '/principal', code: 'unknown', message }]);
  }
}

function readOnlyView({ readOnly, reason, changedBy, changedAt }: ReadOnly): object {
  return { read_only: readOnly, reason, changed_by: changedBy, changed_at: changedAt?.toISOString() ?? null };
}
