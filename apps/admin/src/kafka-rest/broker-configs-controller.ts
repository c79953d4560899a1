import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import { ConfigAdmin, type ConfigResource } from '#topics/config-admin';
import { TopicAdmin } from '#topics/topic-admin';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ClusterIdentity } from './cluster-identity.js';
import { AlterConfigs, changesOf, configsPath, ConfigValue, kindOf, sourcedConfig } from './config-forms.js';
import { Resources, type Fields } from './resource.js';

/** Settings of a broker, and those that all brokers have unless one has its own. */
@Section('Cluster')
@Controller('v3/clusters/:cluster')
export class BrokerConfigsController {
  constructor(
    private readonly configs: ConfigAdmin,
    private readonly topics: TopicAdmin,
    private readonly identity: ClusterIdentity,
  ) {}

  @Get('broker-configs')
  @Requires('cluster', 'read')
  @Summary('Settings of all brokers')
  async listForAll(@Param('cluster') cluster: string, @Req() request: Request): Promise<unknown> {
    return this.list(request, { cluster, broker: '' });
  }

  @Get('broker-configs/:config')
  @Requires('cluster', 'read')
  @Summary('One setting of all brokers')
  async getForAll(
    @Param('cluster') cluster: string,
    @Param('config') name: string,
    @Req() request: Request,
  ): Promise<unknown> {
    return this.get(request, { cluster, broker: '' }, name);
  }

  @Post('broker-configs\\:alter')
  @Requires('cluster', 'edit')
  @HttpCode(204)
  @Summary('Changes several settings of all brokers, all or none')
  async alterForAll(
    @Param('cluster') cluster: string,
    @Body({ schema: AlterConfigs }) body: z.infer<typeof AlterConfigs>,
  ): Promise<void> {
    const resource = await this.find({ cluster, broker: '' });
    await this.configs.alter(resource, changesOf(body), { validateOnly: body.validate_only ?? false });
  }

  @Put('broker-configs/:config')
  @Requires('cluster', 'edit')
  @HttpCode(204)
  @Summary('Sets one setting of all brokers')
  async putForAll(
    @Param('cluster') cluster: string,
    @Param('config') name: string,
    @Body({ schema: ConfigValue }) body: z.infer<typeof ConfigValue>,
  ): Promise<void> {
    const resource = await this.find({ cluster, broker: '' });
    await this.configs.alter(resource, [{ name, value: body.value }]);
  }

  @Delete('broker-configs/:config')
  @Requires('cluster', 'edit')
  @HttpCode(204)
  @Summary('Resets one setting of all brokers')
  async resetForAll(@Param('cluster') cluster: string, @Param('config') name: string): Promise<void> {
    const resource = await this.find({ cluster, broker: '' });
    await this.configs.alter(resource, [{ name, value: null }]);
  }

  @Get('brokers/:broker/configs')
  @Requires('cluster', 'read')
  @Summary('Settings of a broker')
  async listOfBroker(
    @Param('cluster') cluster: string,
    @Param('broker') broker: string,
    @Req() request: Request,
  ): Promise<unknown> {
    return this.list(request, { cluster, broker });
  }

  @Get('brokers/:broker/configs/:config')
  @Requires('cluster', 'read')
  @Summary('One setting of a broker')
  async getOfBroker(
    @Param('cluster') cluster: string,
    @Param('broker') broker: string,
    @Param('config') name: string,
    @Req() request: Request,
  ): Promise<unknown> {
    return this.get(request, { cluster, broker }, name);
  }

  @Post('brokers/:broker/configs\\:alter')
  @Requires('cluster', 'edit')
  @HttpCode(204)
  @Summary('Changes several settings of a broker, all or none')
  async alterOfBroker(
    @Param('cluster') cluster: string,
    @Param('broker') broker: string,
    @Body({ schema: AlterConfigs }) body: z.infer<typeof AlterConfigs>,
  ): Promise<void> {
    const resource = await this.find({ cluster, broker });
    await this.configs.alter(resource, changesOf(body), { validateOnly: body.validate_only ?? false });
  }

  @Put('brokers/:broker/configs/:config')
  @Requires('cluster', 'edit')
  @HttpCode(204)
  @Summary('Sets one setting of a broker')
  async putOfBroker(
    @Param('cluster') cluster: string,
    @Param('broker') broker: string,
    @Param('config') name: string,
    @Body({ schema: ConfigValue }) body: z.infer<typeof ConfigValue>,
  ): Promise<void> {
    const resource = await this.find({ cluster, broker });
    await this.configs.alter(resource, [{ name, value: body.value }]);
  }

  @Delete('brokers/:broker/configs/:config')
  @Requires('cluster', 'edit')
  @HttpCode(204)
  @Summary('Resets one setting of a broker')
  async resetOfBroker(
    @Param('cluster') cluster: string,
    @Param('broker') broker: string,
    @Param('config') name: string,
  ): Promise<void> {
    const resource = await this.find({ cluster, broker });
    await this.configs.alter(resource, [{ name, value: null }]);
  }

  private async list(request: Request, place: BrokerPlace): Promise<unknown> {
    const resource = await this.find(place);
    const resources = new Resources(request);
    const data = await this.shown(resources, place.cluster, resource);
    return resources.list(`${kindOf(resource)}List`, configsPath(place.cluster, resource), data);
  }

  private async get(request: Request, place: BrokerPlace, name: string): Promise<unknown> {
    const resource = await this.find(place);
    const data = await this.shown(new Resources(request), place.cluster, resource);
    const found = data.find((config) => config.name === name);
    if (found === undefined) throw new DetailedHttpError(404, `Config ${name} cannot be found.`);
    return found;
  }

  private async shown(resources: Resources, cluster: string, resource: ConfigResource): Promise<Fields[]> {
    const described = await this.configs.describe([resource]);
    return described.flatMap(({ configs }) =>
      configs.map((config) => sourcedConfig(resources, { cluster, of: resource }, config)),
    );
  }

  private async find({ cluster, broker }: BrokerPlace): Promise<ConfigResource> {
    await this.identity.check(cluster);
    const { brokers } = await this.topics.describeCluster();
    if (broker !== '' && !brokers.some(({ nodeId }) => String(nodeId) === broker)) {
      throw new DetailedHttpError(404, `Broker ${broker} cannot be found.`);
    }
    return { kind: 'broker', name: broker };
  }
}

interface BrokerPlace {
  readonly cluster: string;
  /** Empty: all. */
  readonly broker: string;
}
