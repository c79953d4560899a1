import type { Random } from '#std/random';
import { apis } from '#wire/kafka/apis';
import { kafkaError, kafkaErrorName } from '#wire/kafka/error-codes';
import { batchHeaderBytes, recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import { batchOf } from '../conformance/batches.js';
import { RawClient } from '../conformance/raw-client.js';
import { fetchBody, type TestTopic } from '../conformance/target.js';
import { TransactionalProducer, type Protocol, type Session } from '../conformance/transactional-producer.js';
import type { History, Outcome, Transaction } from './history.js';

export interface Workload {
  readonly address: string;
  readonly history: History;
  readonly random: Random;
  readonly topic: TestTopic;
  readonly partitions: number;
  /** Whether the service is killed meanwhile: a connection may end at any time. */
  readonly isDisturbed: boolean;
  readonly isOver: () => boolean;
}

/** What no service may answer, killed or not. */
class WrongAnswer extends Error {}

/** Does `step` until it is over; where the service is killed, what fails by that is begun anew. */
async function repeat(workload: Workload, isOver: () => boolean, step: () => Promise<void>, renew: () => void) {
  while (!isOver()) {
    try {
      await step();
    } catch (error) {
      if (error instanceof WrongAnswer || !workload.isDisturbed) throw error;
      renew();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

type Records = readonly (readonly [offset: number, value: number])[];

/** One poll of a partition's committed records from `offset` on. */
export async function fetchCommitted(client: RawClient, topic: TestTopic, partition: number, offset: number) {
  const body = fetchBody({ topic, partition, offset, maxWaitMs: 50, partitionMaxBytes: 64 * 1024 });
  const answer = await client.call(apis.fetch, 11, { ...body, isolationLevel: 1 });
  const found = answer.responses[0]?.partitions[0];
  if (found?.errorCode !== kafkaError.NONE) throw new Error(`Fetch: error ${found?.errorCode ?? answer.errorCode}`);
  const bytes = wholeBatches(found.records ?? Buffer.alloc(0));
  const columns = decodeRecords(bytes, { abortedTransactions: found.abortedTransactions ?? [] });
  const records: [number, number][] = [];
  for (let index = 0; index < columns.count; index += 1) {
    if (columns.offset(index) < offset) continue;
    records.push([columns.offset(index), Number(columns.value(index)?.toString())]);
  }
  return { records: records as Records, next: Math.max(offset, endOf(bytes)), end: found.highWatermark };
}

/** A real Kafka may cut the last batch off at the limit of bytes. */
function wholeBatches(bytes: Buffer): Buffer {
  let at = 0;
  while (at + batchHeaderBytes <= bytes.length && at + recordBatch.length(bytes, at) <= bytes.length) {
    at += recordBatch.length(bytes, at);
  }
  return bytes.subarray(0, at);
}

/** The offset after the last batch, markers included; -1 without one. */
function endOf(bytes: Buffer): number {
  let end = -1;
  for (let at = 0; at < bytes.length; at += recordBatch.length(bytes, at)) end = recordBatch.lastOffset(bytes, at) + 1;
  return end;
}

/** Writes transactions one after the other; commits, aborts, dies in the middle and on the way out. */
export class Writer {
  private client: RawClient | null = null;
  private producer: TransactionalProducer | null = null;

  constructor(
    private readonly workload: Workload,
    private readonly name: string,
    private readonly transactionalId: string,
    private readonly protocol: Protocol,
  ) {}

  run(): Promise<void> {
    const { workload } = this;
    const step = async (): Promise<void> => this.transact(await this.session());
    return repeat(workload, workload.isOver, step, () => this.die());
  }

  /** Aborts what is open, as the next session of the id does. */
  async finish(): Promise<void> {
    this.die();
    await this.session();
    this.die();
  }

  private async session(): Promise<TransactionalProducer> {
    if (this.producer !== null) return this.producer;
    this.client = await RawClient.connect(this.workload.address);
    this.producer = await TransactionalProducer.open(this.client, this.protocol, this.transactionalId);
    return this.producer;
  }

  private die(): void {
    this.client?.close();
    this.client = null;
    this.producer = null;
  }

  private async transact(producer: TransactionalProducer): Promise<void> {
    const { history, random, partitions, topic } = this.workload;
    const transaction = history.begin(this.name);
    const sendCount = 1 + Math.floor(random.next() * 4);
    for (let count = 0; count < sendCount; count += 1) {
      const partition = Math.floor(random.next() * partitions);
      const values = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => history.nextValue());
      const send = { partition: `${topic.name}-${partition}`, values, offset: null as number | null };
      transaction.sends.push(send);
      const { errorCode, baseOffset } = await producer.send(topic, values.map(String), partition);
      if (errorCode !== kafkaError.NONE) throw new WrongAnswer(`${this.name}: Produce: ${kafkaErrorName(errorCode)}`);
      send.offset = baseOffset;
    }
    const fate = random.next();
    if (fate < 0.03) return this.die();
    await this.end(producer, transaction, fate);
  }

  private async end(producer: TransactionalProducer, transaction: Transaction, fate: number): Promise<void> {
    const { history, random } = this.workload;
    const outcome: Outcome = random.next() < 0.8 ? 'commit' : 'abort';
    const { session } = producer;
    transaction.asked = outcome;
    transaction.askedAt = history.now();
    if (fate < 0.06) {
      void producer.end(outcome).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, random.next() * 5));
      return this.die();
    }
    const code = await producer.end(outcome);
    if (code !== kafkaError.NONE) throw new WrongAnswer(`${this.name}: EndTxn: ${kafkaErrorName(code)}`);
    transaction.isAnswered = true;
    // Only protocol 2 can tell a late request from one of the next transaction.
    if (this.protocol === 2) await this.sendLate(transaction, session);
  }

  /** What a network may still hold of a transaction that is over: its end, a write to it, offsets in it. */
  private async sendLate(over: Transaction, { producerId, epoch }: Session): Promise<void> {
    const { history, random, topic, partitions, address } = this.workload;
    if (random.next() < 0.5) return;
    const client = await RawClient.connect(address);
    const { transactionalId } = this;
    const identity = { transactionalId, producerId, producerEpoch: epoch };
    try {
      // The next transaction may be open by now, or not.
      const begun = random.next() < 0.5 ? this.transact(await this.session()) : Promise.resolve();
      // Its error is thrown below, when the late requests are answered.
      begun.catch(() => undefined);
      const committed = random.next() < 0.5;
      const value = history.nextValue();
      history.late.add(value);
      history.lateRequests += 3;
      const index = Math.floor(random.next() * partitions);
      const partition = `${topic.name}-${index}`;
      // The sequence that the partition would take next, were the transaction still open.
      const baseSequence = over.sends
        .filter((send) => send.partition === partition)
        .reduce((sum, { values }) => sum + values.length, 0);
      const records = batchOf([String(value)], { producer: { ...identity, baseSequence, isTransactional: true } });
      const end = await client.call(apis.endTxn, 5, { ...identity, committed });
      const write = await client.call(apis.produce, 12, {
        transactionalId,
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: topic.name, topicId: topic.id, partitionData: [{ index, records }] }],
      });
      const offsets = await client.call(apis.txnOffsetCommit, 5, {
        ...identity,
        groupId: 'late',
        topics: [
          { name: topic.name, partitions: [{ partitionIndex: 0, committedOffset: value, committedMetadata: null }] },
        ],
      });
      await begun;
      const written = write.responses[0]?.partitionResponses[0];
      if (written?.errorCode === kafkaError.NONE) {
        // It came before the marker, and so it is part of the transaction that it was meant for.
        history.late.delete(value);
        over.sends.push({ partition, values: [value], offset: written.baseOffset });
      }
      const codes = [
        offsets.topics[0]?.partitions[0]?.errorCode,
        // The end of the same outcome is answered again; nothing happens by it.
        committed === (over.asked === 'commit') ? -1 : end.errorCode,
      ];
      if (codes.includes(kafkaError.NONE)) {
        throw new WrongAnswer(`${this.name}: a late request was taken: ${codes.join(' ')}`);
      }
    } finally {
      client.close();
    }
  }
}

