import { clusterName, type AclBinding } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';
import { bindingProblem, securityDisabled } from '../security/acl-messages.js';

/**
 * CreateAcls, versions 1 to 3: makes rules, durable and in force before the answer. One that is there already is no error. A rule that
 * will not do hinders no other. Needs Alter on the cluster.
 */
export const createAcls = defineHandler(apis.createAcls, async (context, _version, request) => {
  const all = (errorCode: number, errorMessage: string | null) => ({
    results: request.creations.map(() => ({ errorCode, errorMessage })),
  });
  if (!context.may('alter', 'cluster', clusterName)) return all(kafkaError.CLUSTER_AUTHORIZATION_FAILED, null);
  const { authorizer } = context.broker.security;
  if (authorizer === null) return all(securityDisabled.errorCode, securityDisabled.errorMessage);
  const good: AclBinding[] = [];
  const results = request.creations.map(({ resourcePatternType: patternType, ...fields }) => {
    const binding = { ...fields, patternType };
    const errorMessage = bindingProblem(binding);
    if (errorMessage !== null) return { errorCode: kafkaError.INVALID_REQUEST, errorMessage };
    good.push(binding);
    return { errorCode: kafkaError.NONE, errorMessage };
  });
  await authorizer.add(good);
  return { results };
});
