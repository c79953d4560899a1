import type { Connection } from '../connection.js';
import { ConnectionQuota } from '../connection-quota.js';
import type { ListenerOptions } from '../listener.js';
import { ReceiveBudget } from '../receive-budget.js';

export const limits = { frameBytesMax: 1 << 20, budgetBytesMax: 1 << 20, unansweredMax: 10 };

/** A listener of plain TCP on a free port of the loopback address, but for what is given. */
export function listenerOptions(given: Partial<ListenerOptions> = {}): ListenerOptions {
  return {
    name: 'PLAINTEXT',
    host: '127.0.0.1',
    port: 0,
    exposure: 'without a login',
    insecure: false,
    quota: new ConnectionQuota(100, 100),
    budget: new ReceiveBudget(1 << 28, () => undefined),
    idleMs: 60_000,
    limits,
    tls: null,
    handshakeMs: 1_000,
    ...given,
  };
}

/** Answers each frame with the same one. */
export function echo(connection: Connection): void {
  connection.start({
    onFrame(bytes) {
      connection.send([frame(bytes.toString())]);
      connection.settle(bytes.length);
    },
    onClose: () => undefined,
  });
}

export function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}
