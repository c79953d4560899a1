import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { encodeAssignment } from '#topics/consumer-protocol';
import { TopicAdmin } from '#topics/topic-admin';
import { FakeCluster } from './fake-cluster.testkit.js';

describe('the administration of topics', () => {
  let fake: FakeCluster;
  let admin: TopicAdmin;
  beforeEach(async () => {
    fake = new FakeCluster();
    await fake.start();
    admin = new TopicAdmin(fake.connect());
  });
  afterEach(() => fake.stop());

  it('creates, grows and deletes a topic, and waits until metadata shows it', async () => {
    fake.on(apis.createTopics, ({ topics }) => ({
      topics: topics.map(({ name, numPartitions }) => {
        setTimeout(() => fake.create(name, numPartitions), 30);
        return { name, errorMessage: null, configs: null };
      }),
    }));
    fake.on(apis.createPartitions, ({ topics }) => ({
      results: topics.map(({ name, count }) => {
        setTimeout(() => fake.create(name, count), 30);
        return { name };
      }),
    }));
    fake.on(apis.deleteTopics, ({ topics }) => {
      setTimeout(() => fake.topics.clear(), 30);
      return { responses: topics.map(({ name }) => ({ name })) };
    });
    await admin.createTopic({ name: 'orders', partitions: 2 });
    expect(await admin.describeTopic('orders')).toMatchObject({ partitions: 2, replicationFactor: 1 });
    await admin.addPartitions('orders', 5);
    expect(await admin.listTopics()).toMatchObject([{ name: 'orders', partitions: 5, internal: false }]);
    await admin.deleteTopic('orders');
    expect(await admin.describeTopic('orders')).toBeNull();
  });

  it("passes on the cluster's own code and words", async () => {
    fake.on(apis.createTopics, () => ({
      topics: [
        {
          name: 'x',
          errorCode: kafkaError.TOPIC_ALREADY_EXISTS,
          errorMessage: "Topic 'x' already exists.",
          configs: null,
        },
      ],
    }));
    await expect(admin.createTopic({ name: 'x' })).rejects.toMatchObject({
      kafkaCode: kafkaError.TOPIC_ALREADY_EXISTS,
      message: "Creating topic x failed with TOPIC_ALREADY_EXISTS (36): Topic 'x' already exists.",
    });
  });

  it('waits out passing errors', async () => {
    let refusals = 2;
    fake.on(apis.describeGroups, ({ groups }) => ({
      groups: groups.map((groupId) => ({
        groupId,
        groupState: 'Empty',
        errorCode: (refusals -= 1) >= 0 ? kafkaError.COORDINATOR_LOAD_IN_PROGRESS : kafkaError.NONE,
      })),
    }));
    expect(await admin.describeGroup('g')).toMatchObject({ state: 'Empty' });
  });

  it('shows how far a group is behind, with who reads what', async () => {
    const [first] = fake.create('orders', 2);
    if (first !== undefined) first.end = 50;
    fake.committed.set('0 orders', 20);
    fake.on(apis.offsetFetch, () => ({
      groups: [
        {
          groupId: 'g',
          topics: [
            { name: 'gone', partitions: [{ partitionIndex: 0, committedOffset: 5, metadata: '' }] },
            { name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 20, metadata: '' }] },
          ],
        },
      ],
    }));
    const memberAssignment = encodeAssignment([{ topic: 'orders', partition: 1 }]);
    const member = {
      memberId: 'm',
      clientId: 'c',
      clientHost: '/10.0.0.9',
      memberMetadata: Buffer.alloc(0),
      memberAssignment,
    };
    fake.on(apis.describeGroups, () => ({
      groups: [
        { groupId: 'g', groupState: 'Stable', protocolType: 'consumer', protocolData: 'range', members: [member] },
      ],
    }));
    expect(await admin.groupLag('g')).toEqual([
      {
        topic: 'orders',
        partition: 0,
        committed: 20,
        start: 0,
        end: 50,
        lag: 30,
        memberId: null,
        clientId: null,
        clientHost: null,
      },
      {
        topic: 'orders',
        partition: 1,
        committed: null,
        start: 0,
        end: 0,
        lag: null,
        memberId: 'm',
        clientId: 'c',
        clientHost: '10.0.0.9',
      },
    ]);
  });

  it('sets a group to the end where no record is as young as the time given', async () => {
    const [first] = fake.create('orders', 1);
    if (first !== undefined) first.end = 50;
    expect(await admin.resetGroupTo('g', ['orders'], 1_700_000_000_000)).toEqual([
      { topic: 'orders', partition: 0, offset: 50 },
    ]);
    expect(fake.committed.get('0 orders')).toBe(50);
    fake.commitCode = kafkaError.UNKNOWN_MEMBER_ID;
    await expect(admin.resetGroupTo('g', ['orders'], 'earliest')).rejects.toMatchObject({
      kafkaCode: kafkaError.UNKNOWN_MEMBER_ID,
    });
  });
});
