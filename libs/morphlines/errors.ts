import { MillraceError, type ErrorKind } from '#std/errors';

export const morphlineErrors = {
  compile: { code: 'morphlines.compile', retriable: false, http: 400 },
  runtime: { code: 'morphlines.runtime', retriable: false },
} satisfies Record<string, ErrorKind>;

/** A place in a file, for messages: `morphline.conf:12`. Lines count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

/** The file cannot be read as HOCON, or a command in it is unknown or wrongly configured. The message begins with file:line. */
export class MorphlineCompileError extends MillraceError {
  constructor(
    message: string,
    readonly origin: Origin | null,
    options?: { cause?: unknown },
  ) {
    super(morphlineErrors.compile, origin === null ? message : `${origin.file}:${origin.line}: ${message}`, options);
    this.name = 'MorphlineCompileError';
  }
}

/**
 * A record that a command cannot work with at all, as Kite's MorphlineRuntimeException and what its commands throw. A command that merely
 * does not match returns false instead.
 */
export class MorphlineRuntimeError extends MillraceError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(morphlineErrors.runtime, message, options);
    this.name = 'MorphlineRuntimeError';
  }
}
