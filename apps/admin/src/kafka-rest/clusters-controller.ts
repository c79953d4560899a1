import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DetailedHttpError } from '#nest/error-answer';
import { TopicAdmin, type ClusterDescription } from '#topics/topic-admin';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { Resources, type Fields } from './resource.js';

/** The cluster behind `topics.bootstrap`, as the REST proxy shows it. */
@Section('Topics')
@Controller('v3/clusters')
export class ClustersController {
  constructor(private readonly topics: TopicAdmin) {}

  @Get()
  @Requires('cluster', 'read')
  @Summary('The one cluster that there is')
  async list(@Req() request: Request): Promise<unknown> {
    const resources = new Resources(request);
    const cluster = await this.topics.describeCluster();
    return resources.list('KafkaClusterList', ['clusters'], [clusterResource(resources, cluster)]);
  }

  @Get(':cluster')
  @Requires('cluster', 'read')
  @Summary('Links of the cluster')
  async get(@Param('cluster') id: string, @Req() request: Request): Promise<unknown> {
    return clusterResource(new Resources(request), await this.find(id));
  }

  @Get(':cluster/brokers')
  @Requires('cluster', 'read')
  @Summary('Brokers of the cluster')
  async brokers(@Param('cluster') id: string, @Req() request: Request): Promise<unknown> {
    const resources = new Resources(request);
    const cluster = await this.find(id);
    const path = ['clusters', id, 'brokers'];
    const brokers = cluster.brokers.map((broker) => brokerResource(resources, id, broker));
    return resources.list('KafkaBrokerList', path, brokers);
  }

  @Get(':cluster/brokers/:broker')
  @Requires('cluster', 'read')
  @Summary('One broker')
  async broker(
    @Param('cluster') id: string,
    @Param('broker') brokerId: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const { brokers } = await this.find(id);
    const broker = brokers.find(({ nodeId }) => String(nodeId) === brokerId);
    if (broker === undefined) throw new DetailedHttpError(404, `Broker ${brokerId} cannot be found.`);
    return brokerResource(new Resources(request), id, broker);
  }

  private async find(id: string): Promise<ClusterDescription> {
    const cluster = await this.topics.describeCluster();
    if (cluster.clusterId !== id) throw new DetailedHttpError(404, `Cluster ${id} cannot be found.`);
    return cluster;
  }
}

function clusterResource(resources: Resources, cluster: ClusterDescription): Fields {
  const path = ['clusters', cluster.clusterId];
  return resources.one('KafkaCluster', path, {
    cluster_id: cluster.clusterId,
    controller: resources.related(...path, 'brokers', cluster.controllerId),
    acls: resources.related(...path, 'acls'),
    brokers: resources.related(...path, 'brokers'),
    broker_configs: resources.related(...path, 'broker-configs'),
    consumer_groups: resources.related(...path, 'consumer-groups'),
    topics: resources.related(...path, 'topics'),
    partition_reassignments: resources.related(...path, 'topics', '-', 'partitions', '-', 'reassignment'),
  });
}

function brokerResource(resources: Resources, cluster: string, broker: ClusterDescription['brokers'][number]): Fields {
  const { nodeId, host, port, rack } = broker;
  const path = ['clusters', cluster, 'brokers', nodeId];
  return resources.one('KafkaBroker', path, {
    cluster_id: cluster,
    broker_id: nodeId,
    host,
    port,
    rack,
    configs: resources.related(...path, 'configs'),
  });
}
