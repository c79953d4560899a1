/** Who may do what on a cluster, how much of it, and with which passwords: Kafka's ACLs, client quotas and SCRAM users. */
import { operationCode, patternTypeCode, permissionCode, resourceTypeCode } from '#security/acl';
import type { ScramName } from '#security/scram';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Cluster } from './cluster.js';
import { answerError } from './errors.js';

/** One rule, in the words of Kafka's tools: `TOPIC`, `LITERAL`, `READ`, `ALLOW`. */
export interface AclRule {
  readonly resourceType: string;
  readonly resourceName: string;
  readonly patternType: string;
  readonly principal: string;
  readonly host: string;
  readonly operation: string;
  readonly permission: string;
}

/** Null is any; the pattern type may be `MATCH`: every rule that applies to the name. */
export type AclRuleFilter = { readonly [K in keyof AclRule]: string | null };

/** A user, a client id, or both, or an address; null names are the default of all. */
export interface QuotaEntity {
  readonly user?: string | null;
  readonly clientId?: string | null;
  readonly ip?: string | null;
}

export interface Quota {
  readonly entity: QuotaEntity;
  /** By Kafka's names: `producer_byte_rate`, `consumer_byte_rate`, `request_percentage`, … */
  readonly values: Readonly<Record<string, number>>;
}

export interface ScramUser {
  readonly name: string;
  readonly mechanisms: readonly { readonly mechanism: ScramName; readonly iterations: number }[];
}

export interface ScramUpsertion {
  readonly name: string;
  readonly mechanism: ScramName;
  readonly salt: Buffer;
  readonly saltedPassword: Buffer;
  readonly iterations: number;
}

/** How long passing errors are waited out, ms. */
const patienceMs = 15_000;
const anyCode = 1;
const quotaMatch = { exact: 0, default: 1, any: 2 } as const;
const mechanismCode: Readonly<Record<ScramName, number>> = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 };
const entityTypes = { user: 'user', clientId: 'client-id', ip: 'ip' } as const;

export const aclWords = {
  resourceType: wordsOf(resourceTypeCode),
  patternType: wordsOf(patternTypeCode),
  operation: wordsOf(operationCode),
  permission: wordsOf(permissionCode),
};

/** Every error is a TopicsError with Kafka's code; SECURITY_DISABLED (54) where the cluster has no authorizer. */
export class AccessAdmin {
  constructor(private readonly cluster: Cluster) {}

  async listAcls(filter: AclRuleFilter): Promise<readonly AclRule[]> {
    const answer = await this.patiently(() => this.cluster.request('any', apis.describeAcls, filterOf(filter)));
    check(answer.errorCode, 'Listing ACLs', answer.errorMessage);
    return answer.resources.flatMap(({ resourceType, resourceName, patternType, acls }) =>
      acls.map((acl) => ruleOf({ resourceType, resourceName, patternType, ...acl })),
    );
  }

  /** Rules that are there already stay. */
  async createAcls(rules: readonly AclRule[]): Promise<void> {
    const creations = rules.map((rule) => ({
      resourceType: codeOf('resourceType', rule.resourceType),
      resourceName: rule.resourceName,
      resourcePatternType: codeOf('patternType', rule.patternType),
      principal: rule.principal,
      host: rule.host,
      operation: codeOf('operation', rule.operation),
      permissionType: codeOf('permission', rule.permission),
    }));
    const answer = await this.patiently(() => this.cluster.request('controller', apis.createAcls, { creations }));
    for (const { errorCode, errorMessage } of answer.results) check(errorCode, 'Adding an ACL', errorMessage);
  }

  /** What was deleted. */
  async deleteAcls(filter: AclRuleFilter): Promise<readonly AclRule[]> {
    const filters = [filterOf(filter)];
    const answer = await this.patiently(() => this.cluster.request('controller', apis.deleteAcls, { filters }));
    return answer.filterResults.flatMap(({ errorCode, errorMessage, matchingAcls }) => {
      check(errorCode, 'Deleting ACLs', errorMessage);
      return matchingAcls.map(ruleOf);
    });
  }

  /** All, or only that of one entity, exactly. */
  async listQuotas(entity?: QuotaEntity): Promise<readonly Quota[]> {
    const components =
      entity === undefined
        ? []
        : partsOf(entity).map(({ entityType, entityName }) => ({
            entityType,
            matchType: entityName === null ? quotaMatch.default : quotaMatch.exact,
            match: entityName,
          }));
    const answer = await this.patiently(() =>
      this.cluster.request('any', apis.describeClientQuotas, { components, strict: entity !== undefined }),
    );
    check(answer.errorCode, 'Listing quotas', answer.errorMessage);
    return (answer.entries ?? []).map(({ entity: parts, values }) => ({
      entity: entityOf(parts),
      values: Object.fromEntries(values.map(({ key, value }) => [key, value])),
    }));
  }

