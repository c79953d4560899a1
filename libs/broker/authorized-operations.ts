import { clusterName, operationCode, type AclOperation } from '#security/acl';
import type { HandlerContext } from './handler.js';

/** The operations that each kind of resource knows (Kafka's AclEntry.supportedOperations). */
const operations = {
  topic: ['read', 'write', 'create', 'delete', 'alter', 'describe', 'describe_configs', 'alter_configs'],
  group: ['read', 'delete', 'describe', 'describe_configs', 'alter_configs'],
  cluster: ['create', 'alter', 'describe', 'cluster_action', 'describe_configs', 'alter_configs', 'idempotent_write'],
} as const satisfies Record<string, readonly AclOperation[]>;

/** What the asker may do with the topic, one bit for each operation's number (KIP-430). */
export function authorizedTopicOperations(context: HandlerContext, name: string): number {
  return bitsOf(context, 'topic', name);
}

/** As of a topic, of the group. */
export function authorizedGroupOperations(context: HandlerContext, groupId: string): number {
  return bitsOf(context, 'group', groupId);
}

/** As of a topic, of the cluster; 0 for who may not describe it. */
export function authorizedClusterOperations(context: HandlerContext): number {
  return context.may('describe', 'cluster', clusterName) ? bitsOf(context, 'cluster', clusterName) : 0;
}

function bitsOf(context: HandlerContext, type: keyof typeof operations, name: string): number {
  let bits = 0;
  for (const operation of operations[type]) {
    if (context.may(operation, type, name)) bits |= 1 << operationCode[operation];
  }
  return bits;
}
