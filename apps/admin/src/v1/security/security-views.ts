import type { ApiKey, RoleBinding } from '#control/access/access-records';

export function bindingView(binding: RoleBinding): object {
  const { id, principal, role, areas, namePrefix, createdBy, createdAt } = binding;
  return {
    id,
    principal,
    role,
    areas,
    name_prefix: namePrefix,
    created_by: createdBy,
    created_at: createdAt.toISOString(),
  };
}

/** The roles of one principal. */
export function rolesOf(principal: string, bindings: readonly RoleBinding[]): object[] {
  return bindings.filter((binding) => binding.principal === principal).map(bindingView);
}

export function apiKeyView(key: ApiKey, bindings: readonly RoleBinding[]): object {
  return {
    id: key.id,
    name: key.name,
    roles: rolesOf(`ApiKey:${key.name}`, bindings),
    created_by: key.createdBy,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    rotated_at: key.rotatedAt?.toISOString() ?? null,
    revision: key.revision,
  };
}

/** As JavaScript compares, which tokens of pages do too. */
export function sorted<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}
