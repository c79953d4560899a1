import { MillraceError, type ErrorKind } from '#std/errors';

export const hbaseErrors = {
  /** ZooKeeper or a server could not be reached, or a connection broke off: what was sent may have happened. */
  away: { code: 'wire.hbase.away', retriable: true, http: 503 },
  /** A server answered that it cannot now: a region moves, a queue is full. Nothing happened. */
  busy: { code: 'wire.hbase.busy', retriable: true, http: 503 },
  /** There is no such table or column family. */
  missing: { code: 'wire.hbase.missing', retriable: false, http: 404 },
  denied: { code: 'wire.hbase.denied', retriable: false, http: 403 },
  /** HBase does not take this row, and will not. */
  invalid: { code: 'wire.hbase.invalid', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

export class HBaseError extends MillraceError {
  /** Position of the mutation in the call; null where the error is not about one. */
  readonly index: number | null;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown; index?: number }) {
    super(kind, message, options);
    this.name = 'HBaseError';
    this.index = options?.index ?? null;
  }
}

const kinds: Readonly<Record<string, ErrorKind>> = {
  TableNotFoundException: hbaseErrors.missing,
  NoSuchColumnFamilyException: hbaseErrors.missing,
  TableNotEnabledException: hbaseErrors.busy,
  TableNotDisabledException: hbaseErrors.busy,
  AccessDeniedException: hbaseErrors.denied,
  AccessControlException: hbaseErrors.denied,
  NotServingRegionException: hbaseErrors.busy,
  RegionMovedException: hbaseErrors.busy,
  RegionOpeningException: hbaseErrors.busy,
  WrongRegionException: hbaseErrors.busy,
  RegionTooBusyException: hbaseErrors.busy,
  CallQueueTooBigException: hbaseErrors.busy,
  RegionServerStoppedException: hbaseErrors.busy,
  RegionServerAbortedException: hbaseErrors.busy,
  NamespaceNotFoundException: hbaseErrors.missing,
};

/** `text` is a Java class name, maybe with a stack or message behind it. */
export function remoteError(
  what: string,
  text: string,
  options: { doNotRetry?: boolean; index?: number } = {},
): HBaseError {
  const line = text.split('\n', 1)[0] ?? '';
  const name = /([A-Za-z]+)(?:Exception|Error)?(?=[:\s]|$)/.exec(line.replace(/^(?:[\w$]+\.)+/, ''))?.[0] ?? line;
  const refusal = options.doNotRetry === true ? hbaseErrors.invalid : hbaseErrors.busy;
  // What a retry helps against is told by DoNotRetryIOException and its children being absent.
  const kind =
    kinds[name] ??
    (/DoNotRetry|IllegalArgument|FailedSanityCheck|ConstraintException/.test(line) ? hbaseErrors.invalid : refusal);
  return new HBaseError(kind, `HBase refused ${what}: ${line.slice(0, lineLengthMax)}`, options);
}

const lineLengthMax = 500;
