import { operationCode, type AclOperation, type AclResourceType } from '#security/acl';
import type { HandlerContext } from '../handler.js';

/** Operations that a resource of the type can have (Kafka's AclEntry.supportedOperations). */
const operationsOf: Readonly<Record<'topic' | 'group' | 'cluster', readonly AclOperation[]>> = {
  topic: ['read', 'write', 'create', 'describe', 'delete', 'alter', 'describe_configs', 'alter_configs'],
  group: ['read', 'describe', 'delete', 'describe_configs', 'alter_configs'],
  cluster: ['create', 'cluster_action', 'describe_configs', 'alter_configs', 'idempotent_write', 'alter', 'describe'],
};

/** What a field of authorized operations holds when nobody asked. */
export const operationsNotAsked = -2147483648;

/** The operations that the asker has on a resource: a bit for each, at the place of its number. */
export function authorizedOperations(
  context: Pick<HandlerContext, 'may'>,
  type: AclResourceType & keyof typeof operationsOf,
  name: string,
): number {
  let bits = 0;
  for (const operation of operationsOf[type]) {
    if (context.may(operation, type, name)) bits |= 1 << operationCode[operation];
  }
  return bits;
}
