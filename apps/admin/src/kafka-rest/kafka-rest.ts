import type { Provider, Type } from '@nestjs/common';
import { AccessAdmin } from '#topics/access-admin';
import { ConfigAdmin } from '#topics/config-admin';
import type { AdminParts } from '../admin-parts.js';
import { BrokerConfigsController } from './broker-configs-controller.js';
import { ClusterAclsController } from './cluster-acls-controller.js';
import { ClusterIdentity } from './cluster-identity.js';
import { ClustersController } from './clusters-controller.js';
import { GroupsController } from './groups-controller.js';
import { RecordsController } from './records-controller.js';
import { ReplicasController } from './replicas-controller.js';
import { RestProducer } from './rest-producer.js';
import { TopicConfigsController } from './topic-configs-controller.js';
import { TopicsController } from './topics-controller.js';
import { ConsumersController } from './v2/consumers-controller.js';
import { Consumers } from './v2/consumers.js';
import { ProxyTopicsController } from './v2/proxy-topics-controller.js';

/** The routes of REST Proxy v3 and v2. */
export const kafkaRestControllers: readonly Type[] = [
  ClustersController,
  BrokerConfigsController,
  ClusterAclsController,
  // Before the topics: a topic called `-` is all of them.
  TopicConfigsController,
  TopicsController,
  ReplicasController,
  RecordsController,
  GroupsController,
  ProxyTopicsController,
  ConsumersController,
];

export function kafkaRestProviders(parts: AdminParts): readonly Provider[] {
  return [
    { provide: ClusterIdentity, useFactory: () => new ClusterIdentity(parts.topics) },
    { provide: ConfigAdmin, useFactory: () => new ConfigAdmin(parts.cluster) },
    { provide: AccessAdmin, useFactory: () => new AccessAdmin(parts.cluster) },
    { provide: RestProducer, useFactory: () => new RestProducer(parts.cluster) },
    { provide: Consumers, useFactory: () => new Consumers(parts.topics) },
  ];
}
