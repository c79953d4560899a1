import type { IncomingMessage } from 'node:http';

export interface BodyLimits {
  /** A larger body is refused. */
  readonly bytesMax: number;
  /** What is over it is cut off; null cuts nothing. */
  readonly cutAt: number | null;
  /** Asked for each chunk, and told when it is given back; false refuses it. */
  readonly take: (bytes: number) => boolean;
}

export type BodyRefusal = 'too large' | 'busy' | 'aborted';

/**
 * The whole body, or why there is none. After a refusal what still comes is thrown away, so that the peer gets its answer.
 */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer | BodyRefusal> {
  const cutAt = limits.cutAt ?? Infinity;
  const keptMax = Math.min(cutAt, limits.bytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    const refuse = (refusal: BodyRefusal): void => {
      request.off('data', keep);
      request.resume();
      resolve(refusal);
    };
    const keep = (chunk: Buffer): void => {
      if (bytes + chunk.length > limits.bytesMax && limits.bytesMax < cutAt) {
        refuse('too large');
        return;
      }
      const kept = chunk.subarray(0, Math.max(0, keptMax - bytes));
      if (!limits.take(kept.length)) {
        refuse('busy');
        return;
      }
      bytes += kept.length;
      if (kept.length > 0) chunks.push(kept);
    };
    request.on('data', keep);
    request.once('end', () => {
      const [only] = chunks;
      // Most requests come in one piece, which needs no copy.
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    });
    request.once('close', () => resolve('aborted'));
    request.once('error', () => resolve('aborted'));
  });
}
