import type { ErrorKind } from '#std/errors';

/** What every TopicCatalog throws. */
export const catalogErrors = {
  topicExists: { code: 'catalog.topic.exists', retriable: false, kafka: 36, http: 409 },
  topicUnknown: { code: 'catalog.topic.unknown', retriable: false, kafka: 3, http: 404 },
} satisfies Record<string, ErrorKind>;
