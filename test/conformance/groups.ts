import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { RawClient } from './raw-client.js';
import { eventually, freshName } from './target.js';

/** The id of a new group whose coordinator answers. */
export async function freshGroup(client: RawClient): Promise<string> {
  const groupId = freshName('group');
  // A real Kafka makes its topic for offsets on the first request and loads its coordinator after that.
  await eventually(async () => {
    const found = await client.call(apis.findCoordinator, 2, { key: groupId, keyType: 0 });
    if (found.errorCode !== kafkaError.NONE) return false;
    const beat = await client.call(apis.heartbeat, 3, { groupId, generationId: 1, memberId: 'nobody' });
    return beat.errorCode === kafkaError.UNKNOWN_MEMBER_ID;
  });
  return groupId;
}
