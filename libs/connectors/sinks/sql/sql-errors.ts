import { types } from 'node:util';
import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { MillraceError } from '#std/errors';

/**
 * What an error of the database means for the sink: the store is away or busy, the records are bad, or nothing will help but a person.
 * `schema` = the table is not as it was when it was looked at.
 */
export type SqlErrorClass = 'retriable' | 'poison' | 'fatal' | 'schema' | 'unknown';

/** Codes and words of errors that a driver itself makes and that time does not cure. */
const driverFatal =
  /^SASL|does not support (?:SSL|secure)|CERT|certificate|UNABLE_TO_VERIFY|AUTH_SWITCH_PLUGIN|HANDSHAKE_NO_SSL|unknown authentication/i;

/** Mistakes of ours, not of the network. */
const programErrors = new Set(['TypeError', 'RangeError', 'ReferenceError', 'AssertionError']);

/** Of an error that no server sent. */
export function classOfDriverError(error: unknown): SqlErrorClass {
  if (!types.isNativeError(error) || programErrors.has(error.name)) return 'unknown';
  const code = 'code' in error ? String(error.code) : '';
  return driverFatal.test(`${code} ${error.message}`.trim()) ? 'fatal' : 'retriable';
}

/** The error for the runner; one that is made for it already stays as it is. */
export function sinkErrorOf(message: string, error: unknown, of: SqlErrorClass, schemaSeen: boolean): Error {
  if (error instanceof MillraceError) return error;
  switch (of) {
    case 'retriable':
      return new RetriableSinkError(message, { cause: error });
    case 'poison':
      return new PoisonRecordError(message, null, { cause: error });
    case 'fatal':
      return new FatalSinkError(message, { cause: error });
    case 'schema':
      return schemaSeen
        ? new FatalSinkError(message, { cause: error })
        : new RetriableSinkError(message, { cause: error });
    case 'unknown':
      return new Error(message, { cause: error });
  }
}
