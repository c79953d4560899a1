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
/** Principals from a host that are remembered with their answers, and answers of all; at the limit all are forgotten. */
const accessesMax = 10_000;
const answersMax = 200_000;
/** Longer names, which only groups and transactional ids have, are asked for anew each time. */
const rememberedNameMax = 256;

/** The rules as they are now, and which answers are still good. */
interface Rules {
  index: AclIndex;
  /** Another number means that every answer is to be forgotten. */
  generation: number;
  /** Answers that are remembered, of this generation. */
  answers: number;
  readonly allowsUnruled: boolean;
}

/**
 * Kafka's StandardAuthorizer: rules are records of the cluster, and a change of them is seen by the next question. Answers are
 * remembered, so that a question costs one look-up.
 */
export class Authorizer {
  private readonly rules: Rules;
  private readonly superUsers: ReadonlySet<string>;
  private readonly accesses = new Map<string, Access>();

  constructor(
    private readonly cluster: ClusterState,
    config: BrokerConfig,
  ) {
    this.superUsers = new Set(principalTexts(config['super.users']));
    const allowsUnruled = config['allow.everyone.if.no.acl.found'];
    this.rules = { index: new AclIndex([]), generation: 0, answers: 0, allowsUnruled };
    cluster.listen(aclKind, (records) => {
      this.rules.index = new AclIndex([...records.values()].map((text) => JSON.parse(text) as AclBinding));
      forgetAnswers(this.rules);
    });
  }

  /** What `principal` may do from `host`, now and after every change of the rules. */
  accessOf(principal: Principal, host: string): Access {
    const text = principalText(principal);
    if (this.superUsers.has(text)) return unlimitedAccess;
    const key = `${text} ${host}`;
    let access = this.accesses.get(key);
    if (access === undefined) {
      access = new RememberedAccess(this.rules, text, host);
      if (this.accesses.size >= accessesMax) this.accesses.clear();
      this.accesses.set(key, access);
    }
    return access;
  }

  find(filter: AclFilter): AclBinding[] {
    return this.rules.index.bindings.filter((binding) => matches(filter, binding));
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

function forgetAnswers(rules: Rules): void {
  rules.generation += 1;
  rules.answers = 0;
}

class RememberedAccess implements Access {
  private readonly answers = new Map<string, boolean>();
  private generation = -1;

  constructor(
    private readonly rules: Rules,
    private readonly principal: string,
    private readonly host: string,
  ) {}

  may(operation: AclOperation, type: AclResourceType, name: string): boolean {
    const key = `${operation} ${type} ${name}`;
    const known = this.known(key);
    if (known !== undefined) return known;
    const { principal, host, rules } = this;
    const decision = rules.index.decide({ principal, host, operation, type, name });
    const isAllowed = decision === 'allowed' || (decision === 'no_rule' && rules.allowsUnruled);
    return name.length > rememberedNameMax ? isAllowed : this.remember(key, isAllowed);
  }

  mayAny(operation: AclOperation, type: AclResourceType): boolean {
    const key = `${operation} ${type}`;
    const known = this.known(key);
    if (known !== undefined) return known;
    const { principal, host, rules } = this;
    const asked = { principal, host, operation, type };
    // Kafka asks for a name that nobody gives to anything first, so that this follows allow.everyone.if.no.acl.found.
    const isUnruled = rules.allowsUnruled && rules.index.decide({ ...asked, name: 'hardcode' }) === 'no_rule';
    return this.remember(key, isUnruled || rules.index.decideAny(asked));
  }

  private known(key: string): boolean | undefined {
    if (this.generation === this.rules.generation) return this.answers.get(key);
    this.answers.clear();
    this.generation = this.rules.generation;
    return undefined;
  }

  private remember(key: string, answer: boolean): boolean {
    this.rules.answers += 1;
    if (this.rules.answers > answersMax) forgetAnswers(this.rules);
    else this.answers.set(key, answer);
    return answer;
  }
}
