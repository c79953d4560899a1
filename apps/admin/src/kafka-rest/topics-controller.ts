import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import { TopicAdmin, type ConfigEntry, type PartitionDetail, type TopicDescription } from '#topics/topic-admin';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ClusterIdentity } from './cluster-identity.js';
import { Resources, type Fields } from './resource.js';

const NewTopic = z
  .strictObject({
    topic_name: z.string().min(1),
    partitions_count: z.number().int().min(1).optional(),
    replication_factor: z.number().int().min(1).optional(),
    configs: z.array(z.strictObject({ name: z.string().min(1), value: z.string().nullable() })).default([]),
    validate_only: z.boolean().default(false),
  })
  .meta({ id: 'NewTopic' });
const MorePartitions = z.strictObject({ partitions_count: z.number().int().min(1) }).meta({ id: 'MorePartitions' });

@Section('Topics')
@Controller('v3/clusters/:cluster/topics')
export class TopicsController {
  constructor(
    private readonly topics: TopicAdmin,
    private readonly identity: ClusterIdentity,
  ) {}

  @Get()
  @Requires('topics', 'read')
  @Summary('All topics')
  async list(@Param('cluster') cluster: string, @Req() request: Request): Promise<unknown> {
    await this.identity.check(cluster);
    const resources = new Resources(request);
    const listings = await this.topics.listTopics();
    const described = await Promise.all(listings.map((topic) => this.topics.describeTopic(topic.name)));
    const data = described.flatMap((topic) => (topic === null ? [] : [topicResource(resources, cluster, topic)]));
    return resources.list('KafkaTopicList', ['clusters', cluster, 'topics'], data);
  }

  @Post()
  @Requires('topics', 'edit', 'body.topic_name')
  @HttpCode(201)
  @Summary('Creates a topic')
  async create(
    @Param('cluster') cluster: string,
    @Body({ schema: NewTopic }) body: z.infer<typeof NewTopic>,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    const configs = body.configs.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const]));
    await this.topics.createTopic({
      name: body.topic_name,
      partitions: body.partitions_count,
      replicationFactor: body.replication_factor,
      configs: Object.fromEntries(configs),
      validateOnly: body.validate_only,
    });
    const resources = new Resources(request);
    if (body.validate_only) {
      response.status(200);
      return resources.one('KafkaTopic', ['clusters', cluster, 'topics', body.topic_name], {
        cluster_id: cluster,
        topic_name: body.topic_name,
      });
    }
    response.setHeader('Location', resources.url('clusters', cluster, 'topics', body.topic_name));
    return topicResource(resources, cluster, await this.find(body.topic_name));
  }

  @Get(':topic')
  @Requires('topics', 'read', 'topic')
  @Summary('One topic')
  async get(
    @Param('cluster') cluster: string,
    @Param('topic') name: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    return topicResource(new Resources(request), cluster, await this.find(name));
  }

  @Patch(':topic')
  @Requires('topics', 'edit', 'topic')
  @Summary('Adds partitions')
  async addPartitions(
    @Param('cluster') cluster: string,
    @Param('topic') name: string,
    @Body({ schema: MorePartitions }) body: z.infer<typeof MorePartitions>,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    await this.find(name);
    await this.topics.addPartitions(name, body.partitions_count);
    return topicResource(new Resources(request), cluster, await this.find(name));
  }

  @Delete(':topic')
  @Requires('topics', 'edit', 'topic')
  @HttpCode(204)
  @Summary('Deletes a topic and its records')
  async delete(@Param('cluster') cluster: string, @Param('topic') name: string): Promise<void> {
    await this.identity.check(cluster);
    await this.find(name);
    await this.topics.deleteTopic(name);
  }

  @Get(':topic/configs')
  @Requires('topics', 'read', 'topic')
  @Summary('Settings of a topic')
  async configs(
    @Param('cluster') cluster: string,
    @Param('topic') name: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    await this.find(name);
    const resources = new Resources(request);
    const entries = await this.topics.describeConfigs(name);
    const data = entries.map((entry) => configResource(resources, { cluster, topic: name }, entry));
    return resources.list('KafkaTopicConfigList', ['clusters', cluster, 'topics', name, 'configs'], data);
  }

  @Get(':topic/configs/:config')
  @Requires('topics', 'read', 'topic')
  @Summary('One setting of a topic')
  async config(
    @Param('cluster') cluster: string,
    @Param('topic') name: string,
    @Param('config') config: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    await this.find(name);
    const entry = (await this.topics.describeConfigs(name)).find((candidate) => candidate.name === config);
    if (entry === undefined) throw new DetailedHttpError(404, `Config ${config} cannot be found for topic ${name}.`);
    return configResource(new Resources(request), { cluster, topic: name }, entry);
  }

  @Get(':topic/partitions')
  @Requires('topics', 'read', 'topic')
  @Summary('Partitions of a topic')
  async partitions(
    @Param('cluster') cluster: string,
    @Param('topic') name: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    const topic = await this.find(name);
    const resources = new Resources(request);
    const data = topic.partitionDetails.map((detail) => partitionResource(resources, { cluster, topic: name }, detail));
    return resources.list('KafkaPartitionList', ['clusters', cluster, 'topics', name, 'partitions'], data);
  }

  @Get(':topic/partitions/:partition')
  @Requires('topics', 'read', 'topic')
  @Summary('One partition')
  async partition(
    @Param('cluster') cluster: string,
    @Param('topic') name: string,
    @Param('partition') partition: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    const detail = await this.findPartition(name, partition);
    return partitionResource(new Resources(request), { cluster, topic: name }, detail);
  }

  @Get(':topic/partitions/:partition/offset')
  @Requires('topics', 'read', 'topic')
  @Summary('Earliest and latest offset of a partition; ?offset_type=earliest or latest gives one')
  async offset(
    @Param('cluster') cluster: string,
    @Param('topic') name: string,
    @Param('partition') partition: string,
    @Req() request: Request,
    @Query('offset_type') type?: string,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    const detail = await this.findPartition(name, partition);
    const at = async (place: 'earliest' | 'latest'): Promise<number | undefined> =>
      (await this.topics.offsets(name, place)).find((candidate) => candidate.partition === detail.partition)?.offset;
    const wanted = String(type).toLowerCase();
    return new Resources(request).one(
      'KafkaPartitionOffset',
      ['clusters', cluster, 'topics', name, 'partitions', detail.partition],
      {
        cluster_id: cluster,
        topic_name: name,
        partition_id: detail.partition,
        ...(wanted === 'latest' ? {} : { earliest_offset: await at('earliest') }),
        ...(wanted === 'earliest' ? {} : { latest_offset: await at('latest') }),
      },
    );
  }

  private async find(name: string): Promise<TopicDescription> {
    const topic = await this.topics.describeTopic(name);
    if (topic === null) throw new DetailedHttpError(40_401, `Topic ${name} cannot be found.`);
    return topic;
  }

  private async findPartition(topic: string, partition: string): Promise<PartitionDetail> {
    const description = await this.find(topic);
    const detail = description.partitionDetails.find((candidate) => String(candidate.partition) === partition);
    if (detail === undefined)
      throw new DetailedHttpError(40_402, `Partition ${partition} of ${topic} cannot be found.`);
    return detail;
  }
}

