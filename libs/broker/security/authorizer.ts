import { createHash } from 'node:crypto';
import {
  matches,
  principalText,
  type AclBinding,
  type AclFilter,
  type AclOperation,
  type AclResourceType,
} from '#security/acl';
import { AclIndex } from '#security/acl-index';
import type { Principal } from '#security/sasl';
import type { BrokerConfig } from '../broker-options.js';
import type { ClusterState } from '../cluster-state.js';
import { principalTexts } from './listener-options.js';

/** What one principal may do from one host. */
export interface Access {
  may(operation: AclOperation, type: AclResourceType, name: string): boolean;
  mayAny(operation: AclOperation, type: AclResourceType): boolean;
}

/** Where no authorizer is set. */
export const unlimitedAccess: Access = { may: () => true, mayAny: () => true };

export const aclKind = 'acl';
/** Principals from a host whose answers are remembered, and answers of each; at the limit all are forgotten. */
const accessesMax = 10_000;
const answersMax = 20_000;

/**
 * Kafka's StandardAuthorizer: rules are records of the cluster, and a change of them is seen by the next question. Answers are
 * remembered, so that a question costs one look-up.
 */
export class Authorizer {
  private index = new AclIndex([]);
  private readonly superUsers: ReadonlySet<string>;
  private readonly allowsUnruled: boolean;
  private readonly accesses = new Map<string, RememberedAccess>();

  constructor(
    private readonly cluster: ClusterState,
    config: BrokerConfig,
  ) {
    this.superUsers = new Set(principalTexts(config['super.users']));
    this.allowsUnruled = config['allow.everyone.if.no.acl.found'];
    cluster.listen(aclKind, (records) => {
      this.index = new AclIndex([...records.values()].map((text) => JSON.parse(text) as AclBinding));
      for (const access of this.accesses.values()) access.forget();
      this.accesses.clear();
    });
  }

  /** What `principal` may do from `host`, now and after every change of the rules. */
  accessOf(principal: Principal, host: string): Access {
    const text = principalText(principal);
    if (this.superUsers.has(text)) return unlimitedAccess;
    const key = `${text} ${host}`;
    let access = this.accesses.get(key);
    if (access === undefined) {
      access = new RememberedAccess(() => this.index, { principal: text, host, allowsUnruled: this.allowsUnruled });
      if (this.accesses.size >= accessesMax) this.accesses.clear();
      this.accesses.set(key, access);
    }
    return access;
  }

  find(filter: AclFilter): AclBinding[] {
    return this.index.bindings.filter((binding) => matches(filter, binding));
  }

  /** Resolves when the rules are durable and in force. One that is there already stays. */
  add(bindings: readonly AclBinding[]): Promise<void> {
    if (bindings.length === 0) return Promise.resolve();
    return this.cluster.put(
      bindings.map((binding) => ({ kind: aclKind, key: keyOf(binding), value: JSON.stringify(plain(binding)) })),
    );
  }

  remove(bindings: readonly AclBinding[]): Promise<void> {
    if (bindings.length === 0) return Promise.resolve();
    return this.cluster.put(bindings.map((binding) => ({ kind: aclKind, key: keyOf(binding), value: null })));
  }
}

/** Names of groups may be longer than a key of the store: a digest stands for the rule. */
function keyOf(binding: AclBinding): string {
  return createHash('sha256')
    .update(JSON.stringify(Object.values(plain(binding))))
    .digest('base64url');
}

/** The fields in a fixed order, whatever object they came in. */
function plain(binding: AclBinding): AclBinding {
  const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = binding;
  return { resourceType, resourceName, patternType, principal, host, operation, permissionType };
}

interface Asker {
  readonly principal: string;
  readonly host: string;
  readonly allowsUnruled: boolean;
}

class RememberedAccess implements Access {
  private answers = new Map<string, boolean>();
  private askedOf: AclIndex | null = null;

  constructor(
    private readonly indexNow: () => AclIndex,
    private readonly asker: Asker,
  ) {}

  may(operation: AclOperation, type: AclResourceType, name: string): boolean {
    const index = this.current();
    const key = `${operation} ${type} ${name}`;
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const { principal, host, allowsUnruled } = this.asker;
    const decision = index.decide({ principal, host, operation, type, name });
    return this.remember(key, decision === 'allowed' || (decision === 'no_rule' && allowsUnruled));
  }

  mayAny(operation: AclOperation, type: AclResourceType): boolean {
    const index = this.current();
    const key = `${operation} ${type}`;
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const { principal, host, allowsUnruled } = this.asker;
    // Kafka asks for a name that nobody gives to anything first, so that this follows allow.everyone.if.no.acl.found.
    const unruled = allowsUnruled && index.decide({ principal, host, operation, type, name: 'hardcode' }) === 'no_rule';
    return this.remember(key, unruled || index.decideAny({ principal, host, operation, type }));
  }

  forget(): void {
    this.answers.clear();
  }

  private current(): AclIndex {
    const index = this.indexNow();
    if (index !== this.askedOf) {
      this.answers.clear();
      this.askedOf = index;
    }
    return index;
  }

  private remember(key: string, answer: boolean): boolean {
    if (this.answers.size >= answersMax) this.answers.clear();
    this.answers.set(key, answer);
    return answer;
  }
}
