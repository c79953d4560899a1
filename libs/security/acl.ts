/**
 * Access rules as Kafka has them: who may do what, from where, on which resources. Numbers are those of the protocol, names those
 * of Kafka's in lower case.
 */
import { MillraceError } from '#std/errors';
import { securityErrors } from './errors.js';
import type { Principal } from './sasl.js';

/** Operations that are asked for. Rules may also name `all`. */
export type AclOperation =
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'cluster_action'
  | 'describe_configs'
  | 'alter_configs'
  | 'idempotent_write'
  | 'create_tokens'
  | 'describe_tokens'
  | 'two_phase_commit';
export type AclResourceType = 'topic' | 'group' | 'cluster' | 'transactional_id' | 'delegation_token' | 'user';
export type AclPatternType = 'literal' | 'prefixed';
export type AclPermission = 'deny' | 'allow';

export const operationCode = {
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  cluster_action: 9,
  describe_configs: 10,
  alter_configs: 11,
  idempotent_write: 12,
  create_tokens: 13,
  describe_tokens: 14,
  two_phase_commit: 15,
} as const satisfies Record<AclOperation | 'all', number>;

export const resourceTypeCode = {
  topic: 2,
  group: 3,
  cluster: 4,
  transactional_id: 5,
  delegation_token: 6,
  user: 7,
} as const satisfies Record<AclResourceType, number>;

/** `any` and `match` occur in filters only. */
export const patternTypeCode = { any: 1, match: 2, literal: 3, prefixed: 4 } as const;
export const permissionCode = { deny: 2, allow: 3 } as const;
/** In a filter: everything of the kind. 0 is what a client did not know. */
export const anyCode = 1;

/** The only name of a resource of type cluster. */
export const clusterName = 'kafka-cluster';
export const wildcard = '*';
/** Rules for this principal are for everybody. */
export const everybody = 'User:*';

/** One rule, in the numbers of the protocol. */
export interface AclBinding {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  /** An address, or `*`. */
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** What is looked for. Null names and code 1 are everything. */
export interface AclFilter {
  readonly resourceType: number;
  readonly resourceName: string | null;
  readonly patternType: number;
  readonly principal: string | null;
  readonly host: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

export function matches(filter: AclFilter, binding: AclBinding): boolean {
  return (
    (filter.resourceType === anyCode || filter.resourceType === binding.resourceType) &&
    matchesPattern(filter, binding) &&
    (filter.principal === null || filter.principal === binding.principal) &&
    (filter.host === null || filter.host === binding.host) &&
    (filter.operation === anyCode || filter.operation === binding.operation) &&
    (filter.permissionType === anyCode || filter.permissionType === binding.permissionType)
  );
}

/** `match` finds every rule that applies to the resource of that name; the rest compares. */
function matchesPattern({ patternType, resourceName }: AclFilter, binding: AclBinding): boolean {
  const { any, match, literal } = patternTypeCode;
  if (patternType !== any && patternType !== match && patternType !== binding.patternType) return false;
  if (resourceName === null) return true;
  if (patternType !== match) return resourceName === binding.resourceName;
  if (binding.patternType !== literal) return resourceName.startsWith(binding.resourceName);
  return resourceName === binding.resourceName || binding.resourceName === wildcard;
}

/** `User:alice`. Throws `security.principal.invalid`. */
export function parsePrincipal(text: string): Principal {
  const at = text.indexOf(':');
  if (at < 1 || at === text.length - 1) {
    throw new MillraceError(
      securityErrors.principal,
      `expected a string in format principalType:principalName but got ${text}`,
    );
  }
  return { type: text.slice(0, at), name: text.slice(at + 1) };
}

export function principalText({ type, name }: Principal): string {
  return `${type}:${name}`;
}
