import { HttpException } from '@nestjs/common';

export interface FieldProblem {
  /** JSON pointer into the body: `/config/batch.max.records`. */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** A refusal (default 422) with the places that are wrong; `answerFor` puts them into `errors` of the problem document (RFC 9457). */
export class FieldProblems extends HttpException {
  constructor(
    message: string,
    readonly errors: readonly FieldProblem[],
    status = 422,
  ) {
    super(message, status);
  }
}

/** RFC 6901: `/config/a~1b` for the key `a/b` in `config`. */
export function pointerOf(names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
