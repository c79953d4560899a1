import type { ErrorKind } from '#std/errors';
import { hdfsErrors, HdfsError } from './hdfs-errors.js';

/** What an answer that is no success says. */
export interface RemoteFailure {
  readonly status: number;
  readonly exception: string | null;
  readonly message: string;
}

const kinds: Readonly<Record<string, ErrorKind>> = {
  StandbyException: hdfsErrors.away,
  RetriableException: hdfsErrors.away,
  ObserverRetryOnActiveException: hdfsErrors.away,
  SafeModeException: hdfsErrors.busy,
  FileNotFoundException: hdfsErrors.missing,
  FileAlreadyExistsException: hdfsErrors.exists,
  AccessControlException: hdfsErrors.denied,
  AuthorizationException: hdfsErrors.denied,
  AuthenticationException: hdfsErrors.denied,
  SecurityException: hdfsErrors.denied,
  InvalidToken: hdfsErrors.denied,
  NSQuotaExceededException: hdfsErrors.quota,
  DSQuotaExceededException: hdfsErrors.quota,
  QuotaByStorageTypeExceededException: hdfsErrors.quota,
  InvalidPathException: hdfsErrors.invalid,
  IllegalArgumentException: hdfsErrors.invalid,
  UnsupportedOperationException: hdfsErrors.invalid,
  ParentNotDirectoryException: hdfsErrors.invalid,
  PathComponentTooLongException: hdfsErrors.invalid,
};

/** `body` is `{"RemoteException":{"exception","javaClassName","message"}}`, or what a proxy answered in its place. */
export function remoteFailure(status: number, body: string): RemoteFailure {
  const answer = decode(body);
  return { status, exception: answer?.exception ?? null, message: answer?.message ?? firstLine(body) };
}

/**
 * Whether another NameNode may answer better: this one is on standby, or is still loading its image (which it says by a
 * RetriableException; clients that wait for that one are stuck, HDFS-17918), or a proxy before it has lost it.
 */
export function asksForAnother(failure: RemoteFailure): boolean {
  if (failure.exception !== null) return kindOf(failure) === hdfsErrors.away;
  return failure.status === 502 || failure.status === 503 || failure.status === 504;
}

export function remoteError(what: string, failure: RemoteFailure): HdfsError {
  if (failure.status === 401 && failure.exception === null) {
    const wants =
      'it wants a login that was not given, or has another key than the KDC for its service HTTP (status 401)';
    return new HdfsError(hdfsErrors.denied, `HDFS refused ${what}: ${wants}.`);
  }
  const said = failure.exception === null ? `status ${failure.status}` : `${failure.exception} (${failure.status})`;
  return new HdfsError(kindOf(failure), `HDFS refused ${what}: ${said}: ${failure.message}`, {
    exception: failure.exception,
  });
}

/** Where HDFS wraps an exception in an IOException, its name begins the message. Whatever is unknown may pass. */
function kindOf({ status, exception, message }: RemoteFailure): ErrorKind {
  const named = exception === null ? undefined : kinds[exception];
  if (named !== undefined) return named;
  const wrapped = /^(?:[\w$]+\.)*([A-Z]\w+)(?::|\()/.exec(message)?.[1];
  const inner = exception === 'IOException' && wrapped !== undefined ? kinds[wrapped] : undefined;
  if (inner !== undefined) return inner;
  if (exception !== null) return hdfsErrors.busy;
  if (status === 401 || status === 403) return hdfsErrors.denied;
  if (status === 404) return hdfsErrors.missing;
  return status >= 400 && status < 500 && status !== 408 && status !== 429 ? hdfsErrors.invalid : hdfsErrors.busy;
}

const messageCharactersMax = 500;

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, messageCharactersMax);
}

function decode(body: string): { exception: string; message: string } | null {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer !== 'object' || answer === null || !('RemoteException' in answer)) return null;
    const remote = answer.RemoteException;
    if (typeof remote !== 'object' || remote === null || !('exception' in remote)) return null;
    const message = 'message' in remote && typeof remote.message === 'string' ? remote.message : '';
    return { exception: String(remote.exception), message: firstLine(message) };
  } catch {
    return null;
  }
}
