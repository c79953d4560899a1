import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { DescribeClientQuotasRequest } from '#wire/kafka/schemas/describe-client-quotas';
import { defineHandler } from '../handler.js';
import { entityOfKey, isEntityType, quotaKind, quotaValuesOf, type QuotaEntity } from '../quotas/quota-entities.js';
import type { TopicProblem } from '../topic-admin.js';

/**
 * DescribeClientQuotas, versions 0 and 1: quotas of the entities that match every component. A component matches a name, the default or
 * any; under `strict`, entities with a type that no component names do not match.
 */
export const describeClientQuotas = defineHandler(apis.describeClientQuotas, (context, _version, request) => {
  if (!context.may('describe_configs', 'cluster', clusterName)) {
    return { errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED, errorMessage: null, entries: null };
  }
  const problem = filterProblem(request.components);
  if (problem !== null) return { errorCode: problem.code, errorMessage: problem.message, entries: null };
  const entries = [...context.broker.cluster.records(quotaKind)].flatMap(([key, json]) => {
    const entity = entityOfKey(key);
    if (!matches(entity, request)) return [];
    return [
      {
        entity: [...entity].map(([entityType, entityName]) => ({ entityType, entityName })),
        values: Object.entries(quotaValuesOf(json)).map(([name, value]) => ({ key: name, value })),
      },
    ];
  });
  return { errorCode: kafkaError.NONE, errorMessage: null, entries };
});

type Component = DescribeClientQuotasRequest['components'][number];

const matchType = { exact: 0, default: 1, any: 2 };

function matches(entity: QuotaEntity, { components, strict }: DescribeClientQuotasRequest): boolean {
  if (strict && entity.size !== components.length) return false;
  return components.every(({ entityType, matchType: type, match }) => {
    if (!isEntityType(entityType) || !entity.has(entityType)) return false;
    return type === matchType.any || entity.get(entityType) === (type === matchType.default ? null : match);
  });
}

function filterProblem(components: readonly Component[]): TopicProblem | null {
  const types = components.map(({ entityType }) => entityType);
  for (const component of components) {
    const problem = componentProblem(component);
    if (problem !== null) return problem;
  }
  const twice = types.find((type, index) => types.indexOf(type) !== index);
  if (twice !== undefined) return refused(`Entity type ${twice} cannot appear more than once in the filter.`);
  return types.includes('ip') && types.length > 1
    ? refused(
        'Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.',
      )
    : null;
}

function componentProblem({ entityType, matchType: type, match }: Component): TopicProblem | null {
  if (entityType === '') return refused('Invalid empty entity type.');
  if (!isEntityType(entityType)) {
    return { code: kafkaError.UNSUPPORTED_VERSION, message: `Unsupported entity type ${entityType}` };
  }
  switch (type) {
    case matchType.exact:
      return match === null ? refused('Request specified MATCH_TYPE_EXACT, but set match string to null.') : null;
    case matchType.default:
      return match === null
        ? null
        : refused('Request specified MATCH_TYPE_DEFAULT, but also specified a match string.');
    case matchType.any:
      return match === null
        ? null
        : refused('Request specified MATCH_TYPE_SPECIFIED, but also specified a match string.');
    default:
      return refused(`Unknown match type ${type}`);
  }
}

function refused(message: string): TopicProblem {
  return { code: kafkaError.INVALID_REQUEST, message };
}
