import { MillraceError } from '#std/errors';
import { securityErrors } from './errors.js';
import { isScramName, scramCredential, scramCredentialOfSalted, scramIterations } from './scram.js';
import type { ScramCredential, ScramName } from './scram.js';

export interface ScramUser {
  readonly mechanism: ScramName;
  readonly user: string;
  /** Takes the time of the iterations. */
  readonly credential: () => ScramCredential;
}

/**
 * Reads users in the words of `kafka-storage format --add-scram`: `SCRAM-SHA-256=[name=alice,password=secret,iterations=8192]`,
 * several parted by commas or blanks; instead of `password` also `salt` and `saltedpassword` in base64. Throws
 * `security.scram_bootstrap.invalid`; no sentence holds a value.
 */
export function parseScramUsers(text: string): ScramUser[] {
  const users: ScramUser[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const match = /^([A-Z0-9-]+)=\[([^\]]*)\][\s,;]*/.exec(rest);
    if (match === null) throw invalid('it must read SCRAM-SHA-256=[name=…,password=…]');
    const [whole, mechanism = '', body = ''] = match;
    if (!isScramName(mechanism)) throw invalid('the mechanism must be SCRAM-SHA-256 or SCRAM-SHA-512');
    users.push(readUser(mechanism, body));
    rest = rest.slice(whole.length);
  }
  return users;
}

function readUser(mechanism: ScramName, body: string): ScramUser {
  const values = new Map<string, string>();
  for (const pair of body.split(',')) {
    const at = pair.indexOf('=');
    values.set(pair.slice(0, at).trim(), unquoted(pair.slice(at + 1).trim()));
  }
  const user = values.get('name') ?? '';
  const password = values.get('password');
  const salted = values.get('saltedpassword');
  const saltText = values.get('salt');
  const iterations = Number(values.get('iterations') ?? scramIterations.default);
  if (user === '') throw invalid('a name is missing');
  if (!(iterations >= scramIterations.min && iterations <= scramIterations.max)) {
    throw invalid(`iterations of ${user} must be ${scramIterations.min} to ${scramIterations.max}`);
  }
  const salt = saltText === undefined ? undefined : Buffer.from(saltText, 'base64');
  if (password !== undefined && password !== '') {
    const options = salt === undefined ? { iterations } : { salt, iterations };
    return { mechanism, user, credential: () => scramCredential(mechanism, password, options) };
  }
  if (salted === undefined || salt === undefined) {
    throw invalid(`${user} has no password, nor salt and saltedpassword`);
  }
  const saltedBytes = Buffer.from(salted, 'base64');
  return { mechanism, user, credential: () => scramCredentialOfSalted(mechanism, saltedBytes, { salt, iterations }) };
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function invalid(reason: string): MillraceError {
  return new MillraceError(securityErrors.scramBootstrap, `scram.bootstrap.users cannot be read: ${reason}.`);
}
