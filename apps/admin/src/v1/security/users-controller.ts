import {
  Body,
  ConflictException,
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
import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { z } from 'zod';
import { AccessStore } from '#control/access/access-store';
import { scramIterations, type ScramName } from '#security/scram';
import { AccessAdmin, type ScramUser } from '#topics/access-admin';
import { AccessControl } from '../../access/access-control.js';
import { storedKeyOf } from '../../access/logins.js';
import { principalOf } from '../../access/principal.js';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageQuery, pageSchema, type Page, type PageQuery } from '../page.js';
import { keepsAdministrator, requireMayGive } from './role-giving.js';
import { NewUser, UserPassword, UserView } from './security-schemas.js';
import { rolesOf, sorted } from './security-views.js';

const deriveKey = promisify(pbkdf2);
const saltBytes = 24;
const hashes = { 'SCRAM-SHA-256': ['sha256', 32], 'SCRAM-SHA-512': ['sha512', 64] } as const;

type Password = Pick<z.output<typeof UserPassword>, 'password' | 'mechanisms'>;

/**
 * People with a password: one for the Kafka listeners and for REST. Topics keep their verifier, REST keeps its own; the password itself is
 * nowhere.
 */
@Section('Security')
@Controller('api/v1/users')
export class UsersController {
  constructor(
    private readonly store: AccessStore,
    private readonly access: AccessControl,
    private readonly topics: AccessAdmin,
  ) {}

  @Get()
  @Requires('security', 'read')
  @Summary('Users by name: those of REST, and those of topics')
  @Answers({ 200: pageSchema('UserList', UserView) })
  async list(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const all = sorted(await this.all(), ({ name }) => name);
    return pageOf(all, { kind: 'UserList', query, keyOf: ({ name }) => name, request, response });
  }

  @Post()
  @HttpCode(201)
  @Requires('security', 'administer', 'body.name')
  @Summary('Adds a user; without a role they may do nothing over REST')
  @Answers({ 200: UserView, 201: UserView }, 409)
  async create(
    @Body({ schema: NewUser }) body: z.output<typeof NewUser>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    await this.requireMayHaveRolesOf(body.name, request);
    if ((await this.all()).some(({ name }) => name === body.name)) {
      throw new ConflictException(
        `There is a user ${body.name} already. PUT /api/v1/users/${body.name} changes the password.`,
      );
    }
    if (query.validate_only) {
      response.status(200);
      return { name: body.name, mechanisms: body.mechanisms, rest_login: true, roles: [] };
    }
    await this.write(body.name, body, []);
    response.setHeader('Location', `/api/v1/users/${encodeURIComponent(body.name)}`);
    return this.find(body.name);
  }

  @Get(':name')
  @Requires('security', 'read', 'name')
  @Summary('A user')
  @Answers({ 200: UserView }, 404)
  get(@Param('name') name: string): Promise<object> {
    return this.find(name);
  }

  @Put(':name')
  @Requires('security', 'administer', 'name')
  @Summary('Sets a new password, and with which logins of topics it is good')
  @Answers({ 200: UserView }, 404)
  async put(
    @Param('name') name: string,
    @Body({ schema: UserPassword }) body: z.output<typeof UserPassword>,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
  ): Promise<object> {
    const { mechanisms } = await this.find(name);
    await this.requireMayHaveRolesOf(name, request);
    if (!query.validate_only) await this.write(name, body, mechanisms);
    return this.find(name);
  }

  @Delete(':name')
  @HttpCode(204)
  @Requires('security', 'administer', 'name')
  @Summary('Removes a user with their roles, here and at topics')
  @Answers({ 204: null }, 404, 409)
  async delete(
    @Param('name') name: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Req() request: Request,
  ): Promise<void> {
    const { mechanisms } = await this.find(name);
    await this.requireMayHaveRolesOf(name, request);
    await this.store.deleteUser(name, keepsAdministrator(this.access), { isDryRun: query.validate_only });
    if (query.validate_only) return;
    const deletions = mechanisms.map((mechanism) => ({ name, mechanism }));
    if (deletions.length > 0) await this.topics.alterScramUsers({ deletions });
    await this.access.reload();
  }

  private async all() {
    const [{ users, bindings }, known] = await Promise.all([this.store.load(), this.topics.listScramUsers()]);
    const scram = new Map<string, ScramUser>(known.map((user) => [user.name, user]));
    const ours = new Set(users.map(({ name }) => name));
    return [...new Set([...ours, ...scram.keys()])].map((name) => ({
      name,
      mechanisms: (scram.get(name)?.mechanisms ?? []).map(({ mechanism }) => mechanism),
      rest_login: ours.has(name),
      roles: rolesOf(`User:${name}`, bindings),
    }));
  }

  private async find(name: string) {
    const user = (await this.all()).find((candidate) => candidate.name === name);
    if (user === undefined) throw new NotFoundException(`There is no user ${name}.`);
    return user;
  }

  /** Whoever sets a password can log in with it. */
  private async requireMayHaveRolesOf(name: string, request: Request): Promise<void> {
    const { bindings } = await this.store.load();
    requireMayGive(
      principalOf(request),
      bindings.filter(({ principal }) => principal === `User:${name}`),
    );
  }

  /** Topics first: where they refuse, nothing has changed. */
  private async write(name: string, { password, mechanisms }: Password, old: readonly ScramName[]): Promise<void> {
    const iterations: number = scramIterations.default;
    const upsertions = await Promise.all(
      mechanisms.map(async (mechanism) => {
        const [hash, bytes] = hashes[mechanism];
        const salt = randomBytes(saltBytes);
        const saltedPassword = await deriveKey(password.normalize('NFKC'), salt, iterations, bytes, hash);
        return { name, mechanism, salt, saltedPassword, iterations };
      }),
    );
    const deletions = old
      .filter((mechanism) => !mechanisms.includes(mechanism))
      .map((mechanism) => ({ name, mechanism }));
    if (upsertions.length + deletions.length > 0) await this.topics.alterScramUsers({ upsertions, deletions });
    const salt = randomBytes(saltBytes).toString('base64');
    await this.store.putUser({ name, salt, iterations, storedKey: await storedKeyOf(password, { salt, iterations }) });
    await this.access.reload();
  }
}