/** Reads all partitions from the start, again and again; now and then as a new process, from anywhere. */
export class Reader {
  private generation = 0;

  constructor(
    private readonly workload: Workload,
    private readonly name: string,
  ) {}

  async run(): Promise<void> {
    while (!this.workload.isOver()) {
      this.generation += 1;
      await this.read(this.workload.random.next() < 0.3);
    }
  }

  /** One process, over as many connections as it takes. */
  private async read(fromTheMiddle: boolean): Promise<void> {
    const { workload } = this;
    const { history, random, topic, partitions, address } = workload;
    const positions = new Map<number, number>();
    const process = `${this.name}.${this.generation}`;
    let isDone = false;
    let client: RawClient | null = null;
    const step = async (): Promise<void> => {
      client ??= await RawClient.connect(address);
      isDone = random.next() < 0.005;
      const partition = Math.floor(random.next() * partitions);
      let from = positions.get(partition) ?? 0;
      if (fromTheMiddle && !positions.has(partition)) {
        from = Math.floor(random.next() * (await fetchCommitted(client, topic, partition, 0)).end);
      }
      const { records, next } = await fetchCommitted(client, topic, partition, from);
      positions.set(partition, next);
      history.polls.push({ process, at: history.now(), partition: `${topic.name}-${partition}`, from, next, records });
    };
    const renew = (): void => {
      client?.close();
      client = null;
    };
    await repeat(workload, () => isDone || workload.isOver(), step, renew);
    renew();
  }
}

