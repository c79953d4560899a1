import type { ErrorKind } from '#std/errors';

export const deadLetterErrors = {
  noSink: { code: 'dead.letters.sink.unknown', retriable: false, http: 404 },
  noTopic: { code: 'dead.letters.topic.none', retriable: false, http: 404 },
  elsewhere: { code: 'dead.letters.topic.elsewhere', retriable: false, http: 422 },
  noLetter: { code: 'dead.letters.unknown', retriable: false, http: 404 },
  expression: { code: 'dead.letters.filter.invalid', retriable: false, http: 422 },
  noJobs: { code: 'dead.letters.jobs.none', retriable: true, http: 503 },
  target: { code: 'dead.letters.target.missing', retriable: false, http: 422 },
} satisfies Record<string, ErrorKind>;
