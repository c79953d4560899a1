import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { AccessStore } from '#control/access/access-store';
import { AccessControl } from '../../access/access-control.js';
import { freshKey } from '../../access/api-key-secret.js';
import { principalOf } from '../../access/principal.js';
import { Requires } from '../../access/requires.js';
import { FieldProblems } from '#nest/field-problems';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageQuery, pageSchema, type Page, type PageQuery } from '../page.js';
import { requireRevision, sendRevision } from '../revision.js';
import { bindingOf, keepsAdministrator, requireMayGive } from './role-giving.js';
import { ApiKeyView, ApiKeyWithSecret, NewApiKey } from './security-schemas.js';
import { apiKeyView, sorted } from './security-views.js';

/** Logins for programs. */
@Section('Security')
@Controller('api/v1/api-keys')
export class ApiKeysController {
  constructor(
    private readonly store: AccessStore,
    private readonly access: AccessControl,
  ) {}

  @Get()
  @Requires('security', 'read')
  @Summary('API keys by name, without their secrets')
  @Answers({ 200: pageSchema('ApiKeyList', ApiKeyView) })
  async list(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const { keys, bindings } = await this.store.load();
    const page = pageOf(
      sorted(keys, ({ name }) => name),
      { kind: 'ApiKeyList', query, keyOf: ({ name }) => name, request, response },
    );
    return { ...page, data: page.data.map((key) => apiKeyView(key, bindings)) };
  }

  @Post()
  @HttpCode(201)
  @Requires('security', 'administer', 'body.name')
  @Summary('Makes a key with roles; the answer has the key, this one time')
  @Answers({ 200: ApiKeyView, 201: ApiKeyWithSecret }, 409, 422)
  async create(
    @Body({ schema: NewApiKey }) body: z.output<typeof NewApiKey>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const giver = principalOf(request);
    const expiresAt = typeof body.expires_at === 'string' ? new Date(body.expires_at) : null;
    if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
      const message = 'is over already';
      throw new FieldProblems(`expires_at ${message}`, [{ pointer: '/expires_at', code: 'past', message }]);
    }
    const bindings = body.roles.map((given) => bindingOf(`ApiKey:${body.name}`, given));
    requireMayGive(giver, bindings);
    const { id, secret, secretHash } = freshKey();
    const spec = { id, name: body.name, secretHash, createdBy: giver.name, expiresAt };
    const isDryRun = query.validate_only;
    const key = await this.store.createKey(spec, bindings, keepsAdministrator(this.access), { isDryRun });
    if (isDryRun) {
      response.status(200);
      return apiKeyView(key.key, key.bindings);
    }
    await this.access.reload();
    sendRevision(response, key.key.revision);
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Location', `/api/v1/api-keys/${encodeURIComponent(body.name)}`);
    return { ...apiKeyView(key.key, key.bindings), key: `${id}.${secret}` };
  }

  @Get(':name')
  @Requires('security', 'read', 'name')
  @Summary('A key, without its secret')
  @Answers({ 200: ApiKeyView }, 404)
  async get(@Param('name') name: string, @Res({ passthrough: true }) response: Response): Promise<object> {
    const { key, bindings } = await this.find(name);
    sendRevision(response, key.revision);
    return apiKeyView(key, bindings);
  }

  @Post(':name\\:rotate')
  @HttpCode(200)
  @Requires('security', 'administer', 'name')
  @Summary('A new secret, shown this one time; the old one is good no more')
  @Answers({ 200: ApiKeyWithSecret }, 404, 412)
  async rotate(
    @Param('name') name: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    const { key, bindings } = await this.find(name);
    requireRevision(request, `API key ${name}`, key.revision);
    requireMayGive(principalOf(request), bindings);
    if (query.validate_only) return { ...apiKeyView(key, bindings), key: '' };
    const { id, secret, secretHash } = freshKey();
    const rotated = await this.store.rotateKey(name, { id, secretHash });
    await this.access.reload();
    sendRevision(response, rotated.revision);
    response.setHeader('Cache-Control', 'no-store');
    return { ...apiKeyView(rotated, bindings), key: `${id}.${secret}` };
  }

  @Delete(':name')
  @HttpCode(204)
  @Requires('security', 'administer', 'name')
  @Summary('Removes a key with its roles; it is good no more within two seconds')
  @Answers({ 204: null }, 404, 409, 412)
  async delete(
    @Param('name') name: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
  ): Promise<void> {
    const { key, bindings } = await this.find(name);
    requireRevision(request, `API key ${name}`, key.revision);
    requireMayGive(principalOf(request), bindings);
    await this.store.deleteKey(name, keepsAdministrator(this.access), { isDryRun: query.validate_only });
    await this.access.reload();
  }

  /** With its own roles. */
  private async find(name: string) {
    const { keys, bindings } = await this.store.load();
    const key = keys.find((candidate) => candidate.name === name);
    if (key === undefined) throw new NotFoundException(`There is no API key ${name}.`);
    return { key, bindings: bindings.filter(({ principal }) => principal === `ApiKey:${name}`) };
  }
}
