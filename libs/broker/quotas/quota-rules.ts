import {
  entityOfKey,
  quotaValuesOf,
  type ClientQuotaKey,
  type QuotaEntity,
  type QuotaValues,
} from './quota-entities.js';

/** A limit, and the name of those who share it. */
export interface QuotaRule {
  readonly limit: number;
  readonly sharers: string;
}

/** Quotas in force, parsed once when they change. Looked up by user and client id as Kafka does: the most exact one holds. */
export class QuotaRules {
  /** Whether anything is limited at all, by what is limited. */
  readonly limited = new Set<string>();
  private readonly byUserAndClient = new Map<string, QuotaValues>();
  private readonly byIp = new Map<string, number>();

  constructor(records: ReadonlyMap<string, string>) {
    for (const [key, json] of records) {
      const values = quotaValuesOf(json);
      const entity = entityOfKey(key);
      for (const name of Object.keys(values)) this.limited.add(name);
      if (!entity.has('ip')) this.byUserAndClient.set(placeOf(entity), values);
      else if (values.connection_creation_rate !== undefined) {
        this.byIp.set(entity.get('ip') ?? anyName, values.connection_creation_rate);
      }
    }
  }

  /** The rule for a client, or null where it is not limited. A rule for a user alone is shared by all its clients. */
  find(key: ClientQuotaKey, user: string, client: string): QuotaRule | null {
    if (!this.limited.has(key)) return null;
    const both = `${key}/${user}/${client}`;
    return (
      this.at(key, named(user), named(client), both) ??
      this.at(key, named(user), anyName, both) ??
      this.at(key, named(user), '', `${key}/${user}`) ??
      this.at(key, anyName, named(client), both) ??
      this.at(key, anyName, anyName, both) ??
      this.at(key, anyName, '', `${key}/${user}`) ??
      this.at(key, '', named(client), `${key}//${client}`) ??
      this.at(key, '', anyName, `${key}//${client}`)
    );
  }

  /** New connections a second from an address; null where they are not limited. */
  connectionsFrom(ip: string): number | null {
    return this.byIp.get(ip) ?? this.byIp.get(anyName) ?? null;
  }

  private at(key: ClientQuotaKey, user: string, client: string, sharers: string): QuotaRule | null {
    const limit = this.byUserAndClient.get(`${user}\n${client}`)?.[key];
    return limit === undefined ? null : { limit, sharers };
  }
}

/** The default of all names; no name is like it, for those begin with a sign of their own. */
const anyName = '*';

function named(name: string): string {
  return `=${name}`;
}

/** Where an entity's values lie: user and client, each named, default or absent. */
function placeOf(entity: QuotaEntity): string {
  const part = (type: 'user' | 'client-id'): string => {
    if (!entity.has(type)) return '';
    const name = entity.get(type);
    return name === null || name === undefined ? anyName : named(name);
  };
  return `${part('user')}\n${part('client-id')}`;
}
