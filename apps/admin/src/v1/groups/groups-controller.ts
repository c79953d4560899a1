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
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { resolveReferences } from '#config/references';
import type { Connector } from '#control/connector';
import { ControlStore } from '#control/control-store';
import { kafkaError } from '#wire/kafka/error-codes';
import { TopicsError } from '#topics/errors';
import { TopicAdmin, type GroupDescription } from '#topics/topic-admin';
import { ConnectorClasses } from '../../connect/connector-class.js';
import { requireClass } from '../../connect/connector-spec.js';
import { SinkOffsets } from '../../connect/sink-offsets.js';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageSchema, type Page } from '../page.js';
import {
  GroupLagView,
  GroupsQuery,
  GroupSummaryView,
  groupView,
  GroupView,
  lagView,
  ResetBody,
  ResetPlanView,
  summaryView,
} from './group-views.js';
import { lagSeconds } from './lag-seconds.js';
import { planReset } from './offsets-reset.js';

const sinkGroupPrefix = 'connect-';

/** Consumer groups, those of sinks (`connect-<sink>`) among them: who reads, how far behind, from where on. */
@Section('Groups')
@Controller('api/v1/groups')
export class GroupsController {
  constructor(
    private readonly topics: TopicAdmin,
    private readonly store: ControlStore,
    private readonly classes: ConnectorClasses,
  ) {}

  @Get()
  @Requires('groups', 'read')
  @Summary('Consumer groups by name')
  @Answers({ 200: pageSchema('GroupList', GroupSummaryView) })
  async list(
    @Query({ schema: GroupsQuery }) query: z.output<typeof GroupsQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const filter = query.filter?.toLowerCase() ?? '';
    const state = query.state?.toLowerCase();
    const groups = (await this.topics.listGroups()).filter(
      (group) =>
        group.groupId.toLowerCase().includes(filter) && (state === undefined || group.state.toLowerCase() === state),
    );
    const keyOf = ({ name }: z.input<typeof GroupSummaryView>): string => name;
    return pageOf(groups.map(summaryView), { kind: 'GroupList', query, keyOf, request, response });
  }

  @Get(':group')
  @Requires('groups', 'read', 'group')
  @Summary('A group with its members and what they read')
  @Answers({ 200: GroupView }, 404)
  async get(@Param('group') name: string): Promise<z.input<typeof GroupView>> {
    return groupView(await this.find(name));
  }

  @Get(':group/lag')
  @Requires('groups', 'read', 'group')
  @Summary('How far a group is behind, partition by partition')
  @Answers({ 200: GroupLagView }, 404)
  async lag(@Param('group') name: string): Promise<z.input<typeof GroupLagView>> {
    await this.find(name);
    const lags = await this.topics.groupLag(name);
    return lagView(name, lags, await lagSeconds(this.topics, lags));
  }

  @Delete(':group')
  @HttpCode(204)
  @Requires('groups', 'edit', 'group')
  @Summary('Deletes a group without members and the offsets it has committed')
  @Answers({ 204: null }, 404, 409)
  async delete(
    @Param('group') name: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
  ): Promise<void> {
    this.checkIdle(await this.find(name), 'deleted');
    if (query.validate_only) return;
    await this.whileIdle(name, 'deleted', () => this.topics.deleteGroup(name));
  }

  @Post(':group/offsets\\:reset')
  @HttpCode(200)
  @Requires('groups', 'operate', 'group')
  @Summary(
    'Moves where a group without members goes on reading; makes the group where there is none. With ?validate_only=true only the plan',
  )
  @Answers({ 200: ResetPlanView }, 404, 409, 422)
  async reset(
    @Param('group') name: string,
    @Body({ schema: ResetBody }) body: ResetBody,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
  ): Promise<z.input<typeof ResetPlanView>> {
    const { topic } = body;
    const group = await this.topics.describeGroup(name);
    if (!query.validate_only) this.checkIdle(group, 'moved');
    const moves = await planReset(this.topics, name, body);
    const positions = moves.map(({ partition, next: offset }) => ({ topic, partition, offset }));
    if (!query.validate_only) {
      const sink = await this.sinkKeepingOffsets(name);
      const move = (): Promise<void> => sink?.move(positions) ?? this.topics.resetGroupOffsets(name, positions);
      await this.whileIdle(name, 'moved', move);
    }
    return {
      kind: 'GroupOffsetsPlan',
      group: name,
      topic,
      applied: !query.validate_only,
      members: group.members.length,
      partitions: moves.map(({ partition, old, next }) => ({ partition, old_offset: old, new_offset: next })),
    };
  }

  private async find(name: string): Promise<GroupDescription> {
    const group = await this.topics.describeGroup(name);
    // Offsets without members are a group too, in whatever state a broker calls it.
    if (group.state !== 'Dead' || (await this.topics.groupOffsets(name)).length > 0) return group;
    throw new NotFoundException(`There is no group ${name}`);
  }

  /** A sink that keeps offsets in its store too, where they count: moved only in the group, it would go on where it was. */
  private async sinkKeepingOffsets(group: string): Promise<SinkOffsets | null> {
    const connector = await this.sinkOf(group);
    if (connector === null) return null;
    const connectorClass = requireClass(this.classes, connector.config);
    const fixed = connectorClass.offsetsFixed(connector.config);
    if (fixed !== null) throw new ConflictException(fixed);
    if (connector.targetState !== 'STOPPED') {
      throw new ConflictException(`Group ${group} is that of sink ${connector.name}: stop the sink and ask again.`);
    }
    const { clock } = this.topics.cluster;
    return new SinkOffsets({ topics: this.topics, clock }, connectorClass, connector);
  }

  /** The sink whose group this is: `connect-<name>`, or what `consumer.override.group.id` says. */
  private async sinkOf(group: string): Promise<Connector | null> {
    const connectors = await this.store.listConnectors();
    const found = connectors.find(({ kind, name, config }) => {
      if (kind !== 'sink' || (config['consumer.override.bootstrap.servers'] ?? '').trim() !== '') return false;
      const own = config['consumer.override.group.id'];
      if (own === undefined) return group === `${sinkGroupPrefix}${name}`;
      return resolvedGroup(own) === group;
    });
    return found ?? null;
  }

  private checkIdle({ groupId, members }: GroupDescription, done: string): void {
    if (members.length > 0) throw busy(groupId, done, members.map(({ clientId }) => clientId).slice(0, 5));
  }

  /** Somebody may have joined since it was looked at. */
  private async whileIdle(name: string, done: string, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      const codes: readonly number[] = [kafkaError.NON_EMPTY_GROUP, kafkaError.UNKNOWN_MEMBER_ID];
      if (error instanceof TopicsError && codes.includes(error.kafkaCode)) throw busy(name, done, []);
      throw error;
    }
  }
}

function busy(group: string, done: string, clients: readonly string[]): ConflictException {
  const whose = clients.length === 0 ? '' : ` (${clients.join(', ')})`;
  return new ConflictException(
    `Group ${group} has members${whose} and can be ${done} only without: stop its consumers, or the sink that it is of, and ask again.`,
  );
}

/** Null where it refers to what is not there. */
function resolvedGroup(text: string): string | null {
  try {
    return resolveReferences({ group: text }, process.env)['group'] ?? null;
  } catch {
    return null;
  }
}
