import type { DeadLetter, DeadLetterQueue } from '#pipeline/dead-letter';
import type { RecordHeader } from '#pipeline/sink-batch';
import type { Sink, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { partitionKey } from '#pipeline/sink-partition';
import type { PolledRecords, SinkReader, SinkRecords } from '#pipeline/sink-reader';
import { SinkTask, type SinkTaskOptions } from '#pipeline/sink-task';
import type { Clock, Timer } from '#std/clock';
import { silentLogger } from '#std/log';
import { seededRandom } from '#std/random';

/** A clock that stands still until it is told to go on. */
export class SimulatedClock implements Clock {
  private time = 1_000_000;
  private timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { at: this.time + Math.max(0, delayMs), callback };
    this.timers.push(timer);
    return {
      cancel: () => {
        this.timers = this.timers.filter((other) => other !== timer);
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Lets `ms` pass, timer by timer, with everything that follows from each. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const next = this.timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.callback();
      await settle();
    }
    this.time = end;
  }
}

export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface FakeRecord {
  readonly offset: number;
  readonly value: string;
}

class FakeRecords implements SinkRecords {
  constructor(private readonly list: readonly FakeRecord[]) {}

  get count(): number {
    return this.list.length;
  }

  get byteCount(): number {
    return this.list.reduce((sum, { value }) => sum + value.length, 0);
  }

  offset(index: number): number {
    return this.list[index]?.offset ?? -1;
  }

  timestamp(index: number): number {
    return 1000 + this.offset(index);
  }

  key(index: number): Buffer | null {
    return index % 2 === 0 ? Buffer.from(`k${this.offset(index)}`) : null;
  }

  value(index: number): Buffer | null {
    return Buffer.from(this.list[index]?.value ?? '');
  }

  headers(): readonly RecordHeader[] {
    return [{ key: 'from', value: Buffer.from('test') }];
  }

  header(_index: number, name: string): string | null {
    return name === 'from' ? 'test' : null;
  }

  slice(from: number, to: number): SinkRecords {
    return new FakeRecords(this.list.slice(from, to));
  }
}

interface FakePartition extends TopicPartition {
  readonly log: FakeRecord[];
  position: number;
  isPaused: boolean;
  isAssigned: boolean;
}

/** A group member whose partitions and records a test sets by hand. */
export class FakeReader implements SinkReader {
  readonly committed = new Map<string, number>();
  readonly partitions = new Map<string, FakePartition>();
  polls = 0;
  stopped = false;
  commitError: Error | null = null;
  endsError: Error | null = null;
  recordsPerPollMax = 1000;
  private listener: Parameters<SinkReader['start']>[0];
  private wake: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly events: string[],
  ) {}

  start(listener?: Parameters<SinkReader['start']>[0]): Promise<void> {
    this.listener = listener;
    return Promise.resolve();
  }

  async assign(topic: string, partition: number): Promise<void> {
    const entry = this.partition(topic, partition);
    entry.position = this.committed.get(partitionKey(entry)) ?? 0;
    const stored = (await this.listener?.onAssigned([{ topic, partition }])) ?? [];
    for (const position of stored) entry.position = position.offset;
    entry.isPaused = false;
    entry.isAssigned = true;
    this.wake();
  }

  async revoke(topic: string, partition: number): Promise<void> {
    this.partition(topic, partition).isAssigned = false;
    await this.listener?.onRevoked([{ topic, partition }]);
  }

  async lose(topic: string, partition: number): Promise<void> {
    this.partition(topic, partition).isAssigned = false;
    await this.listener?.onLost([{ topic, partition }]);
  }

  /** Appends values; offsets go on where the log ends, or at `at`. */
  append(topic: string, partition: number, values: readonly string[], at?: number): void {
    const { log } = this.partition(topic, partition);
    const from = at ?? (log.at(-1)?.offset ?? -1) + 1;
    for (const [index, value] of values.entries()) log.push({ offset: from + index, value });
    this.wake();
  }

  async poll(waitMs: number): Promise<readonly PolledRecords[]> {
    this.polls += 1;
    if (this.stopped) return [];
    const ready = this.takeReady();
    if (ready.length > 0) return ready;
    await new Promise<void>((resolve) => {
      const timer = this.clock.after(waitMs, resolve);
      this.wake = () => {
        timer.cancel();
        resolve();
      };
    });
    return this.takeReady();
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) this.partition(at.topic, at.partition).isPaused = true;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) this.partition(at.topic, at.partition).isPaused = false;
    this.wake();
  }

  seek(position: StoredOffset): void {
    this.partition(position.topic, position.partition).position = position.offset;
  }

  position(at: TopicPartition): number | null {
    return this.partition(at.topic, at.partition).position;
  }

  /** Where the logs end. */
  endOffsets(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    if (this.endsError !== null) return Promise.reject(this.endsError);
    const end = (at: TopicPartition): number => (this.partition(at.topic, at.partition).log.at(-1)?.offset ?? -1) + 1;
    return Promise.resolve(new Map(partitions.map((at) => [partitionKey(at), end(at)])));
  }

  commit(positions: readonly StoredOffset[]): Promise<void> {
    if (this.commitError !== null) return Promise.reject(this.commitError);
    for (const position of positions) {
      this.committed.set(partitionKey(position), position.offset);
      this.events.push(`commit ${partitionKey(position)} ${position.offset}`);
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    const assigned = [...this.partitions.values()].filter(({ isAssigned }) => isAssigned);
    for (const partition of assigned) partition.isAssigned = false;
    if (assigned.length > 0) {
      await this.listener?.onRevoked(assigned.map(({ topic, partition }) => ({ topic, partition })));
    }
    this.stopped = true;
    this.wake();
  }

  isPaused(topic: string, partition: number): boolean {
    return this.partition(topic, partition).isPaused;
  }

  private takeReady(): PolledRecords[] {
    const ready: PolledRecords[] = [];
    for (const partition of this.partitions.values()) {
      if (!partition.isAssigned || partition.isPaused || this.stopped) continue;
      const records = partition.log
        .filter(({ offset }) => offset >= partition.position)
        .slice(0, this.recordsPerPollMax);
      const last = records.at(-1);
      if (last === undefined) continue;
      partition.position = last.offset + 1;
      ready.push({
        topic: partition.topic,
        partition: partition.partition,
        records: new FakeRecords(records),
        nextOffset: last.offset + 1,
        highWatermark: (partition.log.at(-1)?.offset ?? -1) + 1,
      });
    }
    return ready;
  }

  private partition(topic: string, partition: number): FakePartition {
    const key = partitionKey({ topic, partition });
    let entry = this.partitions.get(key);
    if (entry === undefined) {
      entry = { topic, partition, log: [], position: 0, isPaused: false, isAssigned: false };
      this.partitions.set(key, entry);
    }
    return entry;
  }
}

