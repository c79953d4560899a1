import type { ErrorKind } from '#std/errors';

export const netErrors = {
  addressInUse: { code: 'net.address.in_use', retriable: true },
  listenFailed: { code: 'net.listen.failed', retriable: false },
  insecureHost: { code: 'net.listen.insecure', retriable: false },
  frameSize: { code: 'net.frame.size', retriable: false },
  frameStalled: { code: 'net.frame.stalled', retriable: true },
  /** A key or trust store that cannot be used. */
  keyStore: { code: 'net.tls.key_store', retriable: false },
  tlsSettings: { code: 'net.tls.settings', retriable: false },
} satisfies Record<string, ErrorKind>;
