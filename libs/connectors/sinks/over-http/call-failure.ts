import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { messageOf, MillraceError } from '#std/errors';

/** What a call that got no answer means to a sink: a certificate that is not trusted stays so, all else passes. */
export function callFailure(error: unknown): FatalSinkError | RetriableSinkError {
  const isFatal = error instanceof MillraceError && !error.retriable;
  return new (isFatal ? FatalSinkError : RetriableSinkError)(messageOf(error), { cause: error });
}
