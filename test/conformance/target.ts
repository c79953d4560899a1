import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCatalog } from '#log/memory-catalog';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ProduceRequest } from '#wire/kafka/schemas/produce';
import type { TopicsService } from '../../apps/topics/src/topics-service.js';
import { RawClient } from './raw-client.js';

/**
 * What the suite talks to: the address in CONFORMANCE_BOOTSTRAP, a real Kafka for one, or else a topic service of its own
 * for each file. Every test makes its own topics and groups, so that it does not matter what else is there.
 */
export class Target {
  private readonly clients: RawClient[] = [];
  private service: TopicsService | null = null;
  private folder: string | null = null;
  private bootstrap = '';

  get address(): string {
    return this.bootstrap;
  }

  /** Whether this is our own service; used only where Kafka differs by design and the head of a file says so. */
  get isOurs(): boolean {
    return this.service !== null;
  }

  async start(): Promise<void> {
    const given = process.env['CONFORMANCE_BOOTSTRAP'];
    if (given !== undefined && given !== '') {
      this.bootstrap = given;
      return;
    }
    // Loaded only here, so that a run against another service needs nothing of ours but the wire.
    const { TopicsService } = await import('../../apps/topics/src/topics-service.js');
    this.folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    this.service = new TopicsService({
      dataDirectory: this.folder,
      catalog: new MemoryCatalog(),
      host: '127.0.0.1',
      port: 0,
      config: { 'group.initial.rebalance.delay.ms': '0' },
      clock: systemClock,
      logger: silentLogger,
    });
    await this.service.start();
    this.bootstrap = `127.0.0.1:${this.service.port}`;
  }

  async stop(): Promise<void> {
    this.closeClients();
    await this.service?.stop();
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true });
  }

  /** A new connection; closed by `closeClients`. */
  async client(): Promise<RawClient> {
    const client = await RawClient.connect(this.bootstrap);
    this.clients.push(client);
    return client;
  }

  closeClients(): void {
    for (const client of this.clients.splice(0)) client.close();
  }
}

let names = 0;

/** A name that nobody used before, on whatever is being talked to. */
export function freshName(prefix: string): string {
  names += 1;
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${names}`;
}

export interface TestTopic {
  readonly name: string;
  readonly id: string;
}

export async function createTopic(
  client: RawClient,
  { partitions = 1, configs = {} }: { partitions?: number; configs?: Record<string, string> } = {},
): Promise<TestTopic> {
  const name = freshName('topic');
  const answer = await client.call(apis.createTopics, 7, {
    topics: [
      {
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 10_000,
  });
  const [topic] = answer.topics;
  if (topic?.errorCode !== kafkaError.NONE) throw new Error(`topic ${name}: error ${topic?.errorCode}`);
  await untilServed(client, name, partitions);
  return { name, id: topic.topicId };
}

/** A real Kafka answers that a topic is there a moment before its partitions take requests. */
async function untilServed(client: RawClient, name: string, partitions: number): Promise<void> {
  const indexes = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 }));
  await eventually(async () => {
    const answer = await client.call(apis.listOffsets, 5, {
      replicaId: -1,
      topics: [{ name, partitions: indexes }],
    });
    return answer.topics[0]?.partitions.every((partition) => partition.errorCode === kafkaError.NONE) === true;
  });
}

/** Asks again until `holds`, for at most ten seconds. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not become true within ten seconds');
}

/** A producer id; a real Kafka may first have to load its coordinator. */
export async function freshProducer(client: RawClient, version = 4): Promise<{ id: number; epoch: number }> {
  for (;;) {
    const answer = await client.call(apis.initProducerId, version, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    });
    if (answer.errorCode === kafkaError.NONE) return { id: answer.producerId, epoch: answer.producerEpoch };
    if (answer.errorCode !== kafkaError.COORDINATOR_LOAD_IN_PROGRESS) throw new Error(`error ${answer.errorCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface ProduceSpec {
  readonly topic: TestTopic;
  readonly batch: Buffer | null;
  readonly partition?: number;
  readonly acks?: number;
  readonly version?: number;
}

export function produceBody({ topic, batch, partition = 0, acks = -1 }: ProduceSpec): Partial<ProduceRequest> {
  return {
    acks,
    timeoutMs: 10_000,
    topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index: partition, records: batch }] }],
  };
}

/** Produces one batch and gives its partition's answer. */
export async function produce(client: RawClient, spec: ProduceSpec) {
  const answer = await client.call(apis.produce, spec.version ?? 9, produceBody(spec));
  const partition = answer.responses[0]?.partitionResponses[0];
  if (partition === undefined) throw new Error('the answer has no partition');
  return partition;
}

export interface FetchSpec {
  readonly topic: TestTopic;
  readonly offset: number;
  readonly partition?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly version?: number;
  readonly leaderEpoch?: number;
}

export function fetchBody(spec: FetchSpec) {
  return {
    maxWaitMs: spec.maxWaitMs ?? 0,
    minBytes: spec.minBytes ?? 1,
    maxBytes: spec.maxBytes ?? 1 << 24,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        topic: spec.topic.name,
        topicId: spec.topic.id,
        partitions: [
          {
            partition: spec.partition ?? 0,
            currentLeaderEpoch: spec.leaderEpoch ?? -1,
            fetchOffset: spec.offset,
            partitionMaxBytes: spec.partitionMaxBytes ?? 1 << 20,
          },
        ],
      },
    ],
  };
}

/** Fetches one partition and gives its answer. */
export async function fetchOne(client: RawClient, spec: FetchSpec) {
  const answer = await client.call(apis.fetch, spec.version ?? 11, fetchBody(spec));
  const partition = answer.responses[0]?.partitions[0];
  if (partition === undefined) throw new Error(`the answer has no partition, error ${answer.errorCode}`);
  return partition;
}
