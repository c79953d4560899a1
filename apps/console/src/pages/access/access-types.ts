import type { z } from 'zod';
import type { Acl, AclAnswer, QuotaView } from '../../../../admin/src/v1/security/acl-schemas.js';
import type {
  ApiKeyView,
  ApiKeyWithSecret,
  AuditView,
  ReadOnlyView,
  RoleBindingView,
  RoleView,
  UserView,
} from '../../../../admin/src/v1/security/security-schemas.js';

export type ApiKey = z.infer<typeof ApiKeyView>;
export type NewKey = z.infer<typeof ApiKeyWithSecret>;
export type User = z.infer<typeof UserView>;
export type Role = z.infer<typeof RoleView>;
export type Binding = z.infer<typeof RoleBindingView>;
export type AuditEntry = z.infer<typeof AuditView>;
export type ReadOnly = z.infer<typeof ReadOnlyView>;
export type AclRule = z.infer<typeof Acl>;
export type AclVerdict = z.infer<typeof AclAnswer>;
export type Quota = z.infer<typeof QuotaView>;

export const areas = ['cluster', 'topics', 'groups', 'collectors', 'sinks', 'jobs', 'security'] as const;
export type Area = (typeof areas)[number];

export const roleNames = ['viewer', 'operator', 'editor', 'admin'] as const;
export type RoleName = (typeof roleNames)[number];

/** `operator in sinks, jobs for team-…`. */
export function bindingInWords(binding: {
  readonly role: string;
  readonly areas: readonly string[];
  readonly name_prefix: string;
}): string {
  const where = binding.areas.length === 0 ? '' : ` in ${binding.areas.join(', ')}`;
  return `${binding.role}${where}${binding.name_prefix === '' ? '' : ` for ${binding.name_prefix}…`}`;
}
