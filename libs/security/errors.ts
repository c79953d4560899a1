import type { ErrorKind } from '#std/errors';

export const securityErrors = {
  /** The sentence goes to the client, so it never says which part of the credentials was wrong. */
  loginFailed: { code: 'security.login.failed', retriable: false, kafka: 58 },
  jaas: { code: 'security.jaas.invalid', retriable: false, kafka: 40 },
  principalRules: { code: 'security.principal_rules.invalid', retriable: false, kafka: 40 },
  principal: { code: 'security.principal.invalid', retriable: false, kafka: 42 },
  scramBootstrap: { code: 'security.scram_bootstrap.invalid', retriable: false, kafka: 40 },
  keySet: { code: 'security.key_set.unreadable', retriable: true, kafka: 58 },
} satisfies Record<string, ErrorKind>;
