/** ACLs and quotas as they are in Kafka; the fields of ACLs are those of the REST Proxy v3. */
import { z } from 'zod';
import { aclWords } from '#topics/access-admin';
import { pageQuery } from '../page.js';

const words = (kind: keyof typeof aclWords, ...without: string[]) =>
  z.enum([...aclWords[kind].keys()].filter((word) => !without.includes(word)) as [string, ...string[]]);
const Principal = z
  .string()
  .max(300)
  .regex(/^[A-Za-z]+:.+$/, 'User:name, or User:* for everybody');

export const Acl = z
  .strictObject({
    resource_type: words('resourceType'),
    resource_name: z.string().min(1).max(300).describe('`*`: all, with pattern type LITERAL.'),
    pattern_type: words('patternType', 'ANY', 'MATCH').default('LITERAL'),
    principal: Principal,
    host: z.string().min(1).max(100).default('*'),
    operation: words('operation'),
    permission: words('permission').default('ALLOW'),
  })
  .meta({ id: 'Acl' });
export type Acl = z.output<typeof Acl>;

const filter = {
  resource_type: words('resourceType').optional(),
  resource_name: z.string().max(300).optional(),
  pattern_type: words('patternType', 'ANY').optional().describe('MATCH: every rule that applies to the name.'),
  principal: Principal.optional(),
  host: z.string().max(100).optional(),
  operation: words('operation').optional(),
  permission: words('permission').optional(),
};
export const AclFilter = z.object(filter);
export type AclFilter = z.output<typeof AclFilter>;
export const AclListQuery = pageQuery.extend(filter);
export const AclBatch = z.strictObject({ data: z.array(Acl).min(1).max(1000) }).meta({ id: 'AclBatch' });
export const AclsDeleted = z.object({ data: z.array(Acl) }).meta({ id: 'AclsDeleted' });

export const AclQuestionBody = z
  .strictObject({
    principal: Principal.refine((name) => name !== 'User:*', 'one user, not everybody'),
    operation: words('operation').refine((word) => word !== 'ALL', 'one operation'),
    resource_type: words('resourceType'),
    resource_name: z.string().min(1).max(300),
    host: z.string().min(1).max(100).default('127.0.0.1').describe('The address that the client comes from.'),
  })
  .meta({ id: 'AclQuestion' });
export const AclAnswer = z
  .object({
    decision: z.enum(['allowed', 'denied', 'no_rule']),
    reason: z.string().describe('In words.'),
    rules: z.array(Acl).describe('Those that decide: the denials, or else the grants.'),
  })
  .meta({ id: 'AclAnswer' });

/** Stands for the default of all names, as in the tools of Kafka. */
export const everyName = '<default>';
const entity = {
  user: z.string().min(1).max(300).optional().describe('`<default>`: all users without a quota of their own.'),
  client_id: z.string().min(1).max(300).optional(),
  ip: z.string().min(1).max(100).optional().describe('An address; not with the others.'),
};
const amount = z.number().positive().nullable().optional();
const amounts = {
  produce_bytes_s: amount,
  fetch_bytes_s: amount,
  request_pct: amount.describe('Of one thread.'),
  mutations_s: amount.describe('Changes of partitions.'),
  connections_s: amount.describe('Of an address.'),
};
export const QuotaEntityBody = z
  .strictObject(entity)
  .refine((given) => Object.keys(given).length > 0, 'name a user, a client_id or an ip');
export const QuotaQuery = z.object(entity);
export type QuotaQuery = z.output<typeof QuotaQuery>;
export const QuotaListQuery = pageQuery.extend(entity);
export const QuotaSpec = z
  .strictObject({ entity: QuotaEntityBody, ...amounts })
  .meta({ id: 'QuotaSpec' })
  .describe('What is null or left out has no limit.');
export type QuotaSpec = z.output<typeof QuotaSpec>;
export const QuotaView = z.object({ entity: z.object(entity), ...amounts }).meta({ id: 'Quota' });

/** Our names for Kafka's. */
export const quotaKeys = {
  produce_bytes_s: 'producer_byte_rate',
  fetch_bytes_s: 'consumer_byte_rate',
  request_pct: 'request_percentage',
  mutations_s: 'controller_mutation_rate',
  connections_s: 'connection_creation_rate',
} as const;
export type QuotaName = keyof typeof quotaKeys;
export const quotaNames = Object.keys(quotaKeys) as QuotaName[];
