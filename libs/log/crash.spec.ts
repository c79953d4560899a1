import { seededRandom, type Random } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import type { AppendResult } from './engine.js';
import type { LocalEngine } from './local-engine.js';
import { MemoryCatalog } from './memory-catalog.js';
import { appendOne, batchOf, fetchOne, openEngine, readPartition, valuesIn } from './testing/engine-fixture.js';
import { ManualClock } from './testing/manual-clock.js';

/**
 * Power cuts, and kills before them, at random points under a load of idempotent and plain producers, a reader at the tail, group commits, log start moves and
 * maintenance. What every life checks: each acknowledged record is where it was acknowledged, what was seen has not changed, a batch sent
 * again after the cut answers with its old offset, and committed group offsets are there.
 */
const crashes = Number(process.env['CRASHES'] ?? 1000);
const livesPerRun = 4;

describe('A power cut', () => {
  it(`loses nothing acknowledged and changes nothing seen, in ${crashes} cuts`, async () => {
    for (let seed = 1; seed <= crashes / livesPerRun; seed += 1) {
      try {
        await new Run(seed).all();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  }, 120_000);
});

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

class Run {
  private readonly random: Random;
  private disk: SimulatedDisk;
  private readonly clock = new ManualClock();
  private readonly catalog = new MemoryCatalog();
  private readonly config: Record<string, string>;
  private engine!: LocalEngine;
  private topicId = '';
  /** Partition → offset → value, of what was acknowledged with acks=all or seen. */
  private readonly certain = [new Map<number, string>(), new Map<number, string>()];
  private readonly starts = [0, 0];
  private readonly producers = [new Producer(1, 0), new Producer(2, 0), new Producer(3, 1)];
  private committed = -1;
  private committing = -1;
  private counter = 0;

  constructor(private readonly seed: number) {
    this.random = seededRandom(seed);
    this.disk = new SimulatedDisk({ random: this.random });
    this.config = {
      'log.checkpoint.bytes': String(200 + this.pick(3000)),
      'log.cache.bytes': this.pick(2) === 0 ? '0' : '2000',
      'log.open.files': '16',
    };
  }

  async all(): Promise<void> {
    for (let life = 0; life < livesPerRun; life += 1) {
      this.disk.haltIn(this.pick(200));
      await this.untilHalt(this.live());
      // A killed process leaves what it wrote unsynced to the next one, and to the cut after that.
      this.disk = this.pick(3) === 0 ? this.disk.kill() : this.disk.crash(this.random);
    }
    await this.open();
    await this.check();
  }

  /** A whole life may be shorter than the operations it was given. */
  private async untilHalt(life: Promise<void>): Promise<void> {
    const failed = { error: null as unknown };
    let over = false;
    life.then(
      () => (over = true),
      (error: unknown) => {
        failed.error = error;
        over = true;
      },
    );
    for (let last = -1; !over && !(this.disk.halted && last === this.disk.operations);) {
      last = this.disk.operations;
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(30);
    }
    if (failed.error !== null) throw failed.error;
  }

  private async open(): Promise<void> {
    const { disk, clock, catalog, config, seed } = this;
    this.engine = await openEngine({ disk, clock, catalog, config, seed });
    const topic = this.engine.topics.byName('t');
    const configs = {
      'segment.bytes': String(250 + this.pick(600)),
      'index.interval.bytes': '150',
      'retention.ms': '-1',
    };
    this.topicId = (topic ?? (await this.engine.topics.create({ name: 't', partitions: 2, configs }))).id;
  }

  private async live(): Promise<void> {
    await this.open();
    await this.check();
    const jobs = [
      ...this.producers.map((producer) => this.produce(producer)),
      this.produceLoosely(),
      this.read(0),
      this.read(1),
      this.others(),
    ];
    await Promise.all(jobs);
    if (this.pick(2) === 0) await this.engine.close();
  }

  private async check(): Promise<void> {
    for (const partition of [0, 1]) {
      const [description] = await this.engine.advanceStart([{ topicId: this.topicId, partition, offset: 0 }]);
      const start = description?.logStartOffset ?? -1;
      expect(start).toBeGreaterThanOrEqual(this.starts[partition] ?? 0);
      const present = await readPartition(this.engine, this.topicId, partition, 1 + this.pick(2000));
      for (const [offset, value] of this.certain[partition] ?? []) {
        if (offset >= start) expect([offset, present.get(offset)]).toEqual([offset, value]);
      }
      for (const [offset, value] of present) this.certain[partition]?.set(offset, value);
    }
    for (const producer of this.producers) await this.sendAgain(producer);
    const found = this.engine.groups.find('g', 't', 0)?.offset ?? -1;
    expect([this.committed, this.committing]).toContain(found);
    this.committed = found;
    this.committing = found;
  }

  /** A batch that was acknowledged, or may have been appended, is the same record when it is sent again. */
  private async sendAgain(producer: Producer): Promise<void> {
    for (const sent of producer.sent.slice(-3)) {
      const result = await appendOne(this.engine, this.topicId, producer.partition, Buffer.from(sent.batch));
      expect([sent.sequence, result.error, result.baseOffset]).toEqual([sent.sequence, 'none', sent.offset]);
    }
    const { uncertain } = producer;
    if (uncertain === null) return;
    const result = await appendOne(this.engine, this.topicId, producer.partition, Buffer.from(uncertain.batch));
    this.acknowledge(producer, uncertain, result);
  }

  private acknowledge(producer: Producer, sent: Sent, result: AppendResult): void {
    expect(result.error).toBe('none');
    this.keep(producer.partition, result.baseOffset, sent.values);
    producer.sent = [...producer.sent.slice(-4), { ...sent, offset: result.baseOffset }];
    producer.nextSequence = sent.sequence + sent.values.length;
    producer.uncertain = null;
  }

  private keep(partition: number, baseOffset: number, values: readonly string[]): void {
    values.forEach((value, delta) => {
      const known = this.certain[partition]?.get(baseOffset + delta);
      expect([baseOffset + delta, known ?? value]).toEqual([baseOffset + delta, value]);
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
      expect(result.error).toBe('none');
      for (const [at, value] of valuesIn(result.batches)) {
        if (at < offset) continue;
        expect(at).toBe(offset);
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

  private pick(count: number): number {
    return Math.floor(this.random.next() * count);
  }
}
