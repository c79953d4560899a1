import { clusterName } from '#security/acl';
import { scramCredentialOfSalted, scramIterations } from '#security/scram';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { AlterUserScramCredentialsRequest } from '#wire/kafka/schemas/alter-user-scram-credentials';
import { defineHandler } from '../handler.js';
import { scramOfCode, type ScramChange, type ScramStore } from '../security/scram-store.js';

/**
 * AlterUserScramCredentials, version 0 (KIP-554): sets and removes verifiers of users; durable before the answer. Passwords do not
 * come here: clients send them salted and hashed. A user with anything wrong is left as he was. Needs Alter on the cluster.
 */
export const alterUserScramCredentials = defineHandler(
  apis.alterUserScramCredentials,
  async (context, _version, request) => {
    const users = [...new Set([...request.deletions, ...request.upsertions].map(({ name }) => name))];
    if (!context.may('alter', 'cluster', clusterName)) {
      const errorCode = kafkaError.CLUSTER_AUTHORIZATION_FAILED;
      return { results: users.map((user) => ({ user, errorCode, errorMessage: null })) };
    }
    const { scram } = context.broker.security;
    const changes: ScramChange[] = [];
    const results = users.map((user) => {
      const { problem, changes: own } = plan(scram, user, request);
      if (problem !== null) return { user, ...problem };
      changes.push(...own);
      return { user, errorCode: kafkaError.NONE, errorMessage: null };
    });
    await scram.change(changes);
    return { results };
  },
);

interface Problem {
  readonly errorCode: number;
  readonly errorMessage: string;
}

interface Plan {
  readonly problem: Problem | null;
  readonly changes: readonly ScramChange[];
}

const userBytesMax = 1024;

/** What is to change for one user, or the first thing that is wrong with it. */
function plan(scram: ScramStore, user: string, request: AlterUserScramCredentialsRequest): Plan {
  const changes: ScramChange[] = [];
  const refuse = (errorCode: number, errorMessage: string): Plan => ({
    problem: { errorCode, errorMessage },
    changes: [],
  });
  const { UNACCEPTABLE_CREDENTIAL, UNSUPPORTED_SASL_MECHANISM, RESOURCE_NOT_FOUND, DUPLICATE_RESOURCE } = kafkaError;
  if (user === '') return refuse(UNACCEPTABLE_CREDENTIAL, 'Username must not be empty');
  if (Buffer.byteLength(user) > userBytesMax) {
    return refuse(UNACCEPTABLE_CREDENTIAL, `The username is longer than ${userBytesMax} bytes`);
  }
  const deletions = request.deletions.filter(({ name }) => name === user);
  const upsertions = request.upsertions.filter(({ name }) => name === user);
  const codes = [...deletions, ...upsertions].map(({ mechanism }) => mechanism);
  if (codes.some((code) => scramOfCode(code) === null)) {
    return refuse(UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism');
  }
  if (new Set(codes).size < codes.length) {
    return refuse(DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request');
  }
  for (const { mechanism: code } of deletions) {
    const mechanism = scramOfCode(code);
    if (mechanism === null || scram.find(mechanism, user) === null) {
      return refuse(RESOURCE_NOT_FOUND, `Attempt to delete a user credential that does not exist`);
    }
    changes.push({ mechanism, user, credential: null });
  }
  for (const { mechanism: code, iterations, salt, saltedPassword } of upsertions) {
    const mechanism = scramOfCode(code);
    if (mechanism === null) continue;
    if (iterations < scramIterations.min) return refuse(UNACCEPTABLE_CREDENTIAL, 'Too few iterations');
    if (iterations > scramIterations.max) return refuse(UNACCEPTABLE_CREDENTIAL, 'Too many iterations');
    if (salt.length === 0) return refuse(UNACCEPTABLE_CREDENTIAL, 'Salt must not be empty');
    if (saltedPassword.length === 0) return refuse(UNACCEPTABLE_CREDENTIAL, 'Salted password must not be empty');
    const credential = scramCredentialOfSalted(mechanism, saltedPassword, { salt: Buffer.from(salt), iterations });
    changes.push({ mechanism, user, credential });
  }
  return { problem: null, changes };
}
