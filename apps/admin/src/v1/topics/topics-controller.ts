import {
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { FieldProblems, pointerOf } from '#nest/field-problems';
import { ConfigAdmin } from '#topics/config-admin';
import { TopicsError } from '#topics/errors';
import { partitionSizes } from '#topics/log-dirs';
import { TopicAdmin, type TopicDescription, type TopicSpec } from '#topics/topic-admin';
import { checkPartitions, planTopic } from '#topics/topic-plans';
import { kafkaError } from '#wire/kafka/error-codes';
import { mayRead } from '../../access/principal.js';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageSchema, type Page } from '../page.js';
import { configsView } from './topic-configs.js';
import { readersOf } from './topic-groups.js';
import {
  NewTopicBody,
  partitionView,
  PartitionView,
  TopicConfigsView,
  TopicGroupsView,
  TopicPatch,
  TopicPlanView,
  TopicsQuery,
  topicSummary,
  TopicSummaryView,
  topicView,
  TopicView,
  TruncateBody,
  TruncatePlanView,
  type Ends,
} from './topic-schemas.js';
import { planTruncation, requireDeletable, truncate } from './truncation.js';

type Write = z.output<typeof WriteQuery>;

const Partitions = z.object({ partitions: z.array(PartitionView) }).meta({ id: 'TopicPartitions' });
@Section('Topics')
@Controller('api/v1/topics')
export class NativeTopicsController {
  constructor(private readonly topics: TopicAdmin) {}

