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
    const brokers = cluster.brokers.map(({ nodeId, host, port, rack }) =>
      resources.one('KafkaBroker', [...path, nodeId], { cluster_id: id, broker_id: nodeId, host, port, rack }),
    );
    return resources.list('KafkaBrokerList', path, brokers);
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
