import type { AppendResult, TransactionMarker } from './engine.js';
import { CrashLives, liveThrough } from './testing/crash-lives.js';
import { appendOne, batchOf, fetchOne, readCommitted, valuesIn } from './testing/engine-fixture.js';

/**
 * Power cuts and kills at random points while producers write transactions that commit and abort, beside one that writes without, a
 * reader of committed records, checkpoints and a moving log start. What every life checks: the last stable offset is the start of the oldest
 * open transaction, a reader of committed records sees each record of each committed transaction and no other, and what it saw
 * before was decided to be committed.
 */
const crashes = Number(process.env['TRANSACTION_CRASHES'] ?? 1000);
const livesPerRun = 4;

describe('A power cut among transactions', () => {
  it(`shows all of a committed transaction and nothing else, in ${crashes} cuts`, async () => {
    await liveThrough({ first: 1, step: 1, count: Math.floor(crashes / livesPerRun) }, (seed) => new Run(seed));
  }, 120_000);
});

interface Sent {
  readonly values: readonly string[];
  readonly batch: Buffer;
}

class Producer {
  epoch = 0;
  nextSequence = 0;
  /** Sent without an answer so far. */
  uncertain: Sent | null = null;
  /** First offset of the transaction under way; -1 before its first answer. */
  start = -1;
  /** Values of the transaction under way. */
  pending: string[] = [];
  /** Decided, and to be told to the log until it answers. */
  outcome: TransactionMarker['outcome'] | null = null;

  constructor(readonly id: number) {}
}

class Run extends CrashLives {
  private readonly producers = [new Producer(1), new Producer(2), new Producer(3)];
  private readonly plain = new Producer(9);
  /** Value → its offset, of what is committed. */
  private readonly committed = new Map<string, number>();
  private readonly offsets = new Map<string, number>();
  private readonly aborted = new Set<string>();
  private readonly seen = new Set<string>();
  private counter = 0;

  constructor(seed: number) {
    super(seed, { lives: livesPerRun, operationsMax: 160, partitions: 1 });
  }

  protected topicConfigs(): Readonly<Record<string, string>> {
    return { 'segment.bytes': String(250 + this.pick(600)), 'index.interval.bytes': '150' };
  }

  protected async work(): Promise<void> {
    const transactions = this.producers.map((producer) => this.transact(producer));
    await Promise.all([...transactions, this.produce(), this.read(), this.others()]);
  }

  protected async check(): Promise<void> {
    for (const producer of [...this.producers, this.plain]) {
      const { uncertain } = producer;
      if (uncertain !== null) this.acknowledge(producer, uncertain, await this.append(Buffer.from(uncertain.batch)));
      if (producer.outcome !== null) await this.tellOutcome(producer);
    }
    const starts = this.producers.filter(({ start }) => start >= 0).map(({ start }) => start);
    const query = { topicId: this.topicId, partition: 0, timestamp: -1 };
    const [stable, high, first] = await this.engine.listOffsets([
      { ...query, isolation: 'read_committed' },
      query,
      { ...query, timestamp: -2 },
    ]);
    expect(stable?.offset).toBe(Math.max(Math.min(high?.offset ?? -1, ...starts), first?.offset ?? 0));
    const active = (await this.engine.describeProducers(this.topicId, 0)) ?? [];
    for (const { id, start } of this.producers) {
      expect([id, active.find((one) => one.producerId === id)?.transactionStartOffset ?? -1]).toEqual([id, start]);
    }
    const from = first?.offset ?? 0;
    const found = await readCommitted(this.engine, this.topicId, 0, { from, maxBytes: 1 + this.pick(2000) });
    const end = stable?.offset ?? 0;
    const expected = [...this.committed].filter(([, offset]) => offset >= from && offset < end);
    expected.sort(([, left], [, right]) => left - right);
    expect([...found]).toEqual(expected.map(([value, offset]) => [offset, value]));
    for (const value of this.seen) expect([value, this.committed.has(value)]).toEqual([value, true]);
  }

