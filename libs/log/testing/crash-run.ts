import type { AppendResult } from '../engine.js';
import { CrashLives, liveThrough } from './crash-lives.js';
import { appendOne, batchOf, fetchOne, readPartition, valuesIn } from './engine-fixture.js';

/**
 * Power cuts, and kills before them, at random points under a load of idempotent and plain producers, a reader at the tail, group commits,
 * log start moves and maintenance. What every life checks: each acknowledged record is where it was acknowledged, what was seen has
 * not changed, a batch sent again after the cut answers with its old offset, and committed group offsets are there.
 *
 * Checks are plain comparisons: with the test runner's they took most of the time.
 */
const livesPerRun = 4;

/** As many cuts, four to a seed; the seeds are `first`, `first + step` … Throws with the seed of the first one that shows a fault. */
export async function cutPower(cuts: number, seeds: { first: number; step: number }): Promise<CrashFigures> {
  const figures = { acknowledged: 0, seen: 0 };
  const count = Math.ceil(cuts / livesPerRun);
  await liveThrough({ ...seeds, count }, (seed) => new Run(seed, figures));
  return { cuts: count * livesPerRun, ...figures };
}

export interface CrashFigures {
  readonly cuts: number;
  /** Records with acks=all. */
  readonly acknowledged: number;
  /** Records found after a cut, summed over all cuts. */
  readonly seen: number;
}

