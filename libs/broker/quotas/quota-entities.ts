import { isIP } from 'node:net';

/** Whom a quota is for: names by type, null for the default of all names. */
export type QuotaEntity = ReadonlyMap<EntityType, string | null>;
export type EntityType = 'user' | 'client-id' | 'ip';

/** What is limited, by Kafka's names: bytes a second, percent of one thread, changes of partitions a second, connections a second. */
export type QuotaKey = ClientQuotaKey | 'connection_creation_rate';
export type ClientQuotaKey =
  | 'producer_byte_rate'
  | 'consumer_byte_rate'
  | 'request_percentage'
  | 'controller_mutation_rate';
export type QuotaValues = Readonly<Partial<Record<QuotaKey, number>>>;

export const quotaKind = 'quota';

const clientKeys: ReadonlySet<string> = new Set<ClientQuotaKey>([
  'producer_byte_rate',
  'consumer_byte_rate',
  'request_percentage',
  'controller_mutation_rate',
]);
const wholeKeys: ReadonlySet<string> = new Set([
  'producer_byte_rate',
  'consumer_byte_rate',
  'connection_creation_rate',
]);
const types: readonly EntityType[] = ['client-id', 'ip', 'user'];

export function isEntityType(text: string): text is EntityType {
  return types.some((type) => type === text);
}

/** The key under which an entity's quotas are kept: the same for the same entity. */
export function keyOfEntity(entity: QuotaEntity): string {
  return JSON.stringify(types.flatMap((type) => (entity.has(type) ? [[type, entity.get(type)]] : [])));
}

export function entityOfKey(key: string): QuotaEntity {
  const entity = new Map<EntityType, string | null>();
  const decoded: unknown = JSON.parse(key);
  if (!Array.isArray(decoded)) return entity;
  for (const pair of decoded as unknown[]) {
    if (!Array.isArray(pair)) continue;
    const [type, name] = pair as unknown[];
    if (typeof type === 'string' && isEntityType(type)) entity.set(type, typeof name === 'string' ? name : null);
  }
  return entity;
}

export function quotaValuesOf(json: string): QuotaValues {
  const decoded: unknown = JSON.parse(json);
  if (typeof decoded !== 'object' || decoded === null) return {};
  return Object.fromEntries(Object.entries(decoded).filter(([, value]) => typeof value === 'number'));
}

/** Why there can be no quota for the entity; null where there can. The sentences are Kafka's. */
export function entityProblem(parts: readonly { entityType: string; entityName: string | null }[]): string | null {
  if (parts.length === 0) return 'Invalid empty client quota entity';
  const strange = parts.find(({ entityType }) => !isEntityType(entityType));
  if (strange !== undefined) return `Unhandled client quota entity type: ${strange.entityType}`;
  const empty = parts.find(({ entityName }) => entityName === '');
  if (empty !== undefined) return `Empty ${empty.entityType} not supported`;
  const ip = parts.find(({ entityType }) => entityType === 'ip');
  if (ip === undefined) return null;
  if (parts.some(({ entityType }) => entityType !== 'ip')) {
    return 'Invalid quota entity combination, IP entity should not be combined with User or ClientId';
  }
  if (ip.entityName === null || isIP(ip.entityName) > 0) return null;
  return `${ip.entityName} is not a valid IP address.`;
}

/** Why the entity's quota cannot be `value`; null where it can. */
export function quotaProblem(entity: QuotaEntity, key: string, value: number): string | null {
  const isKnown = entity.has('ip') ? key === 'connection_creation_rate' : clientKeys.has(key);
  if (!isKnown) return `Invalid configuration key ${key}`;
  if (!(value > 0)) return `Quota ${key} must be greater than 0`;
  return wholeKeys.has(key) && !Number.isInteger(value) ? `${key} cannot be a fractional value.` : null;
}
