import { defineOptions } from '#config/options';

/** Environment variables of the administration's logins; docs/guides/access.md lists them. */
export const accessSettings = defineOptions({
  MILLRACE_ADMIN_KEY: {
    type: 'password',
    doc: 'A secret of at least 16 characters that may do everything, for the first login: `Authorization: ApiKey …`. Who sets it makes logins needed.',
  },
  MILLRACE_READ_ONLY: { type: 'boolean', default: false, doc: 'Refuses every change over REST.' },
  MILLRACE_REQUESTS_PER_SECOND: {
    type: 'int',
    default: 0,
    min: 0,
    max: 1_000_000,
    doc: 'Requests that one principal may send in a second, ten times that in a burst. 0: no limit.',
  },
  MILLRACE_OIDC_JWKS: {
    type: 'string',
    doc: 'Keys that bearer tokens are signed with: `https://…` or `file:///…`, a JWKS document. Default: no bearer tokens.',
  },
  MILLRACE_OIDC_ISSUER: { type: 'string', doc: 'The `iss` that tokens must have. Needed with keys.' },
  MILLRACE_OIDC_AUDIENCE: { type: 'list', default: [], doc: 'One of these must be in `aud`. Needed with keys.' },
  MILLRACE_OIDC_SUBJECT_CLAIM: {
    type: 'string',
    default: 'sub',
    doc: 'Claim with the name: roles are bound to `User:name`.',
  },
  MILLRACE_OIDC_GROUPS_CLAIM: {
    type: 'string',
    default: 'groups',
    doc: 'Claim with names of groups: roles may be bound to `Group:name`.',
  },
});
