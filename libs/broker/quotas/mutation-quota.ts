import { kafkaError } from '#wire/kafka/error-codes';
import type { HandlerContext } from '../handler.js';
import type { TopicProblem } from '../topic-admin.js';
import { quotaClientOf } from './throttle.js';

/**
 * What one request changes of topics, against its client's controller_mutation_rate (KIP-599). Under `strict`, for versions whose clients
 * know THROTTLING_QUOTA_EXCEEDED, what is over the quota is refused; otherwise it is done, and the client waits afterwards.
 */
export class MutationQuota {
  /** For the answer. */
  waitMs = 0;

  constructor(
    private readonly context: HandlerContext,
    private readonly strict: boolean,
  ) {}

  /** Counts so many partitions that come or go, or says that they have to wait. */
  take(partitions: number): TopicProblem | null {
    const { quotas } = this.context.broker;
    if (!quotas.limits('controller_mutation_rate')) return null;
    const { isRefused, waitMs } = quotas.mutations(quotaClientOf(this.context), partitions, this.strict);
    this.waitMs = Math.max(this.waitMs, waitMs);
    if (!isRefused) return null;
    return { code: kafkaError.THROTTLING_QUOTA_EXCEEDED, message: 'The throttling quota has been exceeded.' };
  }
}
