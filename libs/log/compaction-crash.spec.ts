import { codecs } from '#wire/kafka/record-batch';
import type { AppendResult } from './engine.js';
import { CrashLives, liveThrough } from './testing/crash-lives.js';
import {
  appendOne,
  fetchOne,
  keyedBatchOf,
  readRecords,
  type KeyedValue,
  type ReadRecord,
} from './testing/engine-fixture.js';

/**
 * Compaction against a model: a list of all that was ever written. Power cuts and kills come at random steps of the cleaner, of
 * retention (cleanup.policy compact,delete) and of the appends beside them. What every life checks: each record that is there is one that was
 * written, at its offset, with its time, key and value (R4, O3); for each key a reader of committed records ends with the last
 * one of the model, a young tombstone included (R3); nothing of an aborted transaction is there for it; a look-up by time
 * gives the first record at or after it (O4); a batch sent again answers with its old offset.
 */
const seeds = Number(process.env['COMPACTION_SEEDS'] ?? 100);
const livesPerRun = 5;
const deleteRetentionMs = 3000;

describe('Compaction under power cuts', () => {
  it(`keeps the last record of each key, in ${seeds * livesPerRun} lives`, async () => {
    await liveThrough({ first: 1, step: 1, count: seeds }, (seed) => new Run(seed));
  }, 240_000);
});

interface ModelRecord extends KeyedValue {
  readonly timestamp: number;
  state: 'open' | 'committed' | 'aborted';
}

interface Sent {
  readonly records: readonly KeyedValue[];
  readonly batch: Buffer;
  readonly timestamp: number;
}

class Producer {
  nextSequence = 0;
  uncertain: Sent | null = null;
  sent: (Sent & { offset: number })[] = [];
  pending: ModelRecord[] = [];
  outcome: 'commit' | 'abort' | null = null;

  constructor(
    readonly id: number,
    readonly isTransactional: boolean,
  ) {}
}

class Run extends CrashLives {
  private readonly configs: Record<string, string>;
  private readonly model = new Map<number, ModelRecord>();
  private readonly producers: Producer[];
  private counter = 0;

  constructor(seed: number) {
    super(seed, { lives: livesPerRun, operationsMax: 350, partitions: 1 });
    const withTransactions = this.pick(2) === 0;
    this.producers = [new Producer(1, false), new Producer(2, withTransactions), new Producer(3, withTransactions)];
    this.config['log.cleaner.dedupe.buffer.size'] = this.pick(3) === 0 ? '1024' : '100000';
    this.configs = {
      'cleanup.policy': this.pick(3) === 0 ? 'compact,delete' : 'compact',
      'retention.ms': '60000',
      'segment.bytes': String(250 + this.pick(900)),
      'index.interval.bytes': '150',
      'min.cleanable.dirty.ratio': String(this.pick(2) / 3),
      'min.compaction.lag.ms': this.pick(3) === 0 ? '100' : '0',
      'delete.retention.ms': String(deleteRetentionMs),
    };
  }

  override async all(): Promise<void> {
    await super.all();
    await this.checkCleaned();
  }

  protected topicConfigs(): Readonly<Record<string, string>> {
    return this.configs;
  }

  protected async work(): Promise<void> {
    if (this.pick(4) === 0) this.clock.advance(this.pick(2) === 0 ? deleteRetentionMs : 70_000);
    await Promise.all([...this.producers.map((producer) => this.produce(producer)), this.maintain(), this.read()]);
  }

  protected async check(): Promise<void> {
    for (const producer of this.producers) {
      for (const sent of producer.sent.slice(-2)) {
        const result = await this.append(Buffer.from(sent.batch));
        // Retention may have taken the last sign of the producer.
        if (result.error === 'none') expect(result.baseOffset).toBe(sent.offset);
      }
      const { uncertain } = producer;
      if (uncertain !== null) this.acknowledge(producer, uncertain, await this.append(Buffer.from(uncertain.batch)));
      if (producer.outcome !== null) await this.tellOutcome(producer);
    }
    const partition = { topicId: this.topicId, partition: 0 };
    const [start, stable] = await this.engine.listOffsets([
      { ...partition, timestamp: -2 },
      { ...partition, timestamp: -1, isolation: 'read_committed' },
    ]);
    const from = start?.offset ?? 0;
    const maxBytes = 1 + this.pick(1500);
    const records = await readRecords(this.engine, this.topicId, 0, { from, maxBytes });
    this.checkWritten(records);
    const committed = await readRecords(this.engine, this.topicId, 0, { from, maxBytes, isolation: 'read_committed' });
    this.checkWritten(committed);
    for (const { offset } of committed) expect([offset, this.model.get(offset)?.state]).toEqual([offset, 'committed']);
    this.checkLatest(committed, from, stable?.offset ?? 0);
    if (this.producers.every(({ isTransactional }) => !isTransactional)) await this.checkTimes(records);
  }

  /** Rising offsets, and at each what the model has. */
  private checkWritten(records: readonly ReadRecord[]): void {
    let last = -1;
    for (const { offset, key, value, timestamp } of records) {
      expect(offset).toBeGreaterThan(last);
      last = offset;
      const known = this.model.get(offset);
      expect({ offset, key, value, timestamp }).toEqual({
        offset,
        key: known?.key,
        value: known?.value,
        timestamp: known?.timestamp,
      });
    }
  }

  private checkLatest(committed: readonly ReadRecord[], from: number, end: number): void {
    const found = new Map(committed.map((record) => [record.key, record.offset]));
    const latest = new Map<string, number>();
    for (const [offset, { key, state }] of [...this.model].sort(([left], [right]) => left - right)) {
      if (state === 'committed' && key !== null && offset < end) latest.set(key, offset);
    }
    for (const [key, offset] of latest) {
      if (offset < from) continue;
      const record = this.model.get(offset);
      const isOldTombstone = record?.value === null && this.clock.now() - record.timestamp >= deleteRetentionMs;
      const present = found.get(key) ?? (isOldTombstone ? offset : -1);
      expect([key, present]).toEqual([key, offset]);
    }
  }

