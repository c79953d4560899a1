import { messageOf } from '#std/errors';
import { classOfDriverError, sinkErrorOf, type SqlErrorClass } from '../sql/sql-errors.js';

/** What SQLSTATEs mean for the sink (PostgreSQL, appendix A). Longest prefix wins. */
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

export function classOfError(error: unknown): SqlErrorClass {
  const state = sqlStateOf(error);
  return state === null ? classOfDriverError(error) : classOfSqlState(state);
}

export function postgresSinkError(what: string, error: unknown, schemaSeen: boolean): Error {
  const state = sqlStateOf(error);
  const message = `${what}: ${messageOf(error)}${detailOf(error)}${state === null ? '' : ` [${state}]`}`;
  return sinkErrorOf(message, error, classOfError(error), schemaSeen);
}

/** What the server adds, unless it is the whole row: that is nobody's business but the dead letters'. */
function detailOf(error: unknown): string {
  if (!(error instanceof Error) || !('detail' in error) || typeof error.detail !== 'string') return '';
  return error.detail.startsWith('Failing row') ? '' : ` (${error.detail})`;
}
