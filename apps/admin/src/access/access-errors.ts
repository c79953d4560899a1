import type { ErrorKind } from '#std/errors';

/** What the guard answers. */
export const guardErrors = {
  loginNeeded: { code: 'access.login.needed', retriable: false, http: 401 },
  loginRefused: { code: 'access.login.refused', retriable: false, http: 401 },
  tooManyLogins: { code: 'access.login.too_many', retriable: true, http: 429 },
  tooManyRequests: { code: 'access.requests.too_many', retriable: true, http: 429 },
  crossOrigin: { code: 'access.cross_origin', retriable: false, http: 403 },
  denied: { code: 'access.denied', retriable: false, http: 403 },
  undeclared: { code: 'access.undeclared', retriable: false, http: 403 },
  readOnly: { code: 'access.read_only', retriable: false, http: 403 },
} satisfies Record<string, ErrorKind>;
