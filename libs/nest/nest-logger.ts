import type { LoggerService } from '@nestjs/common';
import type { Logger } from '#std/log';

/** Nest's own messages in our log. Its chatter of a normal start is dropped: normal operation logs nothing. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(): void {}

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn(String(message), contextOf(rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.logger.error(String(message), contextOf(rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.error(String(message), contextOf(rest));
  }
}

/** Nest puts the name of the part that speaks last. */
function contextOf(rest: readonly unknown[]): { context?: string } {
  const last = rest.at(-1);
  return typeof last === 'string' ? { context: last } : {};
}
