import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import { ConfigAdmin, type ConfigResource } from '#topics/config-admin';
import { TopicAdmin } from '#topics/topic-admin';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ClusterIdentity } from './cluster-identity.js';
import { AlterConfigs, changesOf, ConfigValue, sourcedConfig } from './config-forms.js';
import { Resources } from './resource.js';

/** How settings of topics change, and those of all topics at once. */
@Section('Topics')
@Controller('v3/clusters/:cluster/topics')
export class TopicConfigsController {
  constructor(
    private readonly configs: ConfigAdmin,
    private readonly topics: TopicAdmin,
    private readonly identity: ClusterIdentity,
  ) {}

  @Get('-/configs')
  @Requires('topics', 'read')
  @Summary('Settings of all topics')
  async listAll(@Param('cluster') cluster: string, @Req() request: Request): Promise<unknown> {
    await this.identity.check(cluster);
    const listings = await this.topics.listTopics();
    const described = await this.configs.describe(listings.map(({ name }) => ({ kind: 'topic', name })));
    const resources = new Resources(request);
    const data = described.flatMap(({ resource, configs }) =>
      configs.map((config) => sourcedConfig(resources, { cluster, of: resource }, config)),
    );
    return resources.list('KafkaTopicConfigList', ['clusters', cluster, 'topics', '-', 'configs'], data);
  }

  @Post(':topic/configs\\:alter')
  @Requires('topics', 'edit', 'topic')
  @HttpCode(204)
  @Summary('Changes several settings of a topic, all or none')
  async alter(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Body({ schema: AlterConfigs }) body: z.infer<typeof AlterConfigs>,
  ): Promise<void> {
    const resource = await this.find(cluster, topic);
    await this.configs.alter(resource, changesOf(body), { validateOnly: body.validate_only ?? false });
  }

  @Put(':topic/configs/:config')
  @Requires('topics', 'edit', 'topic')
  @HttpCode(204)
  @Summary('Sets one setting of a topic')
  async put(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Param('config') name: string,
    @Body({ schema: ConfigValue }) body: z.infer<typeof ConfigValue>,
  ): Promise<void> {
    const resource = await this.find(cluster, topic);
    await this.configs.alter(resource, [{ name, value: body.value }]);
  }

  @Delete(':topic/configs/:config')
  @Requires('topics', 'edit', 'topic')
  @HttpCode(204)
  @Summary('Resets one setting of a topic to its default')
  async reset(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Param('config') name: string,
  ): Promise<void> {
    const resource = await this.find(cluster, topic);
    await this.configs.alter(resource, [{ name, value: null }]);
  }

  private async find(cluster: string, name: string): Promise<ConfigResource> {
    await this.identity.check(cluster);
    const topic = await this.topics.describeTopic(name);
    if (topic === null) throw new DetailedHttpError(40_401, `Topic ${name} cannot be found.`);
    return { kind: 'topic', name };
  }
}
