/** Where the logs of all topics begin and end, and what they take: a few requests a node, whatever the number of topics. */
import type { Clock } from '#std/clock';
import type { Cluster } from '#topics/cluster';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { Remembered } from './remembered.js';

export interface TopicLook {
  readonly name: string;
  readonly internal: boolean;
  /** By partition; what a node did not say stays as it was, -1 before. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Null: no node said. */
  readonly bytes: number | null;
}

type Offsets = ReadonlyMap<string, readonly number[]>;

const metadataFreshMs = 4_000;
const startsFreshMs = 10_000;
const sizesFreshMs = 5_000;
const tickFreshMs = 500;
const timestampOf = { earliest: -2, latest: -1 } as const;

export class TopicsLook {
  private readonly names: Remembered<readonly string[]>;
  private readonly starts: Remembered<Offsets>;
  private readonly ends: Remembered<Offsets>;
  private readonly sizes: Remembered<ReadonlyMap<string, number>>;
  private readonly all: Remembered<ReadonlyMap<string, TopicLook>>;
  private readonly internal = new Set<string>();

  constructor(
    private readonly cluster: Cluster,
    clock: Clock,
  ) {
    this.names = new Remembered(() => this.askNames(), metadataFreshMs, clock);
    this.starts = new Remembered(() => this.askOffsets('earliest'), startsFreshMs, clock);
    this.ends = new Remembered(() => this.askOffsets('latest'), tickFreshMs, clock);
    this.sizes = new Remembered(() => this.askSizes(), sizesFreshMs, clock);
    this.all = new Remembered(() => this.put(), tickFreshMs, clock);
  }

  /** By name, in order. */
  topics(): Promise<ReadonlyMap<string, TopicLook>> {
    return this.all.get();
  }

  private async put(): Promise<ReadonlyMap<string, TopicLook>> {
    const names = await this.names.get();
    const [starts, ends, sizes] = await Promise.all([this.starts.get(), this.ends.get(), this.sizes.get()]);
    return new Map(
      names.map((name) => {
        const ofEnds = ends.get(name) ?? [];
        const ofStarts = starts.get(name) ?? [];
        const look = {
          name,
          internal: this.internal.has(name),
          starts: ofEnds.map((_, partition) => ofStarts[partition] ?? -1),
          ends: ofEnds,
          bytes: sizes.get(name) ?? null,
        };
        return [name, look] as const;
      }),
    );
  }

  private async askNames(): Promise<readonly string[]> {
    const { topics } = await this.cluster.refresh(null);
    this.internal.clear();
    for (const { name, internal } of topics) if (internal) this.internal.add(name);
    return topics.map(({ name }) => name).sort();
  }

  /** A partition without a leader, or whose leader does not answer for it, is -1. */
  private async askOffsets(at: keyof typeof timestampOf): Promise<Offsets> {
    const byLeader = new Map<number, { name: string; partitions: { partitionIndex: number; timestamp: number }[] }[]>();
    const found = new Map<string, number[]>();
    for (const name of await this.names.get()) {
      const partitions = this.cluster.metadata.topic(name)?.partitions ?? [];
      found.set(
        name,
        partitions.map(() => -1),
      );
      for (const { partition, leader } of partitions) {
        if (leader < 0) continue;
        const asked = byLeader.get(leader) ?? [];
        byLeader.set(leader, asked);
        const last = asked.at(-1);
        const question = { partitionIndex: partition, timestamp: timestampOf[at] };
        if (last?.name === name) last.partitions.push(question);
        else asked.push({ name, partitions: [question] });
      }
    }
    await Promise.all(
      [...byLeader].map(async ([node, topics]) => {
        const request = { replicaId: -1, isolationLevel: 0, topics, timeoutMs: 5_000 };
        const answer = await this.cluster.request({ node }, apis.listOffsets, request);
        for (const { name, partitions } of answer.topics) {
          const offsets = found.get(name);
          for (const { partitionIndex, errorCode, offset } of partitions) {
            if (errorCode === kafkaError.NONE && offsets !== undefined) offsets[partitionIndex] = offset;
          }
        }
      }),
    );
    return found;
  }

  /** Of all copies; a node that does not say is left out. */
  private async askSizes(): Promise<ReadonlyMap<string, number>> {
    await this.names.get();
    const bytes = new Map<string, number>();
    await Promise.all(
      this.cluster.metadata.nodes.map(async ({ nodeId: node }) => {
        const answer = await this.cluster.request({ node }, apis.describeLogDirs, { topics: null }).catch(() => null);
        for (const { topics } of answer?.results ?? []) {
          for (const { name, partitions } of topics) {
            const sum = partitions.reduce((total, { partitionSize }) => total + partitionSize, 0);
            bytes.set(name, (bytes.get(name) ?? 0) + sum);
          }
        }
      }),
    );
    return bytes;
  }
}
