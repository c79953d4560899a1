import type { AclOperation } from '#security/acl';
import type { HandlerContext } from './handler.js';

/** Kafka's numbers of the operations that each kind of resource knows. */
const operations = {
  topic: { read: 3, write: 4, create: 5, delete: 6, alter: 7, describe: 8, describe_configs: 10, alter_configs: 11 },
  cluster: {
    create: 5,
    alter: 7,
    describe: 8,
    cluster_action: 9,
    describe_configs: 10,
    alter_configs: 11,
    idempotent_write: 12,
  },
} as const;

export const clusterName = 'kafka-cluster';

/** What the asker may do with the topic, one bit for each operation's number (KIP-430). */
export function authorizedTopicOperations(context: HandlerContext, name: string): number {
  return bitsOf(operations.topic, (operation) => context.may(operation, 'topic', name));
}

/** As of a topic, of the cluster; 0 for who may not describe it. */
export function authorizedClusterOperations(context: HandlerContext): number {
  if (!context.may('describe', 'cluster', clusterName)) return 0;
  return bitsOf(operations.cluster, (operation) => context.may(operation, 'cluster', clusterName));
}

function bitsOf(
  numbers: Readonly<Partial<Record<AclOperation, number>>>,
  may: (operation: AclOperation) => boolean,
): number {
  let bits = 0;
  for (const [operation, number] of Object.entries(numbers) as [AclOperation, number][]) {
    if (may(operation)) bits |= 1 << number;
  }
  return bits;
}
