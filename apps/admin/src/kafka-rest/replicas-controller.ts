import { Controller, Get, Param, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DetailedHttpError } from '#nest/error-answer';
import { answerError } from '#topics/errors';
import { TopicAdmin, type PartitionDetail } from '#topics/topic-admin';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ClusterIdentity } from './cluster-identity.js';
import { Resources, type Fields } from './resource.js';

/** Where the copies of a partition are, and where they move. */
@Section('Topics')
@Controller('v3/clusters/:cluster/topics/:topic/partitions/:partition')
export class ReplicasController {
  constructor(
    private readonly topics: TopicAdmin,
    private readonly identity: ClusterIdentity,
  ) {}

  @Get('replicas')
  @Requires('topics', 'read', 'topic')
  @Summary('Replicas of a partition')
  async list(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Param('partition') partition: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const detail = await this.find({ cluster, topic, partition });
    const resources = new Resources(request);
    const place = { cluster, topic };
    const data = detail.replicas.map((broker) => replicaResource(resources, place, detail, broker));
    return resources.list('KafkaReplicaList', [...pathOf(place, detail), 'replicas'], data);
  }

  @Get('replicas/:broker')
  @Requires('topics', 'read', 'topic')
  @Summary('The replica on one broker')
  async get(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Param('partition') partition: string,
    @Param('broker') id: string,
    @Req() request: Request,
  ): Promise<unknown> {
    const detail = await this.find({ cluster, topic, partition });
    const broker = detail.replicas.find((replica) => String(replica) === id);
    if (broker === undefined) throw new DetailedHttpError(404, `Broker ${id} has no replica of ${topic}-${partition}.`);
    return replicaResource(new Resources(request), { cluster, topic }, detail, broker);
  }

  @Get('reassignment')
  @Requires('topics', 'read', 'topic')
  @Summary('Replicas that move to or from other brokers; with - for topic and partition those of all')
  async reassignment(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Param('partition') partition: string,
    @Req() request: Request,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    const resources = new Resources(request);
    const path = ['clusters', cluster, 'topics', topic, 'partitions', partition, 'reassignment'];
    if (topic === '-' || partition === '-') {
      const isWanted = (name: string): boolean => topic === '-' || topic === name;
      const data = (await this.moving(resources, cluster)).filter(({ topic_name }) => isWanted(topic_name));
      return resources.list('KafkaReassignmentList', path, data);
    }
    await this.find({ cluster, topic, partition });
    const moving = await this.moving(resources, cluster);
    const found = moving.find((one) => one.topic_name === topic && String(one.partition_id) === partition);
    if (found === undefined) throw new DetailedHttpError(404, `No replicas of ${topic}-${partition} are moving.`);
    return found;
  }

  private async moving(resources: Resources, cluster: string) {
    const answer = await this.topics.cluster.request('controller', apis.listPartitionReassignments, { topics: null });
    if (answer.errorCode !== kafkaError.NONE) throw answerError(answer.errorCode, 'Asking which replicas move');
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, addingReplicas, removingReplicas }) => {
        const path = ['clusters', cluster, 'topics', name, 'partitions', partitionIndex];
        return {
          ...resources.one('KafkaReassignment', [...path, 'reassignment'], {}),
          cluster_id: cluster,
          topic_name: name,
          partition_id: partitionIndex,
          adding_replicas: addingReplicas,
          removing_replicas: removingReplicas,
          replicas: resources.related(...path, 'replicas'),
        };
      }),
    );
  }

  private async find(place: { cluster: string; topic: string; partition: string }): Promise<PartitionDetail> {
    await this.identity.check(place.cluster);
    const topic = await this.topics.describeTopic(place.topic);
    if (topic === null) throw new DetailedHttpError(40_401, `Topic ${place.topic} cannot be found.`);
    const detail = topic.partitionDetails.find(({ partition }) => String(partition) === place.partition);
    if (detail !== undefined) return detail;
    throw new DetailedHttpError(40_402, `Partition ${place.partition} of ${place.topic} cannot be found.`);
  }
}

interface TopicPlace {
  readonly cluster: string;
  readonly topic: string;
}

function pathOf({ cluster, topic }: TopicPlace, { partition }: PartitionDetail): (string | number)[] {
  return ['clusters', cluster, 'topics', topic, 'partitions', partition];
}

function replicaResource(resources: Resources, place: TopicPlace, detail: PartitionDetail, broker: number): Fields {
  return resources.one('KafkaReplica', [...pathOf(place, detail), 'replicas', broker], {
    cluster_id: place.cluster,
    topic_name: place.topic,
    partition_id: detail.partition,
    broker_id: broker,
    is_leader: broker === detail.leader,
    is_in_sync: detail.inSyncReplicas.includes(broker),
    broker: resources.related('clusters', place.cluster, 'brokers', broker),
  });
}