  @Get()
  @Requires('topics', 'read')
  @Summary('Topics by name')
  @Answers({ 200: pageSchema('TopicList', TopicSummaryView) })
  async list(
    @Query({ schema: TopicsQuery }) query: z.output<typeof TopicsQuery>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<object>> {
    const filter = query.filter?.toLowerCase() ?? '';
    const listed = (await this.topics.listTopics()).filter(
      ({ name, internal }) => name.toLowerCase().includes(filter) && (query.internal === 'true' || !internal),
    );
    const keyOf = ({ name }: z.input<typeof TopicSummaryView>): string => name;
    return pageOf(listed.map(topicSummary), { kind: 'TopicList', query, keyOf, request, response });
  }

  @Post()
  @HttpCode(201)
  @Requires('topics', 'edit', 'body.name')
  @Summary('Creates a topic; with ?validate_only=true says how it would be, with all defaults (200)')
  @Answers({ 200: TopicPlanView, 201: TopicView }, 409, 422)
  async create(
    @Body({ schema: NewTopicBody }) body: NewTopicBody,
    @Query({ schema: WriteQuery }) query: Write,
    @Res({ passthrough: true }) response: Response,
  ): Promise<z.input<typeof TopicPlanView> | z.input<typeof TopicView>> {
    const { name, partitions, replication: replicationFactor, configs } = body;
    const spec: TopicSpec = { name, partitions, replicationFactor, configs };
    const places = { name: '/name', configs: Object.keys(configs) };
    if (query.validate_only) {
      const plan = await explained(() => planTopic(this.topics.cluster, spec), places);
      response.status(200);
      return {
        kind: 'TopicPlan',
        name,
        partitions: plan.partitions,
        replication: plan.replicationFactor,
        configs: plan.configs.map((config) => {
          return { name: config.name, value: config.value, source: config.isGiven ? 'topic' : 'default' };
        }),
      };
    }
    await explained(() => this.topics.createTopic(spec), places);
    response.setHeader('Location', `/api/v1/topics/${encodeURIComponent(name)}`);
    return this.get(name);
  }

  @Get(':topic')
  @Requires('topics', 'read', 'topic')
  @Summary('A topic with its partitions and settings')
  @Answers({ 200: TopicView }, 404)
  async get(@Param('topic') name: string): Promise<z.input<typeof TopicView>> {
    const topic = await this.find(name);
    const [ends, configs] = await Promise.all([this.ends(name), this.topics.describeConfigs(name)]);
    return topicView(topic, ends, configs);
  }

  @Get(':topic/partitions')
  @Requires('topics', 'read', 'topic')
  @Summary('Partitions of a topic: leader, replicas, first and next offset')
  @Answers({ 200: Partitions }, 404)
  async partitions(@Param('topic') name: string): Promise<z.input<typeof Partitions>> {
    const { partitionDetails } = await this.find(name);
    const ends = await this.ends(name);
    return { partitions: partitionDetails.map((detail) => partitionView(detail, ends)) };
  }

  @Get(':topic/configs')
  @Requires('topics', 'read', 'topic')
  @Summary('Settings of a topic: where each comes from, what it means and what its default is')
  @Answers({ 200: TopicConfigsView }, 404)
  async configs(@Param('topic') name: string): Promise<z.input<typeof TopicConfigsView>> {
    await this.find(name);
    return configsView(name, await new ConfigAdmin(this.topics.cluster).describe([{ kind: 'topic', name }]));
  }

  @Get(':topic/groups')
  @Requires('topics', 'read', 'topic')
  @Summary('Groups that read a topic, of those that the caller may see, with how far each is behind')
  @Answers({ 200: TopicGroupsView }, 404)
  async groups(@Param('topic') name: string, @Req() request: Request): Promise<z.input<typeof TopicGroupsView>> {
    await this.find(name);
    const isSeen = (group: string): boolean => mayRead(request, 'groups', group);
    return { kind: 'TopicGroups', topic: name, ...(await readersOf(this.topics, name, isSeen)) };
  }

  @Patch(':topic')
  @Requires('topics', 'edit', 'topic')
  @Summary(
    'Changes settings of a topic and adds partitions; with ?validate_only=true asks the brokers whether they would',
  )
  @Answers({ 200: TopicView }, 404, 422)
  async patch(
    @Param('topic') name: string,
    @Body({ schema: TopicPatch }) body: z.output<typeof TopicPatch>,
    @Query({ schema: WriteQuery }) query: Write,
  ): Promise<z.input<typeof TopicView>> {
    const { partitions: now } = await this.find(name);
    const { partitions: wanted = now, configs = {} } = body;
    if (wanted < now) {
      const message = `Topic ${name} has ${now} partitions; their number can only grow`;
      throw new FieldProblems(message, [{ pointer: '/partitions', code: 'too_few', message }]);
    }
    const changes = Object.entries(configs).map(([setting, value]) => ({ name: setting, value }));
    const settings = new ConfigAdmin(this.topics.cluster);
    const places = { name: '/name', configs: Object.keys(configs) };
    const alter = (validateOnly: boolean): Promise<void> =>
      explained(() => settings.alter({ kind: 'topic', name }, changes, { validateOnly }), places);
    // Both are asked before either is done: a refusal leaves nothing half changed.
    if (changes.length > 0) await alter(true);
    if (wanted > now) await explained(() => checkPartitions(this.topics.cluster, name, wanted), places);
    if (!query.validate_only) {
      if (changes.length > 0) await alter(false);
      if (wanted > now) await explained(() => this.topics.addPartitions(name, wanted), places);
    }
    return this.get(name);
  }

  @Delete(':topic')
  @HttpCode(204)
  @Requires('topics', 'edit', 'topic')
  @Summary('Deletes a topic and its records')
  @Answers({ 204: null }, 404)
  async delete(@Param('topic') name: string, @Query({ schema: WriteQuery }) query: Write): Promise<void> {
    await this.find(name);
    if (!query.validate_only) await this.topics.deleteTopic(name);
  }

  @Post(':topic\\:truncate')
  @HttpCode(202)
  @Requires('topics', 'edit', 'topic')
  @Summary('Deletes the records before an offset or a time for good; with ?validate_only=true only the plan (200)')
  @Answers({ 200: TruncatePlanView, 202: TruncatePlanView }, 404, 409, 422)
  async truncate(
    @Param('topic') name: string,
    @Body({ schema: TruncateBody }) body: TruncateBody,
    @Query({ schema: WriteQuery }) query: Write,
    @Res({ passthrough: true }) response: Response,
  ): Promise<z.input<typeof TruncatePlanView>> {
    await this.find(name);
    await requireDeletable(this.topics, name);
    const cuts = await planTruncation(this.topics, name, body);
    if (query.validate_only) response.status(200);
    else await truncate(this.topics.cluster, name, cuts);
    const records = cuts.reduce((sum, { old, next }) => sum + next - old, 0);
    const partitions = cuts.map(({ partition, old, next }) => {
      return { partition, old_earliest_offset: old, new_earliest_offset: next };
    });
    return { kind: 'TopicTruncationPlan', topic: name, applied: !query.validate_only, partitions, records };
  }

  private async find(name: string): Promise<TopicDescription> {
    const topic = await this.topics.describeTopic(name);
    if (topic === null) throw new NotFoundException(`There is no topic ${name}`);
    return topic;
  }

  private async ends(name: string): Promise<Ends> {
    const [earliest, latest, sizes] = await Promise.all([
      this.topics.offsets(name, 'earliest'),
      this.topics.offsets(name, 'latest'),
      partitionSizes(this.topics.cluster, name),
    ]);
    return {
      sizes,
      earliest: new Map(earliest.map(({ partition, offset }) => [partition, offset])),
      latest: new Map(latest.map(({ partition, offset }) => [partition, offset])),
    };
  }
}

/** A refusal of the brokers as ours: 409 where it exists, 422 with the setting where a setting is wrong. */
async function explained<T>(
  change: () => Promise<T>,
  places: { readonly name: string; readonly configs: readonly string[] },
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof TopicsError)) throw error;
    const { kafkaCode: code, message } = error;
    if (code === kafkaError.TOPIC_ALREADY_EXISTS) throw new ConflictException(message);
    if (code === kafkaError.INVALID_TOPIC_EXCEPTION) {
      throw new FieldProblems(message, [{ pointer: places.name, code: 'invalid', message }]);
    }
    if (code === kafkaError.INVALID_PARTITIONS) {
      throw new FieldProblems(message, [{ pointer: '/partitions', code: 'invalid', message }]);
    }
    if (code === kafkaError.INVALID_REPLICATION_FACTOR) {
      throw new FieldProblems(message, [{ pointer: '/replication', code: 'invalid', message }]);
    }
    if (code !== kafkaError.INVALID_CONFIG) throw error;
    const setting = places.configs.find((name) => message.includes(name));
    const pointer = pointerOf(setting === undefined ? ['configs'] : ['configs', setting]);
    throw new FieldProblems(message, [{ pointer, code: 'invalid', message }]);
  }
}
