/** What the rules say about one question, and which of them say so. */
import type { z } from 'zod';
import { AclIndex, type AclQuestion } from '#security/acl-index';
import {
  operationCode,
  patternTypeCode,
  permissionCode,
  resourceTypeCode,
  type AclBinding,
  type AclOperation,
  type AclResourceType,
} from '#security/acl';
import { aclWords, type AclRule } from '#topics/access-admin';
import type { AclQuestionBody } from './acl-schemas.js';

type Body = z.output<typeof AclQuestionBody>;

export interface AclVerdict {
  readonly decision: 'allowed' | 'denied' | 'no_rule';
  readonly reason: string;
  readonly rules: readonly AclRule[];
}

/** `rules` are those that apply to the resource. The broker decides in the same way, over the same index. */
export function verdictOf(body: Body, rules: readonly AclRule[]): AclVerdict {
  const question = questionOf(body);
  const decision = new AclIndex(rules.map(bindingOf)).decide(question);
  const what = `${body.operation} on ${body.resource_type} ${body.resource_name}`;
  if (decision === 'no_rule') {
    const reason =
      `No rule is about ${body.resource_type} ${body.resource_name}. Then nobody may but super users, ` +
      'unless allow.everyone.if.no.acl.found is set.';
    return { decision, reason, rules: [] };
  }
  const deciding = rules.filter((rule) => new AclIndex([bindingOf(rule)]).decide(question) === 'allowed');
  if (decision === 'allowed') return { decision, reason: `${body.principal} may ${what}.`, rules: deciding };
  const denials = rules.filter((rule) => rule.permission === 'DENY' && denies(rule, question));
  const reason =
    denials.length > 0
      ? `${body.principal} may not ${what}: a denial wins over every grant.`
      : `${body.principal} may not ${what}: there are rules about it, and none grants this.`;
  return { decision, reason, rules: denials };
}

/** Whether a grant to everybody would be overruled by it. */
function denies(rule: AclRule, question: AclQuestion): boolean {
  const denial = bindingOf(rule);
  const grant = {
    ...denial,
    principal: 'User:*',
    host: '*',
    operation: operationCode.all,
    permissionType: permissionCode.allow,
  };
  return new AclIndex([denial, grant]).decide(question) === 'denied';
}

function questionOf({ principal, operation, resource_type: type, resource_name: name, host }: Body): AclQuestion {
  return {
    principal,
    host,
    operation: lower(operation, operationCode, isOperation),
    type: lower(type, resourceTypeCode, isResourceType),
    name,
  };
}

function bindingOf(rule: AclRule): AclBinding {
  return {
    resourceType: aclWords.resourceType.get(rule.resourceType) ?? 0,
    resourceName: rule.resourceName,
    patternType: aclWords.patternType.get(rule.patternType) ?? patternTypeCode.literal,
    principal: rule.principal,
    host: rule.host,
    operation: aclWords.operation.get(rule.operation) ?? 0,
    permissionType: aclWords.permission.get(rule.permission) ?? permissionCode.deny,
  };
}

/** The schema has let only known words in. */
function lower<T extends string>(word: string, known: object, isKnown: (text: string) => text is T): T {
  const text = word.toLowerCase();
  if (isKnown(text)) return text;
  throw new Error(`${word} is none of ${Object.keys(known).join(', ')}`);
}

function isOperation(text: string): text is AclOperation {
  return text !== 'all' && text in operationCode;
}

function isResourceType(text: string): text is AclResourceType {
  return text in resourceTypeCode;
}
