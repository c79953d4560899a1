import type { ErrorKind } from '#std/errors';

export const fileErrors = {
  none: { code: 'files.sink.without', retriable: false, http: 422 },
  unknown: { code: 'files.file.unknown', retriable: false, http: 404 },
  unreadable: { code: 'files.file.unreadable', retriable: false, http: 422 },
  tooLarge: { code: 'files.file.large', retriable: false, http: 422 },
  place: { code: 'files.store.refused', retriable: false, http: 422 },
  away: { code: 'files.store.away', retriable: true, http: 503 },
  slow: { code: 'files.store.slow', retriable: true, http: 503 },
  busy: { code: 'files.looks.many', retriable: true, http: 503 },
} satisfies Record<string, ErrorKind>;