interface TopicPlace {
  readonly cluster: string;
  readonly topic: string;
}

function topicResource(resources: Resources, cluster: string, topic: TopicDescription): Fields {
  const path = ['clusters', cluster, 'topics', topic.name];
  return resources.one('KafkaTopic', path, {
    cluster_id: cluster,
    topic_name: topic.name,
    is_internal: topic.internal,
    replication_factor: topic.replicationFactor,
    partitions_count: topic.partitions,
    partitions: resources.related(...path, 'partitions'),
    configs: resources.related(...path, 'configs'),
    partition_reassignments: resources.related(...path, 'partitions', '-', 'reassignment'),
    authorized_operations: [],
  });
}

function partitionResource(resources: Resources, place: TopicPlace, detail: PartitionDetail): Fields {
  const path = ['clusters', place.cluster, 'topics', place.topic, 'partitions', detail.partition];
  const leader = detail.leader < 0 ? null : resources.related(...path, 'replicas', detail.leader);
  return resources.one('KafkaPartition', path, {
    cluster_id: place.cluster,
    topic_name: place.topic,
    partition_id: detail.partition,
    leader,
    replicas: resources.related(...path, 'replicas'),
    reassignment: resources.related(...path, 'reassignment'),
  });
}

const sources = { topic: 'DYNAMIC_TOPIC_CONFIG', broker: 'STATIC_BROKER_CONFIG', default: 'DEFAULT_CONFIG' } as const;

function configResource(resources: Resources, place: TopicPlace, entry: ConfigEntry): Fields {
  const source = sources[entry.source];
  return resources.one('KafkaTopicConfig', ['clusters', place.cluster, 'topics', place.topic, 'configs', entry.name], {
    cluster_id: place.cluster,
    topic_name: place.topic,
    name: entry.name,
    value: entry.sensitive ? null : entry.value,
    is_default: entry.source === 'default',
    is_read_only: entry.readOnly,
    is_sensitive: entry.sensitive,
    source,
    synonyms: entry.value === null ? [] : [{ name: entry.name, value: entry.sensitive ? null : entry.value, source }],
  });
}
