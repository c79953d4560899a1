import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { AccessAdmin, type Quota, type QuotaEntity } from '#topics/access-admin';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageSchema, type Page } from '../page.js';
import { everyName, quotaKeys, QuotaListQuery, quotaNames, QuotaQuery, QuotaSpec, QuotaView } from './acl-schemas.js';
import { sorted } from './security-views.js';

const DeleteQuery = QuotaQuery.extend(WriteQuery.shape);

/** How much of the Kafka listeners somebody gets. */
@Section('Security')
@Controller('api/v1/quotas')
export class QuotasController {
  constructor(private readonly topics: AccessAdmin) {}

  @Get()
  @Requires('security', 'read')
  @Summary('Quotas; with user, client_id or ip only that of exactly this entity')
  @Answers({ 200: pageSchema('QuotaList', QuotaView) })
  async list(
    @Query({ schema: QuotaListQuery }) query: z.output<typeof QuotaListQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const { page_size: _size, page_token: _token, ...named } = query;
    const entity = Object.keys(named).length === 0 ? undefined : entityOf(named);
    const quotas = (await this.topics.listQuotas(entity)).map(quotaView);
    const keyOf = (quota: object): string => JSON.stringify(quota);
    return pageOf(sorted(quotas, keyOf), { kind: 'QuotaList', query, keyOf, request, response });
  }

  @Put()
  @Requires('security', 'administer')
  @Summary('Sets the quota of an entity as a whole')
  @Answers({ 200: QuotaView }, 422)
  async put(
    @Body({ schema: QuotaSpec }) body: QuotaSpec,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
  ): Promise<object> {
    const entity = entityOf(body.entity);
    const [old] = await this.topics.listQuotas(entity);
    const values = quotaNames.flatMap((name) => {
      const value = body[name] ?? null;
      return value === null && !(quotaKeys[name] in (old?.values ?? {})) ? [] : [[quotaKeys[name], value] as const];
    });
    const isDryRun = query.validate_only;
    await this.topics.alterQuota(entity, Object.fromEntries(values), { validateOnly: isDryRun });
    const shown = Object.fromEntries(values.filter((entry): entry is [(typeof entry)[0], number] => entry[1] !== null));
    return quotaView({ entity, values: shown });
  }

  @Delete()
  @HttpCode(204)
  @Requires('security', 'administer')
  @Summary('Removes the quota of exactly this entity')
  @Answers({ 204: null }, 404)
  async delete(@Query({ schema: DeleteQuery }) query: z.output<typeof DeleteQuery>): Promise<void> {
    const { validate_only, ...named } = query;
    if (Object.keys(named).length === 0) throw new BadRequestException('Say whose: a user, a client_id or an ip.');
    const entity = entityOf(named);
    const [quota] = await this.topics.listQuotas(entity);
    if (quota === undefined) throw new NotFoundException(`There is no quota for ${JSON.stringify(named)}.`);
    const values = Object.fromEntries(Object.keys(quota.values).map((key) => [key, null]));
    await this.topics.alterQuota(entity, values, { validateOnly: validate_only });
  }
}

function entityOf(named: QuotaQuery): QuotaEntity {
  const part = (key: keyof QuotaEntity, name: string | undefined): QuotaEntity =>
    name === undefined ? {} : { [key]: name === everyName ? null : name };
  return { ...part('user', named.user), ...part('clientId', named.client_id), ...part('ip', named.ip) };
}

function quotaView({ entity, values }: Quota): object {
  const part = (key: string, name: string | null | undefined): object =>
    name === undefined ? {} : { [key]: name ?? everyName };
  const amounts = quotaNames.flatMap((name) => {
    const value = values[quotaKeys[name]];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    entity: { ...part('user', entity.user), ...part('client_id', entity.clientId), ...part('ip', entity.ip) },
    ...Object.fromEntries(amounts),
  };
}
