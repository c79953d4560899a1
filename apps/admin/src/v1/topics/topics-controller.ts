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
import { TopicAdmin, type TopicDescription, type TopicSpec } from '#topics/topic-admin';
import { kafkaError } from '#wire/kafka/error-codes';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageSchema, type Page } from '../page.js';
import {
  NewTopicBody,
  partitionView,
  PartitionView,
  TopicPatch,
  TopicsQuery,
  topicSummary,
  TopicSummaryView,
  topicView,
  TopicView,
  TruncateBody,
  TruncatePlanView,
  type Ends,
} from './topic-schemas.js';
import { planTruncation, truncate } from './truncation.js';

type Write = z.output<typeof WriteQuery>;

const Partitions = z.object({ partitions: z.array(PartitionView) }).meta({ id: 'TopicPartitions' });
/** What a dry run of a creation answers: there is nothing yet to describe. */
const Created = z.union([TopicView, NewTopicBody]);

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
  @Summary('Creates a topic; with ?validate_only=true says whether it could be (200)')
  @Answers({ 200: Created, 201: TopicView }, 409, 422)
  async create(
    @Body({ schema: NewTopicBody }) body: NewTopicBody,
    @Query({ schema: WriteQuery }) query: Write,
    @Res({ passthrough: true }) response: Response,
  ): Promise<z.input<typeof Created>> {
    const spec: TopicSpec = {
      name: body.name,
      partitions: body.partitions,
      replicationFactor: body.replication,
      configs: body.configs,
      validateOnly: query.validate_only,
    };
    await explained(() => this.topics.createTopic(spec), { name: '/name', configs: Object.keys(body.configs) });
    if (query.validate_only) {
      response.status(200);
      return body;
    }
    response.setHeader('Location', `/api/v1/topics/${encodeURIComponent(body.name)}`);
    return this.get(body.name);
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

  @Patch(':topic')
  @Requires('topics', 'edit', 'topic')
  @Summary('Changes settings of a topic and adds partitions')
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
    const alter = (validateOnly: boolean): Promise<void> =>
      explained(() => settings.alter({ kind: 'topic', name }, changes, { validateOnly }), {
        name: '/name',
        configs: Object.keys(configs),
      });
    if (changes.length > 0) await alter(query.validate_only);
    if (wanted > now && !query.validate_only) await this.topics.addPartitions(name, wanted);
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
  @HttpCode(200)
  @Requires('topics', 'edit', 'topic')
  @Summary('Deletes the records before an offset or a time for good; with ?validate_only=true only the plan')
  @Answers({ 200: TruncatePlanView }, 404, 422)
  async truncate(
    @Param('topic') name: string,
    @Body({ schema: TruncateBody }) body: TruncateBody,
    @Query({ schema: WriteQuery }) query: Write,
  ): Promise<z.input<typeof TruncatePlanView>> {
    await this.find(name);
    const cuts = await planTruncation(this.topics, name, body);
    if (!query.validate_only) await truncate(this.topics.cluster, name, cuts);
    const partitions = cuts.map(({ partition, old, next }) => {
      return { partition, old_earliest_offset: old, new_earliest_offset: next };
    });
    return { kind: 'TopicTruncationPlan', topic: name, applied: !query.validate_only, partitions };
  }

  private async find(name: string): Promise<TopicDescription> {
    const topic = await this.topics.describeTopic(name);
    if (topic === null) throw new NotFoundException(`There is no topic ${name}`);
    return topic;
  }

  private async ends(name: string): Promise<Ends> {
    const [earliest, latest] = await Promise.all([
      this.topics.offsets(name, 'earliest'),
      this.topics.offsets(name, 'latest'),
    ]);
    return {
      earliest: new Map(earliest.map(({ partition, offset }) => [partition, offset])),
      latest: new Map(latest.map(({ partition, offset }) => [partition, offset])),
    };
  }
}

/** A refusal of the brokers as ours: 409 where it exists, 422 with the setting where a setting is wrong. */
async function explained(
  change: () => Promise<void>,
  places: { readonly name: string; readonly configs: readonly string[] },
): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!(error instanceof TopicsError)) throw error;
    const { kafkaCode: code, message } = error;
    if (code === kafkaError.TOPIC_ALREADY_EXISTS) throw new ConflictException(message);
    if (code === kafkaError.INVALID_TOPIC_EXCEPTION) {
      throw new FieldProblems(message, [{ pointer: places.name, code: 'invalid', message }]);
    }
    if (code !== kafkaError.INVALID_CONFIG) throw error;
    const setting = places.configs.find((name) => message.includes(name));
    const pointer = pointerOf(setting === undefined ? ['configs'] : ['configs', setting]);
    throw new FieldProblems(message, [{ pointer, code: 'invalid', message }]);
  }
}
