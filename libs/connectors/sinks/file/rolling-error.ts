import { optionErrors } from '#config/options';
import { MillraceError } from '#std/errors';

/** Options that each are right and do not go together. `option` is the one to change, without its prefix. */
export class RollingOptionsError extends MillraceError {
  constructor(
    readonly option: string,
    sentence: string,
  ) {
    super(optionErrors.invalid, `These options do not go together: ${sentence}.`);
  }
}
