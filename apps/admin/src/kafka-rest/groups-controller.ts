import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DetailedHttpError } from '#nest/error-answer';
import type { TopicPartition } from '#topics/consumer-protocol';
import { TopicAdmin, type GroupDescription, type GroupLag, type GroupMemberDescription } from '#topics/topic-admin';
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
    await this.identity.check(cluster);
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
    await this.identity.check(cluster);
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
    await this.identity.check(cluster);
    const group = await this.find(groupId);
    const resources = new Resources(request);
    const path = ['clusters', cluster, 'consumer-groups', groupId, 'consumers'];
    const data = group.members.map((member) => consumerResource(resources, { cluster, groupId }, member));
    return resources.list('KafkaConsumerList', path, data);
  }

  @Get(':group/consumers/:consumer')
  @Requires('groups', 'read', 'group')
  @Summary('One member of a group')
  async consumer(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Param('consumer') consumer: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const member = await this.findMember({ cluster, groupId }, consumer);
    return consumerResource(new Resources(request), { cluster, groupId }, member);
  }

  @Get(':group/consumers/:consumer/assignments')
  @Requires('groups', 'read', 'group')
  @Summary('Partitions that a member reads')
  async assignments(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Param('consumer') consumer: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const member = await this.findMember({ cluster, groupId }, consumer);
    const resources = new Resources(request);
    const place = { cluster, groupId, consumer };
    const data = member.assignment.map((partition) => assignmentResource(resources, place, partition));
    const path = ['clusters', cluster, 'consumer-groups', groupId, 'consumers', consumer, 'assignments'];
    return resources.list('KafkaConsumerAssignmentList', path, data);
  }

  @Get(':group/consumers/:consumer/assignments/:topic/partitions/:partition')
  @Requires('groups', 'read', 'group')
  @Summary('One partition that a member reads')
  async assignment(
    @Param('cluster') cluster: string,
    @Param('group') groupId: string,
    @Param('consumer') consumer: string,
    @Param('topic') topic: string,
    @Param('partition') partition: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const member = await this.findMember({ cluster, groupId }, consumer);
    const found = member.assignment.find(
      (assigned) => assigned.topic === topic && String(assigned.partition) === partition,
    );
    if (found === undefined) {
      throw new DetailedHttpError(404, `Consumer ${consumer} does not read ${topic}-${partition}.`);
    }
    return assignmentResource(new Resources(request), { cluster, groupId, consumer }, found);
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
    await this.identity.check(cluster);
    const lags = await this.topics.groupLag(groupId);
    if (lags.length === 0) await this.find(groupId);
    return lags.filter((lag) => lag.committed !== null);
  }

  private async findMember(place: GroupPlace, consumer: string): Promise<GroupMemberDescription> {
    await this.identity.check(place.cluster);
    const { members } = await this.find(place.groupId);
    const member = members.find(({ memberId }) => memberId === consumer);
    if (member !== undefined) return member;
    throw new DetailedHttpError(40_403, `Consumer ${consumer} cannot be found in group ${place.groupId}.`);
  }

  private async find(groupId: string): Promise<GroupDescription> {
    const group = await this.topics.describeGroup(groupId);
    if (group.state === 'Dead') throw new DetailedHttpError(40_405, `Consumer group ${groupId} cannot be found.`);
    return group;
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

interface GroupPlace {
  readonly cluster: string;
  readonly groupId: string;
}

function consumerResource(
  resources: Resources,
  { cluster, groupId }: GroupPlace,
  member: GroupMemberDescription,
): Fields {
  const path = ['clusters', cluster, 'consumer-groups', groupId, 'consumers', member.memberId];
  return resources.one('KafkaConsumer', path, {
    cluster_id: cluster,
    consumer_group_id: groupId,
    consumer_id: member.memberId,
    instance_id: member.groupInstanceId,
    client_id: member.clientId,
    assignments: resources.related(...path, 'assignments'),
  });
}

function assignmentResource(
  resources: Resources,
  { cluster, groupId, consumer }: GroupPlace & { readonly consumer: string },
  { topic, partition }: TopicPartition,
): Fields {
  const group = ['clusters', cluster, 'consumer-groups', groupId];
  const path = [...group, 'consumers', consumer, 'assignments', topic, 'partitions', partition];
  return resources.one('KafkaConsumerAssignment', path, {
    cluster_id: cluster,
    consumer_group_id: groupId,
    consumer_id: consumer,
    topic_name: topic,
    partition_id: partition,
    partition: resources.related('clusters', cluster, 'topics', topic, 'partitions', partition),
    lag: resources.related(...group, 'lags', topic, 'partitions', partition),
  });
}

/** `PreparingRebalance` → `PREPARING_REBALANCE` */
function stateName(state: string): string {
  return state.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

function lagResource(resources: Resources, place: GroupPlace, lag: GroupLag): Fields {
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
