import {
  everybody,
  operationCode,
  patternTypeCode,
  permissionCode,
  wildcard,
  type AclBinding,
  type AclOperation,
  type AclResourceType,
  resourceTypeCode,
} from './acl.js';

/** An operation that a rule grants without naming it (Kafka's AclEntry). A denial names what it denies. */
const impliedBy: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [
    operationCode.describe,
    new Set<number>([operationCode.read, operationCode.write, operationCode.delete, operationCode.alter]),
  ],
  [operationCode.describe_configs, new Set<number>([operationCode.alter_configs])],
]);

export type AclDecision = 'allowed' | 'denied' | 'no_rule';

export interface AclQuestion {
  /** `User:alice` */
  readonly principal: string;
  readonly host: string;
  readonly operation: AclOperation;
  readonly type: AclResourceType;
  readonly name: string;
}

/** Rules of one resource type: those for one name, and those for all names that begin with something. */
interface Rules {
  readonly literal: Map<string, AclBinding[]>;
  readonly prefixed: Map<string, AclBinding[]>;
  /** Of the prefixes there are, the lengths: only so many parts of a name are looked up. */
  readonly prefixLengths: Set<number>;
}

/**
 * The rules as they are asked: a question looks at the name, at `*`, and at each prefix of the name that any rule has. Immutable;
 * a change makes a new one. As Kafka's StandardAuthorizer decides: a denial wins, then a grant, then nothing is allowed.
 */
export class AclIndex {
  private readonly ofType = new Map<number, Rules>();

  constructor(readonly bindings: readonly AclBinding[]) {
    for (const binding of bindings) this.add(binding);
  }

  /** `no_rule` where no rule is about the resource at all, whoever it is for. */
  decide(question: AclQuestion): AclDecision {
    const rules = this.ofType.get(resourceTypeCode[question.type]);
    if (rules === undefined) return 'no_rule';
    const operation = operationCode[question.operation];
    let isRuled = false;
    let isAllowed = false;
    for (const found of applying(rules, question.name)) {
      isRuled = true;
      for (const binding of found) {
        const decision = judge(binding, question, operation);
        if (decision === 'denied') return 'denied';
        if (decision === 'allowed') isAllowed = true;
      }
    }
    if (isAllowed) return 'allowed';
    return isRuled ? 'denied' : 'no_rule';
  }

  /**
   * Whether there may be a resource of the type on which the operation is granted (Kafka's authorizeByResourceType): some grant that no denial covers
   * whole. Implied operations do not count here.
   */
  decideAny(question: Omit<AclQuestion, 'name'>): boolean {
    const rules = this.ofType.get(resourceTypeCode[question.type]);
    if (rules === undefined) return false;
    const { literal, prefixed } = rules;
    const has = (found: readonly AclBinding[] | undefined, permission: number): boolean =>
      found?.some((binding) => names(binding, question) && binding.permissionType === permission) === true;
    const { deny, allow } = permissionCode;
    if (has(literal.get(wildcard), deny)) return false;
    if (has(literal.get(wildcard), allow)) return true;
    const isCovered = (name: string): boolean =>
      prefixesOf(rules, name).some((prefix) => has(prefixed.get(prefix), deny));
    for (const [name, found] of literal) if (has(found, allow) && !has(found, deny) && !isCovered(name)) return true;
    for (const [name, found] of prefixed) if (has(found, allow) && !isCovered(name)) return true;
    return false;
  }

  private add(binding: AclBinding): void {
    let rules = this.ofType.get(binding.resourceType);
    if (rules === undefined) {
      rules = { literal: new Map(), prefixed: new Map(), prefixLengths: new Set() };
      this.ofType.set(binding.resourceType, rules);
    }
    const isPrefix = binding.patternType === patternTypeCode.prefixed;
    const map = isPrefix ? rules.prefixed : rules.literal;
    const found = map.get(binding.resourceName);
    if (found === undefined) map.set(binding.resourceName, [binding]);
    else found.push(binding);
    if (isPrefix) rules.prefixLengths.add(binding.resourceName.length);
  }
}

function* applying(rules: Rules, name: string): Generator<readonly AclBinding[]> {
  const exact = rules.literal.get(name);
  if (exact !== undefined) yield exact;
  const everywhere = name === wildcard ? undefined : rules.literal.get(wildcard);
  if (everywhere !== undefined) yield everywhere;
  for (const prefix of prefixesOf(rules, name)) {
    const found = rules.prefixed.get(prefix);
    if (found !== undefined) yield found;
  }
}

function prefixesOf(rules: Rules, name: string): string[] {
  return [...rules.prefixLengths].filter((length) => length <= name.length).map((length) => name.slice(0, length));
}

function isFor(binding: AclBinding, { principal, host }: Omit<AclQuestion, 'name'>): boolean {
  return (
    (binding.principal === principal || binding.principal === everybody) &&
    (binding.host === wildcard || binding.host === host)
  );
}

/** Whether the rule is for the one who asks and names the operation, or all of them. */
function names(binding: AclBinding, question: Omit<AclQuestion, 'name'>): boolean {
  const { operation } = binding;
  return (
    isFor(binding, question) && (operation === operationCode[question.operation] || operation === operationCode.all)
  );
}

function judge(binding: AclBinding, question: AclQuestion, operation: number): 'allowed' | 'denied' | 'unmatched' {
  if (!isFor(binding, question)) return 'unmatched';
  const isNamed = binding.operation === operation || binding.operation === operationCode.all;
  if (binding.permissionType === permissionCode.deny) return isNamed ? 'denied' : 'unmatched';
  return isNamed || impliedBy.get(operation)?.has(binding.operation) === true ? 'allowed' : 'unmatched';
}
