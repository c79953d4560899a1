import type { ErrorKind } from '#std/errors';

export const serverErrors = {
  unsupported: { code: 'server.request.unsupported', retriable: false, kafka: 35 },
  /** Told in the log only; the client had its answer. */
  loginFailed: { code: 'server.login.failed', retriable: false, kafka: 58 },
  loginTimeout: { code: 'server.login.timeout', retriable: true, kafka: 58 },
  unknownCertificate: { code: 'server.login.certificate', retriable: false, kafka: 58 },
} satisfies Record<string, ErrorKind>;
