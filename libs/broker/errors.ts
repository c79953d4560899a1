import type { ErrorKind } from '#std/errors';

export const brokerErrors = {
  /** A produce request with acks=0 failed: closing the connection is the only way to tell. */
  unackedProduce: { code: 'broker.produce.unacked', retriable: true },
} satisfies Record<string, ErrorKind>;
