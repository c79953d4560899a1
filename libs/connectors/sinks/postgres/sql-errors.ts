import { types } from 'node:util';
import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { MillraceError, messageOf } from '#std/errors';

/**
 * What an error of the database means for the sink, by SQLSTATE (PostgreSQL, appendix A): the store is away or busy, the records
 * are bad, or nothing will help but a person. `schema` = the table is not as it was when it was looked at.
 */
export type SqlErrorClass = 'retriable' | 'poison' | 'fatal' | 'schema' | 'unknown';

/** Longest prefix wins. */
const classes: Readonly<Record<string, SqlErrorClass>> = {
  '08': 'retriable', // connection
  '0A000': 'schema', // a plan that the table has outgrown
  '22': 'poison', // data: too long, out of range, not of the type
  '23': 'poison', // constraints
  '23P04': 'poison',
  '25006': 'retriable', // read-only: a standby, until it is promoted
  '28': 'fatal', // authentication
  '3D000': 'fatal', // no such database
  '3F000': 'fatal', // no such schema
  '40': 'retriable', // serialization, deadlock
  '42': 'schema', // no such table, column, or another type
  '42501': 'fatal', // not allowed
  '42P10': 'fatal', // ON CONFLICT without a unique key
  '44000': 'poison', // WITH CHECK OPTION
  '53': 'retriable', // out of memory, disk, connections
  '54': 'poison', // too many columns, row too big
  '55': 'retriable', // lock not available, object in use
  '57': 'retriable', // shutting down, starting, statement timeout
  '58': 'retriable', // input or output of the server
  P0001: 'poison', // a trigger raised it
};

export function classOfSqlState(state: string): SqlErrorClass {
  for (let length = 5; length >= 2; length -= 1) {
    const found = classes[state.slice(0, length)];
    if (found !== undefined) return found;
  }
  return 'unknown';
}

/** SQLSTATE of an error of the server, null where the connection itself failed. */
export function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return 'severity' in error && error.code.length === 5 ? error.code : null;
}

/** Codes and words of errors that the driver itself makes and that time does not cure. */
const driverFatal = /^SASL|does not support SSL|CERT|certificate|UNABLE_TO_VERIFY/;

export function classOfError(error: unknown): SqlErrorClass {
  const state = sqlStateOf(error);
  if (state !== null) return classOfSqlState(state);
  if (!types.isNativeError(error) || programErrors.has(error.name)) return 'unknown';
  const code = 'code' in error ? String(error.code) : '';
  return driverFatal.test(`${code} ${error.message}`.trim()) ? 'fatal' : 'retriable';
}

/** Mistakes of ours, not of the network. */
const programErrors = new Set(['TypeError', 'RangeError', 'ReferenceError', 'AssertionError']);

/** The error for the runner. `schemaSeen` = the table was looked at anew just before, so that another look will not help. */
export function sinkErrorOf(what: string, error: unknown, schemaSeen: boolean): Error {
  if (error instanceof MillraceError) return error;
  const state = sqlStateOf(error);
  const message = `${what}: ${messageOf(error)}${detailOf(error)}${state === null ? '' : ` [${state}]`}`;
  switch (classOfError(error)) {
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

/** What the server adds, unless it is the whole row: that is nobody's business but the dead letters'. */
function detailOf(error: unknown): string {
  if (!(error instanceof Error) || !('detail' in error) || typeof error.detail !== 'string') return '';
  return error.detail.startsWith('Failing row') ? '' : ` (${error.detail})`;
}
