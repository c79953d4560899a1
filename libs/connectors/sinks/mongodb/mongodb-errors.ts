import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { MillraceError, messageOf } from '#std/errors';

/** What an error of the server or its driver means for the sink. `refused` = a document, as bad data. */
export type MongodbErrorClass = 'retriable' | 'refused' | 'fatal' | 'unknown';

/** Codes of MongoDB's error_codes.yml. What is not here and not labelled as retriable is unknown, or refused for a single document. */
const classOfCode: Readonly<Record<number, MongodbErrorClass>> = {
  2: 'refused', // BadValue
  9: 'refused', // FailedToParse
  14: 'refused', // TypeMismatch
  28: 'refused', // PathNotViable
  52: 'refused', // DollarPrefixedFieldName
  53: 'refused', // InvalidIdField
  66: 'refused', // ImmutableField
  121: 'refused', // DocumentValidationFailure
  10_334: 'refused', // BSONObjectTooLarge
  17_280: 'refused', // KeyTooLong
  11_000: 'refused', // DuplicateKey
  13: 'fatal', // Unauthorized
  18: 'fatal', // AuthenticationFailed
  20: 'fatal', // IllegalOperation: transactions on a single server
  73: 'fatal', // InvalidNamespace
  263: 'fatal', // OperationNotSupportedInTransaction
  8_000: 'fatal', // AtlasError: login
  ...Object.fromEntries(
    [6, 7, 24, 46, 50, 64, 89, 91, 112, 117, 133, 134, 189, 225, 234, 244, 251, 262, 317, 358, 384, 412].map(retriable),
  ),
  ...Object.fromEntries([9_001, 10_058, 10_107, 11_600, 11_601, 11_602, 13_388, 13_435, 13_436].map(retriable)),
};

function retriable(code: number): [number, MongodbErrorClass] {
  return [code, 'retriable'];
}

const retriableLabels = [
  'RetryableWriteError',
  'TransientTransactionError',
  'UnknownTransactionCommitResult',
  'NetworkError',
];
const retriableNames =
  /^Mongo(Network|ServerSelection|PoolCleared|PoolClosed|TopologyClosed|NotConnected|WaitQueueTimeout|ClientClosed|WriteConcern|OperationTimeout|ServerClosed|NetworkTimeout).*Error$/;
const tlsWords = /CERT|certificate|altname|UNABLE_TO_VERIFY|SELF_SIGNED|ERR_TLS|ERR_SSL/;

export function classOfMongodbError(error: unknown): MongodbErrorClass {
  if (typeof error !== 'object' || error === null || !('message' in error)) return 'unknown';
  const name = 'name' in error ? String(error.name) : '';
  const message = String(error.message);
  if (name.startsWith('BSON') || /larger than the maximum size|BSONObj size/i.test(message)) return 'refused';
  if (name.startsWith('MongoServerSelection') && tlsWords.test(message)) return 'fatal';
  const code = 'code' in error && typeof error.code === 'number' ? classOfCode[error.code] : undefined;
  if (code === 'fatal') return code;
  if (retriableLabels.some((label) => hasLabel(error, label)) || retriableNames.test(name)) return 'retriable';
  if (/^Mongo(Parse|MissingCredentials|API|InvalidArgument)Error$/.test(name)) return 'fatal';
  return code ?? 'unknown';
}

function hasLabel(error: object, label: string): boolean {
  const labels = 'errorLabels' in error ? error.errorLabels : null;
  return Array.isArray(labels) && labels.includes(label);
}

export function mongodbErrorOf(what: string, error: unknown): Error {
  if (error instanceof MillraceError) return error;
  const message = `${what}: ${messageOf(error)}`;
  switch (classOfMongodbError(error)) {
    case 'retriable':
      return new RetriableSinkError(message, { cause: error });
    case 'fatal':
      return new FatalSinkError(
        /Transaction numbers/i.test(message)
          ? `${message}. Transactions need a replica set: make it one, or set transactions=false`
          : message,
        { cause: error },
      );
    case 'refused':
      return new PoisonRecordError(message, null, { cause: error });
    case 'unknown':
      return new Error(message, { cause: error });
  }
}

/** A document that was refused within a request. */
export interface WriteRefusal {
  /** Its position in the request. */
  readonly index: number;
  readonly message: string;
  /** A document of this `_id` is there already. */
  readonly repeated: boolean;
  readonly error: MongodbErrorClass;
}

/** Documents that a bulk write names as refused; null for an error of another kind. */
export function refusalsIn(error: unknown): readonly WriteRefusal[] | null {
  if (typeof error !== 'object' || error === null || !('writeErrors' in error)) return null;
  const list: unknown = error.writeErrors;
  const errors: unknown[] = Array.isArray(list) ? list : [list];
  const refusals = errors.flatMap((item) => {
    if (typeof item !== 'object' || item === null || !('index' in item) || typeof item.index !== 'number') return [];
    const message = 'errmsg' in item ? String(item.errmsg) : messageOf(error);
    const code = 'code' in item && typeof item.code === 'number' ? item.code : 0;
    const repeated = code === 11_000 && /index: _id_|_id_ dup|dup key: \{ _id/.test(message);
    return [{ index: item.index, message, repeated, error: classOfCode[code] ?? ('refused' as const) }];
  });
  return refusals.length === 0 ? null : refusals;
}
