import type { ErrorKind } from '#std/errors';

export const brokerErrors = {
  /** A produce request with acks=0 failed: closing the connection is the only way to tell. */
  unackedProduce: { code: 'broker.produce.unacked', retriable: true },
  /** Another node of this machine does not run; it is started again. */
  nodeAway: { code: 'broker.node.away', retriable: true, kafka: 15, http: 503 },
  /** There are data of more nodes than are to run. */
  nodesTooFew: { code: 'broker.nodes.too_few', retriable: false },
} satisfies Record<string, ErrorKind>;
