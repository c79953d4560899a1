// One member of a group in a process of its own, for the rebalance storm: reads, prints what it has read, one line `partition offset`
// a record, and only then commits.
//   node storm-member.mjs kafkajs|platformatic|platformatic-consumer|own HOST:PORT GROUP TOPIC
import { writeSync } from 'node:fs';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import kafkajs from 'kafkajs';
import { Cluster } from '#topics/cluster';
import { TopicReader } from '#topics/topic-reader';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

const [family, bootstrap, groupId, topic] = process.argv.slice(2);
const sessionTimeoutMs = 6000;
const heartbeatMs = 1000;
/** What fails is tried again after this long: a member of a storm has no other care. */
const retryMs = 200;

/** Written before anything is committed, whatever happens to this process then. */
function note(records) {
  if (records.length > 0)
    writeSync(1, `${records.map(({ partition, offset }) => `${partition} ${offset}`).join('\n')}\n`);
}

/** kafkajs gives its assignor a name of its own, with which its members could not be in one group with others. */
function roundRobin(config) {
  const assigner = kafkajs.PartitionAssigners.roundRobin(config);
  const name = 'roundrobin';
  return { ...assigner, name, protocol: (given) => ({ ...assigner.protocol(given), name }) };
}

const families = {
  async kafkajs() {
    const client = new kafkajs.Kafka({ brokers: [bootstrap], clientId: family, logLevel: kafkajs.logLevel.NOTHING });
    const consumer = client.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatMs,
      rebalanceTimeout: sessionTimeoutMs,
      retry: { retries: 1000, maxRetryTime: 1000 },
      partitionAssigners: [roundRobin],
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      async eachBatch(given) {
        const { partition, messages } = given.batch;
        if (given.isStale() || !given.isRunning() || messages.length === 0) return;
        note(messages.map(({ offset }) => ({ partition, offset })));
        const next = String(Number(messages.at(-1).offset) + 1);
        await consumer.commitOffsets([{ topic, partition, offset: next }]);
        await given.heartbeat();
      },
    });
    return () => consumer.disconnect();
  },

  platformatic: () => platformatic({}),

  'platformatic-consumer': () => platformatic({ groupProtocol: 'consumer' }),

  async own() {
    const cluster = new Cluster({ bootstrap: [bootstrap], clientId: family, clock: systemClock, logger: silentLogger });
    const rebalanceTimeoutMs = sessionTimeoutMs;
    const reader = new TopicReader(cluster, {
      groupId,
      topics: [topic],
      sessionTimeoutMs,
      heartbeatMs,
      rebalanceTimeoutMs,
    });
    const nothing = async () => undefined;
    await reader.start({ onAssigned: async () => [], onRevoked: nothing, onLost: nothing });
    let running = true;
    const loop = async () => {
      while (running) {
        for (const { partition, records, nextOffset } of await reader.poll(200)) {
          note(Array.from({ length: records.count }, (_, index) => ({ partition, offset: records.offset(index) })));
          await reader.commit([{ topic, partition, offset: nextOffset }]).catch(() => undefined);
        }
      }
    };
    const done = loop();
    return async () => {
      running = false;
      await done;
      await reader.stop();
      await cluster.close();
    };
  },
};

/** This client leaves it to the application to begin anew when it cannot join again. */
async function platformatic(options) {
  let closed = false;
  let consumer = null;
  const live = async () => {
    consumer = new Consumer({
      clientId: family,
      groupId,
      bootstrapBrokers: [bootstrap],
      deserializers: stringDeserializers,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatMs,
      rebalanceTimeout: sessionTimeoutMs,
      ...options,
    });
    let beatAt = Date.now();
    consumer.on('consumer:heartbeat:end', () => (beatAt = Date.now()));
    let watch = null;
    const broken = new Promise((_, reject) => {
      consumer.on('error', reject);
      watch = setInterval(() => {
        if (Date.now() - beatAt > 2 * sessionTimeoutMs) reject(new Error('no heartbeat was answered for two sessions'));
      }, heartbeatMs);
    });
    const reading = (async () => {
      const stream = await consumer.consume({
        topics: [topic],
        mode: 'committed',
        fallbackMode: 'earliest',
        autocommit: false,
      });
      for await (const message of stream) {
        // What it fetched before a rebalance it hands out after it, and would commit it in the name of its new generation.
        const isOurs = consumer.assignments?.some(({ partitions }) => partitions.includes(message.partition)) === true;
        if (!isOurs) throw new Error(`partition ${message.partition} is not ours any more`);
        note([message]);
        await message.commit();
      }
    })();
    await Promise.race([broken, reading]).finally(() => clearInterval(watch));
  };
  const close = () => Promise.race([consumer?.close(true), new Promise((resolve) => setTimeout(resolve, 3000))]);
  const run = async () => {
    while (!closed) {
      await live().catch((error) => console.error(String(error)));
      await close().catch(() => undefined);
      if (!closed) await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  };
  void run();
  return async () => {
    closed = true;
    await close();
  };
}

process.on('unhandledRejection', () => undefined);
const leave = await families[family]();
process.once('SIGTERM', () => {
  leave().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
