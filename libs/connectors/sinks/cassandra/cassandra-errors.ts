import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { MillraceError, messageOf } from '#std/errors';

/**
 * What an error of the cluster or of its driver means for the sink (native protocol v5, section 8, "Error codes"). `refused` = this statement,
 * as bad data; `schema` = the table is not as it was when it was looked at.
 */
export type CassandraErrorClass = 'retriable' | 'refused' | 'fatal' | 'schema' | 'unknown';

const classOfCode: Readonly<Record<number, CassandraErrorClass>> = {
  0x0000: 'retriable', // server error
  0x000a: 'retriable', // protocol error: a node of another version
  0x0100: 'fatal', // credentials
  0x1000: 'retriable', // not enough replicas alive
  0x1001: 'retriable', // overloaded
  0x1002: 'retriable', // bootstrapping
  0x1003: 'retriable', // truncation
  0x1100: 'retriable', // write timeout: the rows may be there, and writing them again does no harm
  0x1200: 'retriable', // read timeout
  0x1300: 'retriable', // read failure
  0x1400: 'refused', // a function of the statement failed
  0x1500: 'retriable', // replicas failed to write: a disk, a node that is going down
  0x2000: 'fatal', // syntax
  0x2100: 'fatal', // not allowed
  0x2200: 'refused', // invalid: too long a key, a wrong value
  0x2300: 'fatal', // configuration
  0x2500: 'retriable', // unprepared: the driver prepares again
  0x8000: 'retriable', // client write failure
};

/** Errors of the driver, by name. */
const classOfName: Readonly<Record<string, CassandraErrorClass>> = {
  AuthenticationError: 'fatal',
  ArgumentError: 'fatal',
  NotSupportedError: 'fatal',
  OperationTimedOutError: 'retriable',
  BusyConnectionError: 'retriable',
  DriverError: 'retriable',
  DriverInternalError: 'retriable',
};

const schemaWords =
  /unconfigured table|unknown identifier|undefined column|unknown keyspace|keyspace .* does not exist|table .* does not exist|unable to find table|cannot find table/i;
const tlsWords = /CERT|certificate|altname|UNABLE_TO_VERIFY|SELF_SIGNED|ERR_TLS|ERR_SSL/;

export function classOfCassandraError(error: unknown): CassandraErrorClass {
  if (!hasMessage(error)) return 'unknown';
  const inner = innerErrors(error);
  if (inner.length > 0) {
    const classes = inner.map(classOfCassandraError);
    return classes.includes('fatal') ? 'fatal' : 'retriable';
  }
  const { name, message } = error;
  const code = 'code' in error ? error.code : undefined;
  if (name === 'NoHostAvailableError') return 'retriable';
  if (typeof code === 'number') {
    const found = classOfCode[code] ?? 'unknown';
    return found === 'refused' && schemaWords.test(message) ? 'schema' : found;
  }
  if (tlsWords.test(`${typeof code === 'string' ? code : ''} ${message}`)) return 'fatal';
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return 'retriable';
  return classOfName[name] ?? 'unknown';
}

/** The error for the runner. `schemaSeen` = the table was looked at anew just before, so that another look will not help. */
export function cassandraErrorOf(what: string, error: unknown, schemaSeen: boolean): Error {
  if (error instanceof MillraceError) return error;
  const message = `${what}: ${cassandraMessage(error)}`;
  switch (classOfCassandraError(error)) {
    case 'fatal':
      return new FatalSinkError(message, { cause: error });
    case 'schema':
      if (schemaSeen) return new FatalSinkError(message, { cause: error });
      return new RetriableSinkError(message, { cause: error });
    case 'retriable':
    case 'refused':
      return new RetriableSinkError(message, { cause: error });
    case 'unknown':
      return new Error(message, { cause: error });
  }
}

/** Of an error for all hosts, what the first of them said. */
export function cassandraMessage(error: unknown): string {
  const [first] = innerErrors(error);
  if (first === undefined) return messageOf(error);
  return `no node answered as it should; the first said: ${messageOf(first)}`;
}

function innerErrors(error: unknown): Error[] {
  if (typeof error !== 'object' || error === null || !('innerErrors' in error)) return [];
  const inner = error.innerErrors;
  return typeof inner === 'object' && inner !== null ? Object.values(inner).filter(hasMessage) : [];
}

/** Not `instanceof` alone: under a test runner errors of the system come from another realm. */
function hasMessage(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'name' in error;
}
