import type { ClientSession, Collection, MongoClient } from 'mongodb';
import { PoisonRecordError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import { NoDocumentError, runsOf, writeOf, type AnyDocument, type DocumentWrite } from './document-writes.js';
import { connectMongodb, type MongodbConnection } from './mongodb-client.js';
import { classOfMongodbError, mongodbErrorOf, refusalsIn } from './mongodb-errors.js';
import { repeatsAreHarmless, type MongodbSettings } from './options.js';
import { PositionDocuments } from './position-documents.js';

const connectTimeoutMs = 10_000;

/**
 * Documents in MongoDB. With transactions, documents and the position of their topic-partition are written together, and only by the task that
 * owns the position. Without them requests are unordered, and what the server refuses is told by document.
 */
export class MongodbSink implements Sink {
  private context: SinkContext | null = null;
  private connection: MongodbConnection | null = null;
  private stored: PositionDocuments | null = null;
  /** In which all transactions of the task run, one at a time. */
  private session: ClientSession | null = null;
  private readonly positions = new Map<string, StoredOffset>();

  constructor(private readonly settings: MongodbSettings) {}

  async start(context: SinkContext): Promise<void> {
    this.context = context;
    const { transactions, database, positionsCollection } = this.settings;
    if (transactions) this.stored = new PositionDocuments(context.name, database, positionsCollection);
    await this.work('MongoDB was not reached', () => Promise.resolve());
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    const { stored } = this;
    if (stored === null) return [];
    const found: StoredOffset[] = [];
    await this.work('Partitions were not opened', async ({ client }) => {
      for (const at of partitions) {
        const offset = await stored.claim(client, at, this.sessionOf(client));
        if (offset !== null) found.push({ topic: at.topic, partition: at.partition, offset });
      }
    });
    return found;
  }

  async put(batch: SinkBatch): Promise<void> {
    const { topic, partition, count } = batch;
    const next = { topic, partition, offset: batch.offset(count - 1) + 1 };
    await this.work(`${count} records of ${topic}-${partition} were not written`, async (connection) => {
      if (this.stored === null) await this.putPlain(connection, batch, next);
      else await this.putInTransactions(connection, this.stored, batch, next);
    });
  }

  /** Everything that was put is acknowledged, by a majority where the address says nothing else. */
  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.positions.values()]);
  }

  async skip(next: StoredOffset): Promise<void> {
    const { stored } = this;
    if (stored !== null) {
      await this.work('The position was not moved past a dead letter', ({ client }) => stored.skip(client, next));
    }
    this.keep(next);
  }

  /** Positions set from outside; see `SinkType.alterOffsets`. Needs no open partition. */
  async alter(positions: readonly (TopicPartition & { readonly offset: number | null })[]): Promise<void> {
    const { stored } = this;
    if (stored === null) return;
    await this.work('Positions were not changed', async ({ client }) => {
      for (const position of positions) await stored.alter(client, position, position.offset);
    });
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) {
      this.positions.delete(`${at.topic}-${at.partition}`);
      this.stored?.forget(at);
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const connection = this.connection;
    this.connection = null;
    await this.session?.endSession();
    this.session = null;
    await connection?.client.close();
  }

  private async putInTransactions(
    { client, bson }: MongodbConnection,
    stored: PositionDocuments,
    batch: SinkBatch,
    next: StoredOffset,
  ): Promise<void> {
    const writes: DocumentWrite[] = [];
    for (let index = 0; index < batch.count; index += 1) {
      try {
        writes.push(writeOf(batch, index, this.settings, bson));
      } catch (error) {
        if (!(error instanceof NoDocumentError)) throw error;
        throw new PoisonRecordError(refusalText(batch, index, error.message), index);
      }
    }
    const { recordsPerRequestMax } = this.settings;
    const size = Math.min(recordsPerRequestMax, writes.length);
    for (let from = 0; from < writes.length; from += size) {
      const part = writes.slice(from, from + size);
      const last = part.at(-1);
      assert(last !== undefined, 'a part of a batch has a record');
      const after = { ...next, offset: batch.offset(last.index) + 1 };
      await inTransaction(this.sessionOf(client), async (session) => {
        const position = await stored.advance(client, after, session);
        const due = part.filter(({ index }) => batch.offset(index) >= position);
        if (due.length > 0) await this.bulk(client, batch, due, session);
      });
      stored.moved(after);
    }
    this.keep(next);
  }

  /** All of them or none: the error of one ends the transaction. */
  private async bulk(
    client: MongoClient,
    batch: SinkBatch,
    writes: readonly DocumentWrite[],
    session: ClientSession,
  ): Promise<void> {
    try {
      await this.collectionOf(client, batch).bulkWrite(
        writes.map(({ operation }) => operation),
        { ordered: true, session },
      );
    } catch (error) {
      const refusal = refusalsIn(error)?.[0];
      const write = refusal === undefined ? undefined : writes[refusal.index];
      // A write conflict also comes as the error of a document.
      if (refusal?.error !== 'refused' || write === undefined || classOfMongodbError(error) === 'retriable')
        throw error;
      throw new PoisonRecordError(refusalText(batch, write.index, refusal.message), write.index, { cause: error });
    }
  }

  private async putPlain({ client, bson }: MongodbConnection, batch: SinkBatch, next: StoredOffset): Promise<void> {
    const refusals = new Map<number, string>();
    const writes: DocumentWrite[] = [];
    for (let index = 0; index < batch.count; index += 1) {
      try {
        writes.push(writeOf(batch, index, this.settings, bson));
      } catch (error) {
        if (!(error instanceof NoDocumentError)) throw error;
        refusals.set(index, error.message);
      }
    }
    const collection = this.collectionOf(client, batch);
    for (const run of runsOf(writes, this.settings.recordsPerRequestMax))
      await this.unordered(collection, run, refusals);
    this.keep(next);
    if (refusals.size === 0) return;
    const list = [...refusals].sort(([a], [b]) => a - b);
    throw new RefusedRecordsError(list.map(([index, why]) => ({ index, message: refusalText(batch, index, why) })));
  }

  private async unordered(
    collection: Collection<AnyDocument>,
    run: readonly DocumentWrite[],
    refusals: Map<number, string>,
  ): Promise<void> {
    try {
      await collection.bulkWrite(
        run.map(({ operation }) => operation),
        { ordered: false },
      );
    } catch (error) {
      const refused = refusalsIn(error);
      if (refused === null) throw error;
      for (const refusal of refused) {
        const write = run[refusal.index];
        assert(write !== undefined, 'a refused document is one of its request');
        if (refusal.error === 'retriable') throw new RetriableSinkError(refusal.message, { cause: error });
        // Written by an earlier try.
        if (refusal.repeated && write.kind === 'insert' && repeatsAreHarmless(this.settings)) continue;
        refusals.set(write.index, refusal.message);
      }
    }
  }

  private collectionOf(client: MongoClient, batch: SinkBatch): Collection<AnyDocument> {
    const { overrides, database, collection } = this.settings;
    const topic = destinationTopic(batch);
    return client
      .db(overrides[`${topic}.database`] ?? database)
      .collection<AnyDocument>(overrides[`${topic}.collection`] ?? collection ?? topic);
  }

  private sessionOf(client: MongoClient): ClientSession {
    this.session ??= client.startSession();
    return this.session;
  }

  private keep(next: StoredOffset): void {
    this.positions.set(`${next.topic}-${next.partition}`, next);
  }

  /** The driver comes back to its servers by itself once it has found them. */
  private async work(what: string, task: (connection: MongodbConnection) => Promise<void>): Promise<void> {
    assert(this.context !== null, 'a sink is started before it is used');
    try {
      this.connection ??= await connectMongodb(this.settings, connectTimeoutMs);
      await task(this.connection);
    } catch (error) {
      throw mongodbErrorOf(what, error);
    }
  }
}

async function inTransaction(session: ClientSession, work: (session: ClientSession) => Promise<void>): Promise<void> {
  session.startTransaction();
  try {
    await work(session);
    // Where its answer is lost, the batch is tried again, and the position says whether it was there.
    await session.commitTransaction();
  } catch (error) {
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    throw error;
  }
}

function refusalText(batch: SinkBatch, index: number, why: string): string {
  return `Record ${batch.topic}-${batch.partition} offset ${batch.offset(index)} was not written to MongoDB: ${why}`;
}
