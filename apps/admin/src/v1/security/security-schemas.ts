/** Bodies and answers of users, keys, roles, ACLs, quotas and the audit. */
import { z } from 'zod';
import { areas } from '../../access/requires.js';
import { roleNames } from '../../access/grants.js';
import { pageQuery } from '../page.js';

const plain = /^\P{Cc}+$/u;
/** Beside the pattern, as not every reader of the OpenAPI document knows classes of Unicode. */
const hasNoControl = (text: string): boolean => plain.test(text);
/** Names stand before a colon in Basic logins. */
export const SubjectName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^:\s]+$/, 'no colons and blanks')
  .refine(hasNoControl, 'no control characters');

const Limits = {
  role: z.enum(roleNames),
  areas: z.array(z.enum(areas)).max(areas.length).default([]).describe('Empty: all.'),
  name_prefix: z.string().max(200).default('').describe('Only what is called so at its beginning; empty: everything.'),
};

export const GivenRole = z.strictObject(Limits).meta({ id: 'GivenRole' });
export type GivenRole = z.output<typeof GivenRole>;

export const NewRoleBinding = z
  .strictObject({
    principal: z
      .string()
      .max(250)
      .regex(/^(?:User|ApiKey|Group):\S+$/, 'User:name, ApiKey:name or Group:name')
      .refine(hasNoControl, 'no control characters'),
    ...Limits,
  })
  .meta({ id: 'NewRoleBinding' });
export const RoleBindingView = z
  .object({
    id: z.string(),
    principal: z.string(),
    role: z.string(),
    areas: z.array(z.string()),
    name_prefix: z.string(),
    created_by: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'RoleBinding' });

export const RoleView = z
  .object({ name: z.enum(roleNames), level: z.string(), description: z.string() })
  .meta({ id: 'Role' });

export const NewApiKey = z
  .strictObject({
    name: SubjectName,
    expires_at: z.iso
      .datetime({ offset: true })
      .nullable()
      .optional()
      .describe('Default: it holds until it is deleted.'),
    roles: z.array(GivenRole).min(1).max(50).describe('What it may do.'),
  })
  .meta({ id: 'NewApiKey' });
const apiKey = {
  id: z.string().describe('First part of the key; no secret.'),
  name: z.string(),
  roles: z.array(RoleBindingView),
  created_by: z.string(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  rotated_at: z.iso.datetime().nullable(),
  revision: z.int(),
};
export const ApiKeyView = z.object(apiKey).meta({ id: 'ApiKey' });
export const ApiKeyWithSecret = z
  .object({ ...apiKey, key: z.string().describe('The whole key. It is shown once.') })
  .meta({ id: 'ApiKeyWithSecret' });

const Password = z.string().min(8).max(256).refine(hasNoControl, 'no control characters').meta({ writeOnly: true });
const users = {
  password: Password,
  mechanisms: z
    .array(z.enum(['SCRAM-SHA-256', 'SCRAM-SHA-512']))
    .default(['SCRAM-SHA-256', 'SCRAM-SHA-512'])
    .describe('With which Kafka clients can log in to topics; empty: the user is for REST only.'),
};
export const NewUser = z.strictObject({ name: SubjectName, ...users }).meta({ id: 'NewUser' });
export const UserPassword = z.strictObject({ name: SubjectName.optional(), ...users }).meta({ id: 'UserPassword' });
export const UserView = z
  .object({
    name: z.string(),
    mechanisms: z.array(z.string()).describe('Logins to topics that have a password.'),
    rest_login: z.boolean().describe('Whether the password is good for REST: only those that were set here are.'),
    roles: z.array(RoleBindingView),
  })
  .meta({ id: 'User' });

export const ReadOnlyBody = z
  .strictObject({ read_only: z.boolean(), reason: z.string().max(500).default('') })
  .meta({ id: 'ReadOnlySpec' });
export const ReadOnlyView = z
  .object({
    read_only: z.boolean(),
    reason: z.string(),
    changed_by: z.string(),
    changed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ReadOnly' });

export const WhoAmI = z
  .object({
    name: z.string(),
    login_needed: z.boolean(),
    grants: z.array(z.object({ level: z.string(), areas: z.array(z.string()), name_prefix: z.string() })),
  })
  .meta({ id: 'WhoAmI' });

export const AuditQuery = pageQuery.extend({
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  principal: z.string().max(250).optional(),
  area: z.enum(areas).optional(),
  name: z.string().max(512).optional().describe('Of what was touched.'),
});
export const AuditView = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    principal: z.string(),
    ip: z.string(),
    method: z.string(),
    path: z.string(),
    areas: z.array(z.string()),
    level: z.string(),
    name: z.string().nullable(),
    status: z.int().describe('Of the answer: refusals are kept too.'),
    fields: z.array(z.string()).describe('What the body named; values are not kept.'),
    revision_before: z.string().nullable().describe('What the caller had seen, by If-Match.'),
    revision_after: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });

export const SecretReference = z
  .object({
    reference: z.string(),
    provider: z.string(),
    used_by: z.array(z.string()).describe('Names of sinks and collectors.'),
  })
  .meta({ id: 'SecretReference' });
