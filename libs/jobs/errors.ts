import { MillraceError, type ErrorKind } from '#std/errors';

export const jobErrors = {
  typeUnknown: { code: 'jobs.type.unknown', retriable: false, http: 404 },
  parameters: { code: 'jobs.parameters', retriable: false, http: 422 },
  range: { code: 'jobs.range', retriable: false, http: 422 },
  file: { code: 'jobs.file', retriable: false, http: 422 },
  superseded: { code: 'jobs.superseded', retriable: false, http: 409 },
} satisfies Record<string, ErrorKind>;

/** Parameters that a type of job does not take, with the places that are wrong. */
export class JobParametersError extends MillraceError {
  constructor(
    type: string,
    readonly problems: readonly { readonly path: readonly (string | number)[]; readonly message: string }[],
  ) {
    const texts = problems.map(({ path, message }) => `${path.join('.') || 'parameters'}: ${message}`);
    super(jobErrors.parameters, `A ${type} job does not take these parameters: ${texts.join('; ')}`);
  }
}
