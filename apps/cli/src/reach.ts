import { connect } from 'node:net';
import { messageOf } from '#std/errors';

const connectMsMax = 5_000;

/**
 * Throws at once when none of the addresses accepts a connection: a person waits for this, and the client behind it would try on
 * for a quarter of a minute.
 */
export async function requireReachable(bootstrap: readonly string[]): Promise<void> {
  const tries = bootstrap.map(accepts);
  try {
    await Promise.any(tries);
  } catch {
    const reasons = (await Promise.allSettled(tries)).flatMap((result) =>
      result.status === 'rejected' ? [messageOf(result.reason)] : [],
    );
    throw new Error(
      `No topics answer at ${bootstrap.join(', ')} (${reasons.join('; ')}). Are they running ("millrace up"), and is ` +
        '--bootstrap right?',
    );
  }
}

function accepts(address: string): Promise<void> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: Number(address.slice(at + 1)) });
  return new Promise<void>((resolve, reject) => {
    socket.setTimeout(connectMsMax, () => reject(new Error(`no answer in ${connectMsMax} ms`)));
    socket.once('connect', resolve).once('error', reject);
  }).finally(() => socket.destroy());
}
