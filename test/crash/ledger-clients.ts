import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeRecords } from '#wire/kafka/record-columns';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';
import { RawClient } from '../conformance/raw-client.js';
import { createTopic, fetchBody, freshProducer, type TestTopic } from '../conformance/target.js';
import { sleep } from '../peers/child.js';
import { partitionCount, valueOf, type Ledger } from './ledger.js';

const recordsPerBatch = 20;
const retryMs = 20;

/** One connection, opened again whenever it is gone. */
class Connection {
  private client: RawClient | null = null;

  constructor(private readonly address: string) {}

  /** Tries until `work` succeeds on one connection or `until` says that it is enough; null then. */
  async whenThere<T>(work: (client: RawClient) => Promise<T>, isOver: () => boolean): Promise<T | null> {
    while (!isOver()) {
      try {
        this.client ??= await RawClient.connect(this.address);
        return await work(this.client);
      } catch {
        this.client?.close();
        this.client = null;
        await sleep(retryMs);
      }
    }
    return null;
  }

  close(): void {
    this.client?.close();
  }
}

interface Batch {
  readonly bytes: Buffer;
  readonly sequence: number;
  readonly count: number;
}

/** Idempotent: one batch for each partition in a request, and each batch again, byte for byte, until it is acknowledged. */
export class LedgerProducer {
  /** Records of each partition that were acknowledged. */
  private readonly next = Array.from({ length: partitionCount }, () => 0);
  private readonly open: (Batch | null)[] = Array.from({ length: partitionCount }, () => null);
  /** Answers by their error code, for the report. */
  readonly refused = new Map<number, number>();
  private producerId = -1;
  private epoch = -1;
  produced = 0;

  constructor(
    private readonly address: string,
    private readonly topic: TestTopic,
    private readonly ledger: Ledger,
    readonly index: number,
    private readonly acks: -1 | 1,
  ) {}

  /** Goes on until `isOver`, at most as fast as `allowed` records in all; what was begun stays unknown then. */
  async run({ isOver, allowed }: { isOver: () => boolean; allowed: () => number }): Promise<void> {
    const connection = new Connection(this.address);
    if (this.producerId < 0) {
      const made = await connection.whenThere((client) => freshProducer(client), isOver);
      if (made === null) return;
      this.producerId = made.id;
      this.epoch = made.epoch;
    }
    while (!isOver()) {
      if (this.produced >= allowed() && this.unknown === 0) await sleep(5);
      else await connection.whenThere((client) => this.send(client, allowed()), isOver);
    }
    connection.close();
  }

  /** Records sent whose fate is not known. */
  get unknown(): number {
    return this.open.reduce((sum, batch) => sum + (batch?.count ?? 0), 0);
  }

  private async send(client: RawClient, allowed: number): Promise<void> {
    for (const [index, batch] of this.open.entries()) {
      if (batch === null && this.produced < allowed) this.open[index] = this.build(index);
    }
    const partitionData = this.open.flatMap((batch, index) =>
      batch === null ? [] : [{ index, records: Buffer.from(batch.bytes) }],
    );
    const { name, id } = this.topic;
    const answer = await client.call(apis.produce, 9, {
      acks: this.acks,
      timeoutMs: 10_000,
      topicData: [{ name, topicId: id, partitionData }],
    });
    let refusals = 0;
    for (const { index, errorCode, baseOffset } of answer.responses[0]?.partitionResponses ?? []) {
      const batch = this.open[index] ?? null;
      if (batch === null) continue;
      if (errorCode === kafkaError.NONE) {
        this.ledger.acknowledge(index, baseOffset, this.index, batch.sequence, batch.count);
        this.next[index] = batch.sequence + batch.count;
        this.open[index] = null;
      } else {
        this.refused.set(errorCode, (this.refused.get(errorCode) ?? 0) + 1);
        refusals += 1;
      }
    }
    if (refusals > 0) await sleep(retryMs);
  }

  private build(partition: number): Batch {
    const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec: 'none' });
    const sequence = this.next[partition] ?? 0;
    const timestampMs = Date.now();
    for (let at = 0; at < recordsPerBatch; at += 1) {
      builder.append({
        key: null,
        value: valueOf(this.index, partition, sequence + at),
        headers: [],
        timestampMs,
      });
    }
    this.produced += recordsPerBatch;
    const stamp = {
      producerId: this.producerId,
      producerEpoch: this.epoch,
      baseSequence: sequence,
    };
    return { bytes: builder.build(stamp), sequence, count: recordsPerBatch };
  }
}

/** Follows all partitions at the end of the log while it is written, and notes what it was shown. */
export async function followLog(
  address: string,
  topic: TestTopic,
  ledger: Ledger,
  isOver: () => boolean,
): Promise<void> {
  const connection = new Connection(address);
  const next = Array.from({ length: partitionCount }, () => 0);
  for (let partition = 0; !isOver(); partition = (partition + 1) % partitionCount) {
    const offset = next[partition] ?? 0;
    const read = await connection.whenThere((client) => fetchFrom(client, topic, partition, offset), isOver);
    if (read === null) continue;
    if (read.errorCode === kafkaError.NONE) next[partition] = ledger.see(partition, offset, read.records);
    else if (read.errorCode === kafkaError.OFFSET_OUT_OF_RANGE) {
      ledger.violations.push(`offset ${offset} of ${partition}, which was reached, is out of range`);
      next[partition] = 0;
    } else await sleep(retryMs);
    if (read.records.length === 0) await sleep(2);
  }
  connection.close();
}

/** All records of a partition, in order. */
export async function readWhole(
  client: RawClient,
  topic: TestTopic,
  partition: number,
  visit: (offset: number, value: Buffer | null) => void,
): Promise<void> {
  let offset = 0;
  for (;;) {
    const { errorCode, records } = await fetchFrom(client, topic, partition, offset);
    if (errorCode !== kafkaError.NONE) throw new Error(`fetch of ${partition} at ${offset}: error ${errorCode}`);
    if (records.length === 0) return;
    const columns = decodeRecords(records);
    for (let index = 0; index < columns.count; index += 1) {
      if (columns.offset(index) >= offset) visit(columns.offset(index), columns.value(index));
    }
    offset = columns.nextOffset;
  }
}

export async function makeTopic(address: string, configs: Readonly<Record<string, string>>): Promise<TestTopic> {
  const client = await RawClient.connect(address);
  try {
    return await createTopic(client, { partitions: partitionCount, configs });
  } finally {
    client.close();
  }
}

async function fetchFrom(
  client: RawClient,
  topic: TestTopic,
  partition: number,
  offset: number,
): Promise<{ errorCode: number; records: Buffer }> {
  const answer = await client.call(apis.fetch, 11, fetchBody({ topic, partition, offset, maxWaitMs: 0 }));
  const [found] = answer.responses[0]?.partitions ?? [];
  if (found === undefined) throw new Error(`fetch answers error ${answer.errorCode}`);
  return { errorCode: found.errorCode, records: found.records ?? Buffer.alloc(0) };
}