function same(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)}, expected ${String(expected)}`);
}

interface Sent {
  readonly values: readonly string[];
  readonly batch: Buffer;
  readonly sequence: number;
}

class Producer {
  nextSequence = 0;
  /** The last batches, acknowledged or not, the oldest first. */
  sent: (Sent & { offset: number })[] = [];
  uncertain: Sent | null = null;

  constructor(
    readonly id: number,
    readonly partition: number,
  ) {}
}

class Run extends CrashLives {
  /** Partition → offset → value, of what was acknowledged with acks=all or seen. */
  private readonly certain = [new Map<number, string>(), new Map<number, string>()];
  private readonly starts = [0, 0];
  private readonly producers = [new Producer(1, 0), new Producer(2, 0), new Producer(3, 1)];
  private committed = -1;
  private committing = -1;
  private counter = 0;

  constructor(
    seed: number,
    private readonly figures: { acknowledged: number; seen: number },
  ) {
    super(seed, { lives: livesPerRun, operationsMax: 200, partitions: 2 });
  }

  protected topicConfigs(): Readonly<Record<string, string>> {
    return {
      'segment.bytes': String(250 + this.pick(600)),
      'index.interval.bytes': '150',
      'retention.ms': '-1',
    };
  }

  protected async work(): Promise<void> {
    const jobs = [
      ...this.producers.map((producer) => this.produce(producer)),
      this.produceLoosely(),
      this.read(0),
      this.read(1),
      this.others(),
    ];
    await Promise.all(jobs);
  }

  protected async check(): Promise<void> {
    for (const partition of [0, 1]) {
      const [description] = await this.engine.advanceStart([{ topicId: this.topicId, partition, offset: 0 }]);
      const start = description?.logStartOffset ?? -1;
      if (start < (this.starts[partition] ?? 0)) throw new Error(`the log start of ${partition} went back to ${start}`);
      const present = await readPartition(this.engine, this.topicId, partition, 1 + this.pick(2000));
      for (const [offset, value] of this.certain[partition] ?? []) {
        if (offset >= start) same(`record ${offset} of ${partition}`, present.get(offset), value);
      }
      this.figures.seen += present.size;
      for (const [offset, value] of present) this.certain[partition]?.set(offset, value);
    }
    for (const producer of this.producers) await this.sendAgain(producer);
    const found = this.engine.groups.find('g', 't', 0)?.offset ?? -1;
    if (found !== this.committed) same('the committed offset', found, this.committing);
    this.committed = found;
    this.committing = found;
  }

  /** A batch that was acknowledged, or may have been appended, is the same record when it is sent again. */
  private async sendAgain(producer: Producer): Promise<void> {
    for (const sent of producer.sent.slice(-3)) {
      const result = await appendOne(this.engine, this.topicId, producer.partition, Buffer.from(sent.batch));
      same(`batch ${sent.sequence} sent again`, `${result.error} ${result.baseOffset}`, `none ${sent.offset}`);
    }
    const { uncertain } = producer;
    if (uncertain === null) return;
    const result = await appendOne(this.engine, this.topicId, producer.partition, Buffer.from(uncertain.batch));
    this.acknowledge(producer, uncertain, result);
  }

  private acknowledge(producer: Producer, sent: Sent, result: AppendResult): void {
    same('an append', result.error, 'none');
    this.figures.acknowledged += sent.values.length;
    this.keep(producer.partition, result.baseOffset, sent.values);
    producer.sent = [...producer.sent.slice(-4), { ...sent, offset: result.baseOffset }];
    producer.nextSequence = sent.sequence + sent.values.length;
    producer.uncertain = null;
  }

  private keep(partition: number, baseOffset: number, values: readonly string[]): void {
    values.forEach((value, delta) => {
      const known = this.certain[partition]?.get(baseOffset + delta);
      same(`record ${baseOffset + delta}`, known ?? value, value);
      this.certain[partition]?.set(baseOffset + delta, value);
    });
  }

  private async produce(producer: Producer): Promise<void> {
    for (let count = 0; count < 12; count += 1) {
      const values = this.values();
      const sequence = producer.nextSequence;
      const stamp = { producerId: producer.id, producerEpoch: 0, baseSequence: sequence };
      const batch = batchOf(values, { producer: stamp });
      producer.uncertain = { values, batch: Buffer.from(batch), sequence };
      const result = await appendOne(this.engine, this.topicId, producer.partition, batch);
      this.acknowledge(producer, producer.uncertain, result);
    }
  }

  private async produceLoosely(): Promise<void> {
    for (let count = 0; count < 12; count += 1) {
      const partition = this.pick(2);
      const acks = this.pick(2) === 0 ? 1 : 0;
      await appendOne(this.engine, this.topicId, partition, batchOf(this.values()), acks);
    }
  }

  private async read(partition: number): Promise<void> {
    const [start] = await this.engine.listOffsets([{ topicId: this.topicId, partition, timestamp: -2 }]);
    let offset = start?.offset ?? 0;
    for (let count = 0; count < 25; count += 1) {
      const result = await fetchOne(this.engine, this.topicId, partition, offset, { maxWaitMs: 40, maxBytes: 400 });
      if (result.error === 'offset_out_of_range') {
        offset = result.logStartOffset;
        continue;
      }
      same('a fetch', result.error, 'none');
      for (const [at, value] of valuesIn(result.batches)) {
        if (at < offset) continue;
        same('the next offset', at, offset);
        this.keep(partition, at, [value]);
        offset = at + 1;
      }
    }
  }

  private async others(): Promise<void> {
    for (let count = 0; count < 6; count += 1) {
      this.committing = this.pick(1000);
      const row = { topic: 't', partition: 0, offset: this.committing, leaderEpoch: -1, metadata: '' };
      await this.engine.groups.commit('g', [row]);
      this.committed = this.committing;
      await this.engine.maintain();
      if (this.pick(2) === 0) {
        const partition = this.pick(2);
        const offset = this.engine.describePartitions(this.topicId)[partition]?.highWatermark ?? 0;
        const request = {
          topicId: this.topicId,
          partition,
          offset: this.pick(2) === 0 ? offset : Math.floor(offset / 2),
        };
        const [moved] = await this.engine.advanceStart([request]);
        if (moved?.error === 'none') this.starts[partition] = moved.logStartOffset;
      }
    }
  }

  private values(): string[] {
    return Array.from({ length: 1 + this.pick(3) }, () => {
      this.counter += 1;
      return `${this.seed}.${this.counter}.${'v'.repeat(this.pick(80))}`;
    });
  }
}
