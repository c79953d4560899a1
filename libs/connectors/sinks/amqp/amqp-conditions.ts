import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import type { SendOutcome } from '../messaging/send-round.js';

/** What AMQP says of rights, and of names that nobody will make. */
const fatal: ReadonlySet<string> = new Set([
  'amqp:unauthorized-access',
  'amqp:not-allowed',
  'amqp:not-found',
  'amqp:unauthenticated-access',
]);

/** Reasons of a rejection that are not the message's: a full queue, a broker that goes down. */
const passing: ReadonlySet<string> = new Set([
  'amqp:resource-limit-exceeded',
  'amqp:internal-error',
  'amqp:illegal-state',
  'amqp:resource-deleted',
  'amqp:resource-locked',
  'amqp:connection:forced',
]);

interface Condition {
  readonly condition: string | null;
  readonly text: string;
}

/** The error of an AMQP answer, or whatever else the library gave. */
export function conditionOf(error: unknown): Condition {
  if (typeof error !== 'object' || error === null) return { condition: null, text: 'no reason was given' };
  const condition = 'condition' in error && typeof error.condition === 'string' ? error.condition : null;
  const description = 'description' in error && typeof error.description === 'string' ? error.description : null;
  if (condition === null) return { condition, text: messageOf(error) };
  return { condition, text: description === null ? condition : `${description} (${condition})` };
}

/** Of a connection or a link that ended. */
export function sinkErrorOf(what: string, error: unknown): Error {
  const { condition, text } = conditionOf(error);
  const message = `${what}: ${text}`;
  return condition !== null && fatal.has(condition) ? new FatalSinkError(message) : new RetriableSinkError(message);
}

/** Of a message that was rejected; an Error where it says nothing about the message. */
export function rejectionOf(error: unknown): SendOutcome | Error {
  const { condition, text } = conditionOf(error);
  if (condition !== null && fatal.has(condition)) return new FatalSinkError(`The broker rejects messages: ${text}`);
  if (condition !== null && passing.has(condition)) return { kind: 'again', reason: text };
  return { kind: 'refused', reason: `The broker rejects it: ${text}` };
}
