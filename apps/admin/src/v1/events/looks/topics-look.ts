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

/** What is asked of one leader; made once for all ticks until the metadata are read again. */
interface Questions {
  readonly node: number;
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[];
}

const metadataFreshMs = 4_000;
const startsFreshMs = 10_000;
const sizesFreshMs = 5_000;
const tickFreshMs = 500;
/** Of so many topics the list, the starts and the sizes are looked at more rarely, by the factor below. */
const manyTopics = 1_000;
const manyFactor = 4;
const timestampOf = { earliest: -2, latest: -1 } as const;

export class TopicsLook {
  private readonly names: Remembered<readonly string[]>;
  private readonly starts: Remembered<Offsets>;
  private readonly ends: Remembered<Offsets>;
  private readonly sizes: Remembered<ReadonlyMap<string, number>>;
  private readonly all: Remembered<ReadonlyMap<string, TopicLook>>;
  private readonly internal = new Set<string>();
  private questions: readonly Questions[] = [];
  private before: ReadonlyMap<string, TopicLook> = new Map();
  private count = 0;

  constructor(
    private readonly cluster: Cluster,
    clock: Clock,
  ) {
    this.names = new Remembered(
      () => this.askNames(),
      () => this.rarely(metadataFreshMs),
      clock,
    );
    this.starts = new Remembered(
      () => this.askOffsets('earliest'),
      () => this.rarely(startsFreshMs),
      clock,
    );
    this.ends = new Remembered(() => this.askOffsets('latest'), tickFreshMs, clock);
    this.sizes = new Remembered(
      () => this.askSizes(),
      () => this.rarely(sizesFreshMs),
      clock,
    );
    this.all = new Remembered(() => this.put(), tickFreshMs, clock);
  }

  /** By name, in order. */
  topics(): Promise<ReadonlyMap<string, TopicLook>> {
    return this.all.get();
  }

  private async put(): Promise<ReadonlyMap<string, TopicLook>> {
    const names = await this.names.get();
    const [starts, ends, sizes] = await Promise.all([this.starts.get(), this.ends.get(), this.sizes.get()]);
    const looks = new Map<string, TopicLook>();
    for (const name of names) {
      const ofEnds = ends.get(name) ?? [];
      const ofStarts = starts.get(name) ?? [];
      const bytes = sizes.get(name) ?? null;
      const old = this.before.get(name);
      // What stands still, and that are most, stays the same object.
      const isSame =
        old !== undefined && old.bytes === bytes && areSame(old.ends, ofEnds) && areSame(old.starts, ofStarts);
      looks.set(
        name,
        isSame ? old : { name, internal: this.internal.has(name), starts: ofStarts, ends: ofEnds, bytes },
      );
    }
    this.before = looks;
    return looks;
  }

  private rarely(ms: number): number {
    return this.count < manyTopics ? ms : ms * manyFactor;
  }

  private async askNames(): Promise<readonly string[]> {
    const { topics } = await this.cluster.refresh(null);
    this.internal.clear();
    for (const { name, internal } of topics) if (internal) this.internal.add(name);
    const names = topics.map(({ name }) => name).sort();
    this.count = names.length;
    this.questions = this.ask(names);
    return names;
  }

  private ask(names: readonly string[]): readonly Questions[] {
    const byLeader = new Map<number, { name: string; partitions: number[] }[]>();
    for (const name of names) {
      for (const { partition, leader } of this.cluster.metadata.topic(name)?.partitions ?? []) {
        if (leader < 0) continue;
        const asked = byLeader.get(leader) ?? [];
        byLeader.set(leader, asked);
        const last = asked.at(-1);
        if (last?.name === name) last.partitions.push(partition);
        else asked.push({ name, partitions: [partition] });
      }
    }
    return [...byLeader].map(([node, topics]) => ({ node, topics }));
  }

  /** A partition without a leader, or whose leader does not answer for it, is -1. */
  private async askOffsets(at: keyof typeof timestampOf): Promise<Offsets> {
    const names = await this.names.get();
    const timestamp = timestampOf[at];
    const found = new Map<string, number[]>();
    for (const name of names) {
      const count = this.cluster.metadata.topic(name)?.partitions.length ?? 0;
      found.set(
        name,
        Array.from({ length: count }, () => -1),
      );
    }
    await Promise.all(
      this.questions.map(async ({ node, topics }) => {
        const answer = await this.cluster.request({ node }, apis.listOffsets, {
          replicaId: -1,
          isolationLevel: 0,
          topics: topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })),
          })),
          timeoutMs: 5_000,
        });
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

function areSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}
