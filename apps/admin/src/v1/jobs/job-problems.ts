import { JobParametersError } from '#jobs/errors';
import { FieldProblems, pointerOf } from '#nest/field-problems';

/** What is wrong with the parameters of a job, with its places in the body; other errors as they are. */
export function withPlaces(error: unknown): unknown {
  if (!(error instanceof JobParametersError)) return error;
  const places = error.problems.map(({ path, message }) => ({
    pointer: pointerOf(['parameters', ...path.map(String)]),
    code: 'invalid',
    message,
  }));
  return new FieldProblems(error.message, places);
}
