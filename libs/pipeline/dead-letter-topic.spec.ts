import { DeadLetterTopic } from '#pipeline/dead-letter-topic';
import type { DeadLetter } from '#pipeline/dead-letter';
import { TopicsError, topicsErrors } from '#topics/errors';
import type { TopicDescription, TopicSpec } from '#topics/topic-admin';

const letter: DeadLetter = { key: null, value: Buffer.from('x'), headers: [], timestamp: 5 };

function rig(options: { exists: boolean; createFails?: Error }): {
  queue: DeadLetterTopic;
  created: TopicSpec[];
  written: string[];
} {
  const created: TopicSpec[] = [];
  const written: string[] = [];
  const description: TopicDescription = {
    name: 'dead',
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    partitions: 1,
    internal: false,
    replicationFactor: 1,
    partitionDetails: [],
  };
  const queue = new DeadLetterTopic(
    {
      writeRecord: (topic, record) => {
        written.push(`${topic} ${record.value?.toString() ?? 'null'} ${record.timestamp ?? ''}`);
        return Promise.resolve({ partition: 0, offset: written.length - 1 });
      },
      close: () => Promise.resolve(),
    },
    {
      describeTopic: () => Promise.resolve(options.exists ? description : null),
      createTopic: (spec) => {
        if (options.createFails !== undefined) return Promise.reject(options.createFails);
        created.push(spec);
        return Promise.resolve();
      },
    },
    { topic: 'dead', replicationFactor: 1 },
  );
  return { queue, created, written };
}

describe('a dead-letter topic', () => {
  it('is created once where it is missing', async () => {
    const { queue, created, written } = rig({ exists: false });
    await queue.write(letter);
    await queue.write(letter);
    expect(created).toEqual([{ name: 'dead', partitions: 1, replicationFactor: 1 }]);
    expect(written).toEqual(['dead x 5', 'dead x 5']);
  });

  it('stays as it is where it is there', async () => {
    const { queue, created } = rig({ exists: true });
    await queue.write(letter);
    expect(created).toEqual([]);
  });

  it('may be created by another task in the same moment', async () => {
    const exists = new TopicsError(topicsErrors.refused, 'it exists', { kafkaCode: 36 });
    const { queue, written } = rig({ exists: false, createFails: exists });
    await queue.write(letter);
    expect(written).toHaveLength(1);
  });

  it('that can not be created takes no record, and is tried again', async () => {
    const { queue, written } = rig({ exists: false, createFails: new Error('not allowed') });
    await expect(queue.write(letter)).rejects.toThrow('not allowed');
    await expect(queue.write(letter)).rejects.toThrow('not allowed');
    expect(written).toEqual([]);
  });
});
