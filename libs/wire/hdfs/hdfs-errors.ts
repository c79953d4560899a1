import { MillraceError, type ErrorKind } from '#std/errors';

export const hdfsErrors = {
  /** No NameNode could be reached, or none is active. */
  away: { code: 'wire.hdfs.away', retriable: true, http: 503 },
  /** A NameNode or DataNode answered that it cannot now: safe mode, no DataNode, a lease, an error of its own. */
  busy: { code: 'wire.hdfs.busy', retriable: true, http: 503 },
  missing: { code: 'wire.hdfs.missing', retriable: false, http: 404 },
  exists: { code: 'wire.hdfs.exists', retriable: false, http: 409 },
  /** Not logged in, or not allowed. */
  denied: { code: 'wire.hdfs.denied', retriable: false, http: 403 },
  /** A quota of names or space is used up. */
  quota: { code: 'wire.hdfs.quota', retriable: false, http: 507 },
  /** A path or parameter that HDFS does not take. */
  invalid: { code: 'wire.hdfs.invalid', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

/** The operation and the path are in the message; queries, which may hold tokens, never are. */
export class HdfsError extends MillraceError {
  /** Class name that HDFS gave, without its package: `SafeModeException`. Null where there was no answer. */
  readonly exception: string | null;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown; exception?: string | null }) {
    super(kind, message, options);
    this.name = 'HdfsError';
    this.exception = options?.exception ?? null;
  }
}
