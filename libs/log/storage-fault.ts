import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';

/**
 * The state of a data directory. A failed sync leaves unknown which bytes the disk has, and asking again would succeed without them:
 * so after one failure nothing is written there any more by this process.
 */
export class StorageFault {
  private failure: string | null = null;

  constructor(
    private readonly logger: Logger,
    private readonly onRaised: (reason: string) => void,
  ) {}

  /** Why nothing is written any more; null while all is well. */
  get reason(): string | null {
    return this.failure;
  }

  raise(what: string, error: unknown): void {
    if (this.failure !== null) return;
    this.failure = `${what} failed: ${messageOf(error)}. Nothing more is written here until a restart.`;
    this.logger.error(this.failure);
    this.onRaised(this.failure);
  }
}
