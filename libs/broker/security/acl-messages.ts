import { kafkaError } from '#wire/kafka/error-codes';
import {
  anyCode,
  clusterName,
  operationCode,
  parsePrincipal,
  patternTypeCode,
  permissionCode,
  resourceTypeCode,
  type AclBinding,
  type AclFilter,
} from '#security/acl';
import { messageOf } from '#std/errors';

/** The answer where no authorizer is set. */
export const securityDisabled = {
  errorCode: kafkaError.SECURITY_DISABLED,
  errorMessage: 'No Authorizer is configured.',
} as const;

/** The fields of a filter as Describe- and DeleteAcls carry them. */
interface FilterFields {
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

export function filterOf(fields: FilterFields): AclFilter {
  return {
    resourceType: fields.resourceTypeFilter,
    resourceName: fields.resourceNameFilter,
    patternType: fields.patternTypeFilter,
    principal: fields.principalFilter,
    host: fields.hostFilter,
    operation: fields.operation,
    permissionType: fields.permissionType,
  };
}

const resourceTypes = new Set<number>(Object.values(resourceTypeCode));
const operations = new Set<number>(Object.values(operationCode));
const permissions = new Set<number>(Object.values(permissionCode));
const patternTypes = new Set<number>(Object.values(patternTypeCode));

/** What is wrong with a filter; null where nothing is. */
export function filterProblem(filter: AclFilter): string | null {
  const { resourceType, patternType, operation, permissionType } = filter;
  const known = (code: number, codes: ReadonlySet<number>): boolean => code === anyCode || codes.has(code);
  return known(resourceType, resourceTypes) &&
    patternTypes.has(patternType) &&
    known(operation, operations) &&
    known(permissionType, permissions)
    ? null
    : 'The AclBindingFilter must not contain UNKNOWN elements.';
}

/** What is wrong with a rule that is to be made; null where nothing is. */
export function bindingProblem(binding: AclBinding): string | null {
  const { resourceType, resourceName, patternType, principal, operation, permissionType } = binding;
  if (resourceType === resourceTypeCode.cluster && resourceName !== clusterName) {
    return `The only valid name for the CLUSTER resource is ${clusterName}`;
  }
  if (resourceName === '') return 'Invalid empty resource name';
  if (patternType !== patternTypeCode.literal && patternType !== patternTypeCode.prefixed) {
    return `Invalid patternType ${patternType}`;
  }
  if (!resourceTypes.has(resourceType)) return `Invalid resourceType ${resourceType}`;
  if (!operations.has(operation)) return `Invalid operation ${operation}`;
  if (!permissions.has(permissionType)) return `Invalid permissionType ${permissionType}`;
  try {
    parsePrincipal(principal);
    return null;
  } catch (error) {
    return `Could not parse principal from \`${principal}\`: ${messageOf(error)}`;
  }
}
