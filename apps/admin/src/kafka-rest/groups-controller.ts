import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DetailedHttpError } from '#nest/error-answer';
import { TopicAdmin, type GroupDescription, type GroupLag } from '#topics/topic-admin';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ClusterIdentity } from './cluster-identity.js';
import { Resources, type Fields } from './resource.js';

/** Consumer groups and how far they are behind. A sink's group is `connect-<name>`. */
@Section('Consumer groups')
@Controller('v3/clusters/:cluster/consumer-groups')
export class GroupsController {
  constructor(
    private readonly topics: TopicAdmin,
    private readonly identity: ClusterIdentity,
  ) {}

  @Get()
  @Requires('groups', 'read')
  @Summary('All consumer groups')
  async list(@Param('cluster') cluster: string, @Req() request: Request): Promise<unknown> {
    await this.checkCluster(cluster);
    const resources = new Resources(request);
    const listings = await this.topics.listGroups();
    const groups = await Promise.all(listings.map((group) => this.topics.describeGroup(group.groupId)));
    const data = groups.map((group) => groupResource(resources, cluster, group));
    return resources.list('KafkaConsumerGroupList', ['clusters', cluster, 'consumer-groups'], data);
  }

  @Get(':group')
  @Requires('groups', 'read', 'group')
  @Summary('One consumer group')
  async get(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.checkCluster(cluster);
    return groupResource(new Resources(request), cluster, await this.find(groupId));
  }

  @Get(':group/consumers')
  @Requires('groups', 'read', 'group')
  @Summary('Members of a group')
  async consumers(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.checkCluster(cluster);
    const group = await this.find(groupId);
    const resources = new Resources(request);
    const path = ['clusters', cluster, 'consumer-groups', groupId, 'consumers'];
    const data = group.members.map((member) =>
      resources.one('KafkaConsumer', [...path, member.memberId], {
        cluster_id: cluster,
        consumer_group_id: groupId,
        consumer_id: member.memberId,
        instance_id: member.groupInstanceId,
        client_id: member.clientId,
        assignments: resources.related(...path, member.memberId, 'assignments'),
      }),
    );
    return resources.list('KafkaConsumerList', path, data);
  }

  @Get(':group/lags')
  @Requires('groups', 'read', 'group')
  @Summary('Records behind, by partition')
  async lags(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const known = await this.knownLags(cluster, groupId);
    const resources = new Resources(request);
    const data = known.map((lag) => lagResource(resources, { cluster, groupId }, lag));
    return resources.list('KafkaConsumerLagList', ['clusters', cluster, 'consumer-groups', groupId, 'lags'], data);
  }

  @Get(':group/lags/:topic/partitions/:partition')
  @Requires('groups', 'read', 'group')
  @Summary('Records behind in one partition')
  async lag(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Param('topic') topic: string,
    @Param('partition') partition: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const known = await this.knownLags(cluster, groupId);
    const lag = known.find((candidate) => candidate.topic === topic && String(candidate.partition) === partition);
    if (lag === undefined)
      throw new DetailedHttpError(404, `Consumer group ${groupId} has no offset for ${topic}-${partition}.`);
    return lagResource(new Resources(request), { cluster, groupId }, lag);
  }

  @Get(':group/lag-summary')
  @Requires('groups', 'read', 'group')
  @Summary('The largest lag and the sum of all')
  async lagSummary(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const lags = await this.knownLags(cluster, groupId);
    const resources = new Resources(request);
    const path = ['clusters', cluster, 'consumer-groups', groupId];
    const most = lags.reduce<GroupLag | null>((max, lag) => ((lag.lag ?? 0) > (max?.lag ?? -1) ? lag : max), null);
    return resources.one('KafkaConsumerGroupLagSummary', [...path, 'lag-summary'], {
      cluster_id: cluster,
      consumer_group_id: groupId,
      max_lag_consumer_id: most?.memberId ?? '',
      max_lag_instance_id: null,
      max_lag_client_id: most?.clientId ?? '',
      max_lag_topic_name: most?.topic ?? '',
      max_lag_partition_id: most?.partition ?? 0,
      max_lag: most?.lag ?? 0,
      total_lag: lags.reduce((sum, lag) => sum + (lag.lag ?? 0), 0),
      max_lag_consumer: most?.memberId ? resources.related(...path, 'consumers', most.memberId) : null,
      max_lag_partition:
        most === null
          ? null
          : resources.related('clusters', cluster, 'topics', most.topic, 'partitions', most.partition),
    });
  }

  /** Partitions with a committed offset. 404 where the group has neither members nor offsets. */
  private async knownLags(cluster: string, groupId: string): Promise<GroupLag[]> {
    await this.checkCluster(cluster);
    const lags = await this.topics.groupLag(groupId);
    if (lags.length === 0) await this.find(groupId);
    return lags.filter((lag) => lag.committed !== null);
  }

  private async find(groupId: string): Promise<GroupDescription> {
    const group = await this.topics.describeGroup(groupId);
    if (group.state === 'Dead') throw new DetailedHttpError(40_405, `Consumer group ${groupId} cannot be found.`);
    return group;
  }

  private async checkCluster(id: string): Promise<void> {
    if ((await this.identity.clusterId()) !== id) throw new DetailedHttpError(404, `Cluster ${id} cannot be found.`);
  }
}

function groupResource(resources: Resources, cluster: string, group: GroupDescription): Fields {
  const path = ['clusters', cluster, 'consumer-groups', group.groupId];
  return resources.one('KafkaConsumerGroup', path, {
    cluster_id: cluster,
    consumer_group_id: group.groupId,
    is_simple: group.protocolType === '',
    partition_assignor: group.protocol,
    state: stateName(group.state),
    type: 'CLASSIC',
    is_mixed_consumer_group: false,
    coordinator: resources.related('clusters', cluster, 'brokers', group.coordinatorId),
    consumer: resources.related(...path, 'consumers'),
    lag_summary: resources.related(...path, 'lag-summary'),
  });
}

/** `PreparingRebalance` → `PREPARING_REBALANCE` */
function stateName(state: string): string {
  return state.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

function lagResource(resources: Resources, place: { cluster: string; groupId: string }, lag: GroupLag): Fields {
  const path = ['clusters', place.cluster, 'consumer-groups', place.groupId, 'lags'];
  return resources.one('KafkaConsumerLag', [...path, lag.topic, 'partitions', lag.partition], {
    cluster_id: place.cluster,
    consumer_group_id: place.groupId,
    topic_name: lag.topic,
    partition_id: lag.partition,
    current_offset: lag.committed,
    log_end_offset: lag.end,
    lag: lag.lag,
    consumer_id: lag.memberId ?? '',
    instance_id: null,
    client_id: lag.clientId ?? '',
  });
}
