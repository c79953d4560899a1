/** One row of a room's error table: what kind of failure this is, and what the edges answer for it. */
export interface ErrorKind {
  /** Stable, lower case, never changed once released: `log.segment.corrupt`. */
  readonly code: string;
  /** Whether trying the same thing again later may succeed. */
  readonly retriable: boolean;
  /** Kafka error code for the protocol edge; -1 (UNKNOWN_SERVER_ERROR) where none fits. */
  readonly kafka?: number;
  /** HTTP status for the REST edge; 500 where none fits. */
  readonly http?: number;
}

/**
 * An operating error: expected, typed, handled. The message says what failed, on which thing, with which values, and what
 * to do. Programmer errors use `assert` instead.
 */
export class MillraceError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MillraceError';
    this.kind = kind;
  }

  get code(): string {
    return this.kind.code;
  }

  get retriable(): boolean {
    return this.kind.retriable;
  }
}

/** The message of anything thrown, with the messages of its causes: `cannot open x: ENOENT …`. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined) return error.message;
  const cause = messageOf(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}

/** `error.code` of a Node system error (`ENOENT`), or null. */
export function systemCode(error: unknown): string | null {
  // Not `instanceof Error`: under a test runner errors of the system come from another realm.
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
