import { clusterName, type AclBinding } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ResponseInput } from '#wire/kafka/schema';
import { defineHandler } from '../handler.js';
import { filterOf, filterProblem, securityDisabled } from '../security/acl-messages.js';

/** DescribeAcls, versions 1 to 3: the rules that a filter finds, by resource. Needs Describe on the cluster. */
export const describeAcls = defineHandler(apis.describeAcls, (context, _version, request) => {
  const none = { errorMessage: null, resources: [] };
  if (!context.may('describe', 'cluster', clusterName)) {
    return { ...none, errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED };
  }
  const { authorizer } = context.broker.security;
  if (authorizer === null) return { ...none, ...securityDisabled };
  const filter = filterOf(request);
  const problem = filterProblem(filter);
  if (problem !== null) return { ...none, errorCode: kafkaError.INVALID_REQUEST, errorMessage: problem };
  return { ...none, errorCode: kafkaError.NONE, resources: byResource(authorizer.find(filter)) };
});

type Resources = NonNullable<ResponseInput<typeof apis.describeAcls>['resources']>;

function byResource(bindings: readonly AclBinding[]): Resources {
  const groups = Map.groupBy(bindings, ({ resourceType, patternType, resourceName }) =>
    [resourceType, patternType, resourceName].join(' '),
  );
  return [...groups.values()].flatMap((acls) => {
    const first = acls[0];
    if (first === undefined) return [];
    const { resourceType, resourceName, patternType } = first;
    return [{ resourceType, resourceName, patternType, acls }];
  });
}