/** A store that keeps what it is given, and fails as a test says. */
export class FakeSink implements Sink {
  /** What the sink took, `partition@offset=value`, in order. */
  readonly taken: string[] = [];
  readonly stored = new Map<string, number>();
  /** Offsets that `open` gives, by `topic-partition`. */
  readonly kept = new Map<string, number>();
  /** Called before a batch is taken; throws to refuse it, or waits. */
  onPut: (batch: SinkBatch) => void | Promise<void> = () => undefined;
  onOpen: () => void = () => undefined;
  onStart: () => void = () => undefined;
  parallelPartitions = false;
  /** While false, nothing becomes durable but by `flush(true)`. */
  flushesAtOnce = true;
  private readonly put_ = new Map<string, StoredOffset>();

  constructor(private readonly events: string[]) {}

  start(): Promise<void> {
    return settled(() => this.onStart());
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    await settled(() => this.onOpen());
    this.events.push(`open ${partitions.map(partitionKey).join(' ')}`);
    return partitions.flatMap((at) => {
      const offset = this.kept.get(partitionKey(at));
      return offset === undefined ? [] : [{ ...at, offset }];
    });
  }

  async put(batch: SinkBatch): Promise<void> {
    await this.onPut(batch);
    for (let index = 0; index < batch.count; index += 1) {
      this.taken.push(`${batch.partition}@${batch.offset(index)}=${batch.value(index)?.toString() ?? 'null'}`);
    }
    const { topic, partition } = batch;
    this.put_.set(partitionKey(batch), { topic, partition, offset: batch.offset(batch.count - 1) + 1 });
    this.events.push(`put ${partitionKey(batch)} ${batch.offset(0)}..${batch.offset(batch.count - 1)}`);
  }