/** Reads one partition and writes what it reads to `target`, with its offset in the same transaction; dies in the middle. */
export class Copier {
  private client: RawClient | null = null;
  private producer: TransactionalProducer | null = null;
  private position = 0;

  constructor(
    private readonly workload: Workload,
    private readonly target: TestTopic,
    private readonly partition: number,
    private readonly protocol: Protocol,
    private readonly id: string,
  ) {}

  run(): Promise<void> {
    const { workload } = this;
    const step = async (): Promise<void> => {
      await this.step(0.1);
    };
    return repeat(workload, workload.isOver, step, () => this.die(0));
  }

  /** Copies what is left, over a new connection: the old one may be from before a kill that came after the last step. */
  async finish(): Promise<void> {
    this.die(0);
    for (;;) {
      const { next, end } = await this.step(0);
      if (next >= end) break;
    }
    this.client?.close();
  }

  private async step(deathRate: number): Promise<{ next: number; end: number }> {
    const { topic, random } = this.workload;
    const { client, producer } = await this.session();
    const { records, next, end } = await fetchCommitted(client, topic, this.partition, this.position);
    const taken = random.next() < 0.5 ? records : records.slice(0, 5);
    const last = taken.at(-1);
    if (last === undefined) {
      // Markers and aborted records alone are not worth a transaction.
      this.position = next;
      return { next, end };
    }
    const position = taken.length === records.length ? next : last[0] + 1;
    const die = random.next() < deathRate ? Math.floor(random.next() * 3) : -1;
    const values = taken.map(([, value]) => String(value));
    const { errorCode } = await producer.send(this.target, values, this.partition);
    if (errorCode !== kafkaError.NONE) throw new WrongAnswer(`${this.id}: Produce: ${kafkaErrorName(errorCode)}`);
    if (die === 0) return this.die(end);
    const code =
      (this.protocol === 1 ? await producer.addOffsets(this.id) : kafkaError.NONE) ||
      (await producer.commitOffsets(this.id, topic, position, { partition: this.partition }));
    if (code !== kafkaError.NONE) throw new WrongAnswer(`${this.id}: TxnOffsetCommit: ${kafkaErrorName(code)}`);
    if (die === 1) return this.die(end);
    if (die === 2) {
      void producer.end('commit').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, random.next() * 5));
      return this.die(end);
    }
    const isCommit = random.next() < 0.9;
    const ended = await producer.end(isCommit ? 'commit' : 'abort');
    if (ended !== kafkaError.NONE) throw new WrongAnswer(`${this.id}: EndTxn: ${kafkaErrorName(ended)}`);
    if (isCommit) this.position = position;
    return { next: this.position, end };
  }

  private die(end: number): { next: number; end: number } {
    this.client?.close();
    this.client = null;
    return { next: -1, end };
  }

  private async session(): Promise<{ client: RawClient; producer: TransactionalProducer }> {
    if (this.client !== null && this.producer !== null) return { client: this.client, producer: this.producer };
    const client = await RawClient.connect(this.workload.address);
    const producer = await TransactionalProducer.open(client, this.protocol, this.id);
    this.client = client;
    this.producer = producer;
    for (;;) {
      const answer = await client.call(apis.offsetFetch, 7, {
        groupId: this.id,
        topics: [{ name: this.workload.topic.name, partitionIndexes: [this.partition] }],
        requireStable: true,
      });
      const found = answer.topics[0]?.partitions[0];
      this.position = Math.max(0, found?.committedOffset ?? 0);
      if (found?.errorCode === kafkaError.NONE) return { client, producer };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
