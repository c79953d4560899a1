import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ResponseInput } from '#wire/kafka/schema';
import { defineHandler } from '../handler.js';
import { scramCode, type ScramStore } from '../security/scram-store.js';

/**
 * DescribeUserScramCredentials, version 0 (KIP-554): the mechanisms and iterations of users, all of them where none is named; never
 * the verifiers. Needs Describe on the cluster; who lacks it is refused as a whole and for each user.
 */
export const describeUserScramCredentials = defineHandler(
  apis.describeUserScramCredentials,
  (context, _version, request) => {
    if (!context.may('describe', 'cluster', clusterName)) {
      const refusal = { errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED, errorMessage: null };
      return { ...refusal, results: (request.users ?? []).map(({ name: user }) => ({ user, ...refusal })) };
    }
    const { scram } = context.broker.security;
    const asked = request.users?.map(({ name }) => name) ?? [];
    const names = asked.length > 0 ? [...new Set(asked)] : scram.list().map(({ user }) => user);
    const results = names.map((user) => {
      const isTwice = asked.indexOf(user) !== asked.lastIndexOf(user);
      return isTwice ? twice(user) : describe(scram, user);
    });
    return { errorCode: kafkaError.NONE, errorMessage: null, results };
  },
);

type Result = NonNullable<ResponseInput<typeof apis.describeUserScramCredentials>['results']>[number];

function describe(scram: ScramStore, user: string): Result {
  const credentials = scram.list().find((entry) => entry.user === user)?.credentials;
  if (credentials === undefined) {
    return {
      user,
      errorCode: kafkaError.RESOURCE_NOT_FOUND,
      errorMessage: `Attempt to describe a user credential that does not exist: ${user}`,
    };
  }
  const credentialInfos = [...credentials].map(([mechanism, { iterations }]) => ({
    mechanism: scramCode[mechanism],
    iterations,
  }));
  return { user, errorCode: kafkaError.NONE, errorMessage: null, credentialInfos };
}

function twice(user: string): Result {
  return {
    user,
    errorCode: kafkaError.DUPLICATE_RESOURCE,
    errorMessage: `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
  };
}
