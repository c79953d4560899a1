import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import { TopicAdmin, type PartitionDetail, type TopicDescription } from '#topics/topic-admin';
import { NotAudited, Requires } from '../../access/requires.js';
import { Section, Summary } from '../../operations/summary.js';
import { failureOf, RestProducer } from '../rest-producer.js';
import { ProxyRecords } from './consumer-bodies.js';
import { bytesOfValue, formatOfBody, sendV2 } from './formats.js';

/** Topics and brokers as REST Proxy v2 shows them, and its way to write records. */
@Section('Topics (v2)')
@Controller()
export class ProxyTopicsController {
  constructor(
    private readonly topics: TopicAdmin,
    private readonly producer: RestProducer,
  ) {}

  @Get('brokers')
  @Requires('cluster', 'read')
  @Summary('Ids of the brokers')
  async brokers(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { brokers } = await this.topics.describeCluster();
    sendV2(request, response, { brokers: brokers.map(({ nodeId }) => nodeId) });
  }

  @Get('topics')
  @Requires('topics', 'read')
  @Summary('Names of all topics')
  async list(@Req() request: Request, @Res() response: Response): Promise<void> {
    const topics = await this.topics.listTopics();
    sendV2(
      request,
      response,
      topics.map(({ name }) => name),
    );
  }

  @Get('topics/:topic')
  @Requires('topics', 'read', 'topic')
  @Summary('A topic with its settings and partitions')
  async get(@Param('topic') name: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const topic = await this.find(name);
    const configs = await this.topics.describeConfigs(name);
    const set = configs.filter(({ sensitive, value }) => !sensitive && value !== null);
    sendV2(request, response, {
      name,
      configs: Object.fromEntries(set.map((entry) => [entry.name, entry.value])),
      partitions: topic.partitionDetails.map(shownPartition),
    });
  }

  @Get('topics/:topic/partitions')
  @Requires('topics', 'read', 'topic')
  @Summary('Partitions of a topic')
  async partitions(@Param('topic') name: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    sendV2(request, response, (await this.find(name)).partitionDetails.map(shownPartition));
  }

  @Get('topics/:topic/partitions/:partition')
  @Requires('topics', 'read', 'topic')
  @Summary('One partition')
  async partition(
    @Param('topic') name: string,
    @Param('partition') partition: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    sendV2(request, response, shownPartition(await this.findPartition(name, partition)));
  }

  @Get('topics/:topic/partitions/:partition/offsets')
  @Requires('topics', 'read', 'topic')
  @Summary('First offset of a partition, and the one after its last')
  async offsets(
    @Param('topic') name: string,
    @Param('partition') id: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { partition } = await this.findPartition(name, id);
    const [earliest, latest] = await Promise.all([
      this.topics.offsets(name, 'earliest'),
      this.topics.offsets(name, 'latest'),
    ]);
    sendV2(request, response, {
      beginning_offset: earliest.find((found) => found.partition === partition)?.offset,
      end_offset: latest.find((found) => found.partition === partition)?.offset,
    });
  }

  @Post('topics/:topic')
  @Requires('topics', 'edit', 'topic')
  @NotAudited()
  @HttpCode(200)
  @Summary('Writes records; says of each where it lies, or why not')
  async produce(
    @Param('topic') topic: string,
    @Body({ schema: ProxyRecords }) body: z.infer<typeof ProxyRecords>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.producer.checkTopic(topic);
    sendV2(request, response, await this.write(topic, body, request));
  }

  @Post('topics/:topic/partitions/:partition')
  @Requires('topics', 'edit', 'topic')
  @NotAudited()
  @HttpCode(200)
  @Summary('Writes records to one partition')
  async produceTo(
    @Param('topic') topic: string,
    @Param('partition') id: string,
    @Body({ schema: ProxyRecords }) body: z.infer<typeof ProxyRecords>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { partition } = await this.findPartition(topic, id);
    const records = body.records.map((record) => ({ ...record, partition }));
    sendV2(request, response, await this.write(topic, { records }, request));
  }

  /** What is wrong with the form of one record refuses all; what keeps one from being written does not keep the others. */
  private async write(topic: string, body: z.infer<typeof ProxyRecords>, request: Request): Promise<object> {
    const format = formatOfBody(request);
    const records = body.records.map((record, index) => ({
      key: bytesOfValue(format, record.key, `key of record ${index}`),
      value: bytesOfValue(format, record.value, `value of record ${index}`),
      partition: record.partition ?? undefined,
    }));
    const offsets = await Promise.all(
      records.map(async (record) => {
        try {
          return { ...(await this.producer.write(topic, record)), error_code: null, error: null };
        } catch (error) {
          const { error_code, message } = failureOf(error);
          return { partition: record.partition ?? null, offset: null, error_code, error: message };
        }
      }),
    );
    return { offsets, key_schema_id: null, value_schema_id: null };
  }

  private async find(name: string): Promise<TopicDescription> {
    const topic = await this.topics.describeTopic(name);
    if (topic === null) throw new DetailedHttpError(40_401, `Topic ${name} cannot be found.`);
    return topic;
  }

  private async findPartition(name: string, id: string): Promise<PartitionDetail> {
    const { partitionDetails } = await this.find(name);
    const detail = partitionDetails.find(({ partition }) => String(partition) === id);
    if (detail === undefined) throw new DetailedHttpError(40_402, `Partition ${id} of ${name} cannot be found.`);
    return detail;
  }
}

function shownPartition({ partition, leader, replicas, inSyncReplicas }: PartitionDetail): object {
  return {
    partition,
    leader,
    replicas: replicas.map((broker) => ({
      broker,
      leader: broker === leader,
      in_sync: inSyncReplicas.includes(broker),
    })),
  };
}
