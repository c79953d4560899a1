import { clusterName, type AclBinding } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ResponseInput } from '#wire/kafka/schema';
import { defineHandler } from '../handler.js';
import { filterOf, filterProblem, securityDisabled } from '../security/acl-messages.js';

/**
 * DeleteAcls, versions 1 to 3: removes what each filter finds and says what that was; gone for good before the answer. Needs Alter on
 * the cluster.
 */
export const deleteAcls = defineHandler(apis.deleteAcls, async (context, _version, request) => {
  const all = (errorCode: number, errorMessage: string | null) => ({
    filterResults: request.filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
  });
  if (!context.may('alter', 'cluster', clusterName)) return all(kafkaError.CLUSTER_AUTHORIZATION_FAILED, null);
  const { authorizer } = context.broker.security;
  if (authorizer === null) return all(securityDisabled.errorCode, securityDisabled.errorMessage);
  const found: AclBinding[] = [];
  const filterResults = request.filters.map((fields): FilterResult => {
    const filter = filterOf(fields);
    const errorMessage = filterProblem(filter);
    if (errorMessage !== null) return { errorCode: kafkaError.INVALID_REQUEST, errorMessage, matchingAcls: [] };
    const matching = authorizer.find(filter);
    found.push(...matching);
    const matchingAcls = matching.map((acl) => ({ errorCode: kafkaError.NONE, errorMessage: null, ...acl }));
    return { errorCode: kafkaError.NONE, errorMessage: null, matchingAcls };
  });
  await authorizer.remove(found);
  return { filterResults };
});

type FilterResult = NonNullable<ResponseInput<typeof apis.deleteAcls>['filterResults']>[number];
