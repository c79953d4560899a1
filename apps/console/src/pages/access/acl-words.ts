import type { AclRule } from './access-types.js';

/** `User:alice may READ TOPIC orders… from anywhere`. */
export function ruleInWords(rule: AclRule): string {
  const {
    principal,
    permission,
    operation,
    resource_type: type,
    resource_name: name,
    pattern_type: pattern,
    host,
  } = rule;
  const may = permission === 'DENY' ? 'may not' : 'may';
  const named = pattern === 'PREFIXED' ? `${name}…` : name;
  return `${principal} ${may} ${operation} ${type} ${named} from ${host === '*' ? 'anywhere' : host}`;
}

/** All fields, by which exactly this rule is deleted. */
export function queryOf(rule: AclRule): Readonly<Record<string, string>> {
  return { ...rule };
}

export function keyOfRule(rule: AclRule): string {
  return Object.values(rule).join('\n');
}