  flush(all: boolean): Promise<readonly StoredOffset[]> {
    if (all || this.flushesAtOnce) {
      if (all) this.events.push('flush all');
      for (const position of this.put_.values()) this.stored.set(partitionKey(position), position.offset);
    }
    return Promise.resolve(
      [...this.put_.values()].flatMap((at) => {
        const offset = this.stored.get(partitionKey(at));
        return offset === undefined ? [] : [{ ...at, offset }];
      }),
    );
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    this.events.push(`close ${partitions.map(partitionKey).join(' ')}`);
    for (const at of partitions) this.put_.delete(partitionKey(at));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.events.push('stop');
    return Promise.resolve();
  }
}

/** Dead letters in memory. */
export class FakeDeadLetters implements DeadLetterQueue {
  readonly topic = 'dead';
  readonly letters: DeadLetter[] = [];
  failure: Error | null = null;

  constructor(private readonly events: string[]) {}

  write(letter: DeadLetter): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.letters.push(letter);
    this.events.push(`dead letter ${letter.value?.toString() ?? 'null'}`);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface TaskRig {
  readonly task: SinkTask;
  readonly clock: SimulatedClock;
  readonly reader: FakeReader;
  readonly sink: FakeSink;
  readonly letters: FakeDeadLetters;
  /** What happened, in order. */
  readonly events: string[];
}

export interface RigOptions {
  readonly hasDeadLetters?: boolean;
  readonly parallelPartitions?: boolean;
  readonly options?: Partial<SinkTaskOptions>;
}

/** A started task with partition 0 of `orders`; batches of 10 records, 100 ms of linger, commits each second. */
export async function startRig(given: RigOptions = {}): Promise<TaskRig> {
  const events: string[] = [];
  const clock = new SimulatedClock();
  const reader = new FakeReader(clock, events);
  const sink = new FakeSink(events);
  sink.parallelPartitions = given.parallelPartitions ?? false;
  const letters = new FakeDeadLetters(events);
  const task = new SinkTask(
    {
      sink,
      reader,
      deadLetters: given.hasDeadLetters === true ? letters : null,
      clock,
      random: seededRandom(7),
      logger: silentLogger,
      endOffsets: (partitions) => reader.endOffsets(partitions),
    },
    {
      connector: 'lake',
      task: 0,
      className: 'fake',
      limits: { recordsMax: 10, bytesMax: 1000, lingerMs: 100 },
      policy: { attemptsMax: 5, stopAfterDeadLetter: false, drop: false, contextHeaders: true },
      ownerEpoch: 1,
      stateDirectory: 'nowhere',
      retry: { timeoutMs: -1, delayMsMax: 60_000 },
      bufferBytesMax: 1000,
      commitIntervalMs: 1000,
      ...given.options,
    },
  );
  task.start();
  await settle();
  return { task, clock, reader, sink, letters, events };
}

/** `a0`, `a1` … */
export function values(count: number, prefix = 'a'): string[] {
  return Array.from({ length: count }, (_none, index) => `${prefix}${index}`);
}

function settled(work: () => void): Promise<void> {
  return new Promise((resolve) => {
    work();
    resolve();
  });
}
