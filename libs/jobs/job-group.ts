import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { TopicsError } from '#topics/errors';
import type { TopicAdmin } from '#topics/topic-admin';
import { kafkaError } from '#wire/kafka/error-codes';

/** How groups begin in which jobs keep their places; what they hold may be no offset of a record. */
export const jobGroupPrefix = 'millrace-job-';

const patienceMs = 5_000;
const againMs = 100;

/**
 * Deletes the group in which a job's transactions have kept its place. Gives why it stays, or null. A transaction that was committed a moment
 * ago may not have reached the group yet, which is then not known.
 */
export async function dropJobGroup(topics: TopicAdmin, group: string, clock: Clock): Promise<string | null> {
  const endMs = clock.monotonic() + patienceMs;
  for (;;) {
    try {
      await topics.deleteGroup(group);
      return null;
    } catch (error) {
      const isUnknown = error instanceof TopicsError && error.kafkaCode === kafkaError.GROUP_ID_NOT_FOUND;
      if (!isUnknown || clock.monotonic() >= endMs) return messageOf(error);
      await clock.sleep(againMs);
    }
  }
}
