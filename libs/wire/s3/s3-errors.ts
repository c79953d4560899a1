import { MillraceError, type ErrorKind } from '#std/errors';

export const s3Errors = {
  /** No answer, or one that broke off. */
  away: { code: 'wire.s3.away', retriable: true, http: 503 },
  /** It answered that it cannot now: too many requests, an error of its own. */
  busy: { code: 'wire.s3.busy', retriable: true, http: 503 },
  missing: { code: 'wire.s3.missing', retriable: false, http: 404 },
  /** The object is no longer the one that was asked for. */
  changed: { code: 'wire.s3.changed', retriable: true, http: 412 },
  /** Keys, a signature or rights that S3 does not take. */
  denied: { code: 'wire.s3.denied', retriable: false, http: 403 },
  /** A request that S3 does not take: another region, a name that is none, an object in an archive. */
  invalid: { code: 'wire.s3.invalid', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

/** What was asked and S3's own code and message are in the message; headers, which hold signatures, never are. */
export class S3Error extends MillraceError {
  /** S3's own code: `NoSuchKey`. Null where there was no answer, or it named none. */
  readonly s3Code: string | null;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown; s3Code?: string | null }) {
    super(kind, message, options);
    this.name = 'S3Error';
    this.s3Code = options?.s3Code ?? null;
  }
}

/** Codes that come with a status that says something else. */
const kindsByCode: Readonly<Record<string, ErrorKind>> = {
  SlowDown: s3Errors.busy,
  RequestTimeout: s3Errors.busy,
  OperationAborted: s3Errors.busy,
  ConditionalRequestConflict: s3Errors.changed,
  InvalidObjectState: s3Errors.invalid,
  NotImplemented: s3Errors.invalid,
};

export function s3ErrorKind(status: number, s3Code: string | null): ErrorKind {
  const known = s3Code === null ? undefined : kindsByCode[s3Code];
  if (known !== undefined) return known;
  if (status === 412) return s3Errors.changed;
  if (status === 404) return s3Errors.missing;
  if (status === 401 || status === 403) return s3Errors.denied;
  // An error inside an answer that began as a success.
  if (status < 300 || status >= 500 || status === 429) return s3Errors.busy;
  return s3Errors.invalid;
}