  private async transact(producer: Producer): Promise<void> {
    for (let count = 0; count < 4; count += 1) {
      for (let batches = this.pick(4); batches > 0; batches -= 1) await this.send(producer, true);
      producer.outcome = this.pick(2) === 0 ? 'commit' : 'abort';
      if (producer.outcome === 'commit') for (const value of producer.pending) this.decide(value);
      else for (const value of producer.pending) this.aborted.add(value);
      await this.tellOutcome(producer);
    }
  }

  /** As a coordinator does: again after each restart, until the log answers. Every other producer gets a new epoch with it. */
  private async tellOutcome(producer: Producer): Promise<void> {
    const { id, epoch, outcome } = producer;
    if (outcome === null) return;
    const bumps = id % 2;
    const marker = { topicId: this.topicId, partition: 0, producerId: id, outcome, coordinatorEpoch: 0 };
    expect(await this.engine.writeMarkers([{ ...marker, producerEpoch: epoch + bumps }])).toEqual(['none']);
    producer.epoch += bumps;
    if (bumps > 0) producer.nextSequence = 0;
    producer.start = -1;
    producer.pending = [];
    producer.outcome = null;
  }

  private async produce(): Promise<void> {
    for (let count = 0; count < 8; count += 1) await this.send(this.plain, false);
  }

  private async send(producer: Producer, isTransactional: boolean): Promise<void> {
    const values = Array.from({ length: 1 + this.pick(3) }, () => {
      this.counter += 1;
      return `${this.seed}.${this.counter}.${'v'.repeat(this.pick(80))}`;
    });
    const stamp = { producerId: producer.id, producerEpoch: producer.epoch, baseSequence: producer.nextSequence };
    const batch = batchOf(values, { producer: { ...stamp, isTransactional } });
    producer.uncertain = { values, batch: Buffer.from(batch) };
    if (isTransactional) producer.pending.push(...values);
    this.acknowledge(producer, producer.uncertain, await this.append(batch));
  }

  private append(batch: Buffer): Promise<AppendResult> {
    return appendOne(this.engine, this.topicId, 0, batch);
  }

  private acknowledge(producer: Producer, sent: Sent, result: AppendResult): void {
    expect(result.error).toBe('none');
    sent.values.forEach((value, delta) => this.offsets.set(value, result.baseOffset + delta));
    producer.nextSequence += sent.values.length;
    producer.uncertain = null;
    if (producer === this.plain) for (const value of sent.values) this.decide(value);
    else if (producer.start < 0) producer.start = result.baseOffset;
  }

  private decide(value: string): void {
    this.committed.set(value, this.offsets.get(value) ?? -1);
  }

  private async read(): Promise<void> {
    let offset = 0;
    for (let count = 0; count < 20; count += 1) {
      const options = { maxWaitMs: 40, maxBytes: 400, isolation: 'read_committed' } as const;
      const result = await fetchOne(this.engine, this.topicId, 0, offset, options);
      if (result.error === 'offset_out_of_range') {
        offset = result.logStartOffset;
        continue;
      }
      expect(result.error).toBe('none');
      for (const value of valuesIn(result.batches, result.aborted).values()) {
        expect([value, this.aborted.has(value)]).toEqual([value, false]);
        this.seen.add(value);
      }
      offset = Math.max(offset, ...valuesIn(result.batches).keys()) + (result.batches.length > 0 ? 1 : 0);
    }
  }

  private async others(): Promise<void> {
    for (let count = 0; count < 5; count += 1) {
      await this.engine.maintain();
      if (this.pick(4) > 0) continue;
      const high = this.engine.describePartitions(this.topicId)[0]?.highWatermark ?? 0;
      await this.engine.advanceStart([{ topicId: this.topicId, partition: 0, offset: Math.floor(high / 2) }]);
    }
  }
}
