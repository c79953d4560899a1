import type { ClusterChange } from '#log/engine';
import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { AlterClientQuotasRequest } from '#wire/kafka/schemas/alter-client-quotas';
import type { Broker } from '../broker.js';
import { defineHandler } from '../handler.js';
import {
  entityProblem,
  isEntityType,
  keyOfEntity,
  quotaKind,
  quotaProblem,
  quotaValuesOf,
  type EntityType,
  type QuotaEntity,
} from '../quotas/quota-entities.js';
import { problemOf, type TopicProblem } from '../topic-admin.js';

/**
 * AlterClientQuotas, versions 0 and 1: sets and removes quotas of users, client ids and addresses. An entry is altered as a whole or
 * not at all, and is in force when it is answered.
 */
export const alterClientQuotas = defineHandler(apis.alterClientQuotas, async (context, _version, request) => {
  const mayAlter = context.may('alter_configs', 'cluster', clusterName);
  const entries: { errorCode: number; errorMessage: string | null; entity: Entry['entity'] }[] = [];
  for (const entry of request.entries) {
    const { code, message } = mayAlter
      ? await alter(context.broker, entry, request.validateOnly)
      : { code: kafkaError.CLUSTER_AUTHORIZATION_FAILED, message: null };
    entries.push({ errorCode: code, errorMessage: message, entity: entry.entity });
  }
  return { entries };
});

type Entry = AlterClientQuotasRequest['entries'][number];

async function alter(broker: Broker, entry: Entry, validateOnly: boolean): Promise<TopicProblem> {
  const problem = entityProblem(entry.entity);
  if (problem !== null) return refused(problem);
  const keys = entry.ops.map(({ key }) => key);
  if (new Set(keys).size < keys.length) return refused('A quota is altered more than once in one entry.');
  const entity = entityOf(entry);
  const key = keyOfEntity(entity);
  const values = new Map(Object.entries(quotaValuesOf(broker.cluster.records(quotaKind).get(key) ?? '{}')));
  for (const { key: name, value, remove } of entry.ops) {
    const bad = remove ? null : quotaProblem(entity, name, value);
    if (bad !== null) return refused(bad);
    if (remove) values.delete(name);
    else values.set(name, value);
  }
  const value = values.size === 0 ? null : JSON.stringify(Object.fromEntries(values));
  const change: ClusterChange = { kind: quotaKind, key, value };
  try {
    if (!validateOnly) await broker.cluster.put([change]);
    return { code: kafkaError.NONE, message: null };
  } catch (error) {
    return problemOf(error);
  }
}

function entityOf(entry: Entry): QuotaEntity {
  const entity = new Map<EntityType, string | null>();
  for (const { entityType, entityName } of entry.entity) {
    if (isEntityType(entityType)) entity.set(entityType, entityName);
  }
  return entity;
}

function refused(message: string): TopicProblem {
  return { code: kafkaError.INVALID_REQUEST, message };
}