  /** Sets what has a value, removes what is null, leaves the rest. */
  async alterQuota(
    entity: QuotaEntity,
    values: Readonly<Record<string, number | null>>,
    options: { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    const ops = Object.entries(values).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null }));
    const answer = await this.patiently(() =>
      this.cluster.request('controller', apis.alterClientQuotas, {
        entries: [{ entity: partsOf(entity), ops }],
        validateOnly: options.validateOnly ?? false,
      }),
    );
    const entry = answer.entries[0];
    check(entry?.errorCode, 'Changing a quota', entry?.errorMessage);
  }

  /** Those that have a password, by name. */
  async listScramUsers(): Promise<readonly ScramUser[]> {
    const answer = await this.patiently(() =>
      this.cluster.request('any', apis.describeUserScramCredentials, { users: null }),
    );
    check(answer.errorCode, 'Listing users', answer.errorMessage);
    return answer.results
      .map(({ user, credentialInfos }) => ({
        name: user,
        mechanisms: credentialInfos.flatMap(({ mechanism, iterations }) => {
          const name = mechanismOf(mechanism);
          return name === null ? [] : [{ mechanism: name, iterations }];
        }),
      }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  async alterScramUsers(change: {
    readonly upsertions?: readonly ScramUpsertion[];
    readonly deletions?: readonly { readonly name: string; readonly mechanism: ScramName }[];
  }): Promise<void> {
    const upsertions = (change.upsertions ?? []).map(({ mechanism, ...rest }) => ({
      ...rest,
      mechanism: mechanismCode[mechanism],
    }));
    const deletions = (change.deletions ?? []).map(({ name, mechanism }) => ({
      name,
      mechanism: mechanismCode[mechanism],
    }));
    const answer = await this.patiently(() =>
      this.cluster.request('controller', apis.alterUserScramCredentials, { deletions, upsertions }),
    );
    for (const { user, errorCode, errorMessage } of answer.results) {
      check(errorCode, `Changing the password of user ${user}`, errorMessage);
    }
  }

  private patiently<T>(operation: () => Promise<T>): Promise<T> {
    return this.cluster.attempt(patienceMs, operation);
  }
}

type WordKind = keyof typeof aclWords;

function wordsOf(codes: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(codes).map(([name, code]) => [name.toUpperCase(), code]));
}

function codeOf(kind: WordKind, word: string): number {
  return aclWords[kind].get(word.toUpperCase()) ?? 0;
}

function wordOf(kind: WordKind, code: number): string {
  for (const [word, known] of aclWords[kind]) if (known === code) return word;
  return 'UNKNOWN';
}

interface AclNumbers {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

function ruleOf(acl: AclNumbers): AclRule {
  return {
    resourceType: wordOf('resourceType', acl.resourceType),
    resourceName: acl.resourceName,
    patternType: wordOf('patternType', acl.patternType),
    principal: acl.principal,
    host: acl.host,
    operation: wordOf('operation', acl.operation),
    permission: wordOf('permission', acl.permissionType),
  };
}

function filterOf(filter: AclRuleFilter) {
  const code = (kind: WordKind, word: string | null): number => (word === null ? anyCode : codeOf(kind, word));
  return {
    resourceTypeFilter: code('resourceType', filter.resourceType),
    resourceNameFilter: filter.resourceName,
    patternTypeFilter: code('patternType', filter.patternType),
    principalFilter: filter.principal,
    hostFilter: filter.host,
    operation: code('operation', filter.operation),
    permissionType: code('permission', filter.permission),
  };
}

function partsOf(entity: QuotaEntity): { entityType: string; entityName: string | null }[] {
  return (['user', 'clientId', 'ip'] as const).flatMap((part) => {
    const entityName = entity[part];
    return entityName === undefined ? [] : [{ entityType: entityTypes[part], entityName }];
  });
}

function entityOf(parts: readonly { entityType: string; entityName: string | null }[]): QuotaEntity {
  const named = new Map(parts.map(({ entityType, entityName }) => [entityType, entityName]));
  const part = (key: keyof typeof entityTypes): QuotaEntity => {
    const name = named.get(entityTypes[key]);
    return name === undefined ? {} : { [key]: name };
  };
  return { ...part('user'), ...part('clientId'), ...part('ip') };
}

function mechanismOf(code: number): ScramName | null {
  if (code === mechanismCode['SCRAM-SHA-256']) return 'SCRAM-SHA-256';
  return code === mechanismCode['SCRAM-SHA-512'] ? 'SCRAM-SHA-512' : null;
}

function check(code: number | undefined, doing: string, message?: string | null): void {
  if (code !== kafkaError.NONE) throw answerError(code ?? kafkaError.UNKNOWN_SERVER_ERROR, doing, message);
}
