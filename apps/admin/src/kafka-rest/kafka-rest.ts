import type { Provider, Type } from '@nestjs/common';
import type { AdminParts } from '../admin-parts.js';
import { ClusterIdentity } from './cluster-identity.js';
import { ClustersController } from './clusters-controller.js';
import { GroupsController } from './groups-controller.js';
import { RecordsController } from './records-controller.js';
import { RestProducer } from './rest-producer.js';
import { TopicsController } from './topics-controller.js';
import { ConsumersController } from './v2/consumers-controller.js';
import { Consumers } from './v2/consumers.js';
import { ProxyTopicsController } from './v2/proxy-topics-controller.js';

/** The routes of REST Proxy v3 and v2. */
export const kafkaRestControllers: readonly Type[] = [
  ClustersController,
  TopicsController,
  RecordsController,
  GroupsController,
  ProxyTopicsController,
  ConsumersController,
];

export function kafkaRestProviders(parts: AdminParts): readonly Provider[] {
  return [
    { provide: ClusterIdentity, useFactory: () => new ClusterIdentity(parts.topics) },
    { provide: RestProducer, useFactory: () => new RestProducer(parts.cluster) },
    { provide: Consumers, useFactory: () => new Consumers(parts.topics) },
  ];
}