  private async checkTimes(records: readonly ReadRecord[]): Promise<void> {
    const times = [...new Set(records.map(({ timestamp }) => timestamp))];
    const timestamp = (times[this.pick(times.length)] ?? 0) + this.pick(2);
    const expected = records.find((record) => record.timestamp >= timestamp);
    const [answer] = await this.engine.listOffsets([{ topicId: this.topicId, partition: 0, timestamp }]);
    expect(answer).toEqual({ error: 'none', offset: expected?.offset ?? -1, timestamp: expected?.timestamp ?? -1 });
    const newest = Math.max(-1, ...times);
    const [max] = await this.engine.listOffsets([{ topicId: this.topicId, partition: 0, timestamp: -3 }]);
    expect(max?.timestamp).toBe(newest);
  }

  /** With all closed and decided, and the disk well, what was cleaned holds each key once. */
  private async checkCleaned(): Promise<void> {
    for (const producer of this.producers.filter(({ isTransactional }) => isTransactional)) {
      producer.outcome = 'commit';
      for (const record of producer.pending) record.state = 'committed';
      await this.tellOutcome(producer);
    }
    await this.send(this.producers[0] ?? new Producer(1, false), [{ key: 'filler', value: 'x'.repeat(1200) }]);
    await this.send(this.producers[0] ?? new Producer(1, false), [{ key: 'filler', value: 'x'.repeat(1200) }]);
    this.clock.advance(200);
    await this.engine.topics.alterConfigs('t', { ...this.configs, 'min.cleanable.dirty.ratio': '0' });
    while (await this.engine.maintain());
    await this.check();
    const records = await readRecords(this.engine, this.topicId, 0);
    const keys = records.map(({ key }) => key).filter((key) => key !== 'filler');
    if (this.config['log.cleaner.dedupe.buffer.size'] !== '1024') expect(keys.length).toBe(new Set(keys).size);
  }

  private async produce(producer: Producer): Promise<void> {
    for (let count = 0; count < 10; count += 1) {
      const records = Array.from({ length: 1 + this.pick(4) }, () => {
        this.counter += 1;
        const key = `k${this.pick(12)}`;
        return { key, value: this.pick(5) === 0 ? null : `${this.counter}.${'v'.repeat(this.pick(60))}` };
      });
      await this.send(producer, records);
      if (!producer.isTransactional || this.pick(3) > 0) continue;
      producer.outcome = this.pick(2) === 0 ? 'commit' : 'abort';
      const state = producer.outcome === 'commit' ? 'committed' : 'aborted';
      for (const record of producer.pending) record.state = state;
      await this.tellOutcome(producer);
    }
  }

  private async send(producer: Producer, records: readonly KeyedValue[]): Promise<void> {
    const { id, isTransactional, nextSequence: baseSequence } = producer;
    const timestamp = this.clock.now();
    const codec = records.length === 1 ? 'none' : (codecs[this.pick(codecs.length)] ?? 'none');
    const stamp = { producerId: id, producerEpoch: 0, baseSequence, isTransactional };
    const batch = keyedBatchOf(records, { timestampMs: timestamp, codec, producer: stamp });
    producer.uncertain = { records, timestamp, batch: Buffer.from(batch) };
    this.acknowledge(producer, producer.uncertain, await this.append(batch));
  }

  private acknowledge(producer: Producer, sent: Sent, result: AppendResult): void {
    expect(result.error).toBe('none');
    sent.records.forEach(({ key, value }, delta) => {
      const state = producer.isTransactional ? 'open' : 'committed';
      const record: ModelRecord = { key, value, timestamp: sent.timestamp + delta, state };
      expect(this.model.has(result.baseOffset + delta)).toBe(false);
      this.model.set(result.baseOffset + delta, record);
      if (producer.isTransactional) producer.pending.push(record);
    });
    producer.nextSequence += sent.records.length;
    producer.uncertain = null;
    producer.sent = [...producer.sent.slice(-4), { ...sent, offset: result.baseOffset }];
  }

  private async tellOutcome({ id: producerId, outcome }: Producer): Promise<void> {
    const producer = this.producers.find(({ id }) => id === producerId);
    if (outcome === null || producer === undefined) return;
    const marker = { topicId: this.topicId, partition: 0, producerId, producerEpoch: 0, outcome, coordinatorEpoch: 0 };
    expect(await this.engine.writeMarkers([marker])).toEqual(['none']);
    producer.pending = [];
    producer.outcome = null;
  }

  private append(batch: Buffer): Promise<AppendResult> {
    return appendOne(this.engine, this.topicId, 0, batch);
  }

  private async maintain(): Promise<void> {
    for (let count = 0; count < 60; count += 1) {
      if (!(await this.engine.maintain())) this.clock.advance(this.pick(50));
    }
  }

  /** Never an error, while segments change places under it. */
  private async read(): Promise<void> {
    let offset = 0;
    for (let count = 0; count < 40; count += 1) {
      const result = await fetchOne(this.engine, this.topicId, 0, offset, { maxWaitMs: 20, maxBytes: 300 });
      if (result.error === 'offset_out_of_range') {
        offset = result.logStartOffset;
        continue;
      }
      expect(result.error).toBe('none');
      offset = result.batches.length === 0 ? result.logStartOffset : offset + 1 + this.pick(3);
      offset = Math.min(offset, result.highWatermark);
    }
  }
}
