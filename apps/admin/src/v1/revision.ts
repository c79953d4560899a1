/** `ETag` and `If-Match` (RFC 9110 section 13.1.1) over the revision of what is wanted. */
import type { Request, Response } from 'express';
import { MillraceError, type ErrorKind } from '#std/errors';

export const revisionErrors = {
  changed: { code: 'rest.precondition.failed', retriable: false, http: 412 },
} satisfies Record<string, ErrorKind>;

export function sendRevision(response: Response, revision: number): void {
  response.setHeader('ETag', `"${revision}"`);
}

/** Throws `rest.precondition.failed` (412) where the caller has seen another revision; without `If-Match`, or with `*`, nothing is asked. */
export function requireRevision(request: Request, what: string, revision: number): void {
  const given = request.headers['if-match'];
  if (given === undefined || given.trim() === '*') return;
  const wanted = given.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (wanted.includes(`"${revision}"`)) return;
  throw new MillraceError(
    revisionErrors.changed,
    `${what} has changed since: it is at revision ${revision}, and If-Match says ${given}. Read it again and repeat the change.`,
  );
}
