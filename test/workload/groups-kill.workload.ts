import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { ConsumerMember } from '../conformance/consumer-member.js';
import { RawClient } from '../conformance/raw-client.js';
import { Product } from '../flows/product.js';

jest.setTimeout(240_000);

const kills = 5;
const topic = 'kept';

/** Groups over kill -9 of the service (G1): members go on with the ids, epochs and partitions that they have. */
test('members of both protocols go on after the service was killed, and what was left behind stays fenced', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-groups-kill-'));
  const config = { name: 'nothing but topics' };
  const product = new Product({ directory: folder, topicsPort: 26_321, httpPort: 26_322, config });
  try {
    await product.start();
    let client = await RawClient.connect(product.bootstrap);
    await product.admin.createTopic({ name: topic, partitions: 6 });
    const classic = await joinClassic(client);
    for (let round = 0; round < kills; round += 1) {
      const members = [0, 1].map(
        () => new ConsumerMember(client, `modern-${round}`, { subscribedTopicNames: [topic] }),
      );
      while (members.some(({ partitions }) => partitions.length !== 3)) for (const each of members) await each.beat();
      const before = members.map(({ memberId, epoch, owned }) => ({ memberId, epoch, owned }));
      await product.child.kill();
      client.close();
      await product.start();
      client = await RawClient.connect(product.bootstrap);
      for (const { memberId, epoch, owned } of before) {
        const groupId = `modern-${round}`;
        const beat = { groupId, memberId, memberEpoch: epoch, topicPartitions: owned };
        const answer = await client.call(apis.consumerGroupHeartbeat, 1, beat);
        expect(answer).toMatchObject({ errorCode: 0, memberEpoch: epoch, assignment: null });
        const partition = owned[0]?.partitions[0] ?? -1;
        expect(await commit(client, { groupId, memberId, epoch, partition })).toBe(kafkaError.NONE);
        expect(await commit(client, { groupId, memberId, epoch: epoch + 1, partition })).toBe(
          kafkaError.STALE_MEMBER_EPOCH,
        );
      }
      const { memberId, generationId } = classic;
      const beat = await client.call(apis.heartbeat, 3, { groupId: 'classic', memberId, generationId });
      expect(beat.errorCode).toBe(kafkaError.NONE);
      const place = { groupId: 'classic', memberId, partition: 0 };
      expect(await commit(client, { ...place, epoch: generationId })).toBe(kafkaError.NONE);
      expect(await commit(client, { ...place, epoch: generationId - 1 })).toBe(kafkaError.ILLEGAL_GENERATION);
    }
    client.close();
  } finally {
    await product.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function joinClassic(client: RawClient) {
  const body = {
    groupId: 'classic',
    sessionTimeoutMs: 60_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  };
  const joined = await client.call(apis.joinGroup, 3, body);
  const { memberId, generationId } = joined;
  const assignments = [{ memberId, assignment: Buffer.from('all') }];
  const synced = await client.call(apis.syncGroup, 3, { groupId: 'classic', memberId, generationId, assignments });
  expect(synced.errorCode).toBe(kafkaError.NONE);
  return joined;
}

interface Commit {
  readonly groupId: string;
  readonly memberId: string;
  readonly epoch: number;
  readonly partition: number;
}

async function commit(client: RawClient, { groupId, memberId, epoch, partition }: Commit): Promise<number | undefined> {
  const partitions = [{ partitionIndex: partition, committedOffset: 1, committedMetadata: '' }];
  const answer = await client.call(apis.offsetCommit, 9, {
    groupId,
    generationIdOrMemberEpoch: epoch,
    memberId,
    topics: [{ name: topic, partitions }],
  });
  return answer.topics[0]?.partitions[0]?.errorCode;
}
