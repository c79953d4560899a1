import type { Binary, ClientSession, Collection, MongoClient } from 'mongodb';
import { FencedSinkError } from '#pipeline/errors';
import type { StoredOffset, TopicPartition } from '#pipeline/sink';

interface PositionDocument {
  readonly _id: string;
  /** Rises with each task that opens the partition. */
  readonly epoch: number;
  /** The next offset; absent before the first record. A double: exact to 2^53. */
  readonly next?: number;
  /** Id of the session in which the owner writes. */
  readonly session?: Binary;
}

/** How long a claim waits for a transaction that holds the position, ms. */
const claimTimeoutMs = 10_000;

/** Positions of a sink's partitions in its own database, one document each, moved in the transaction that writes the records. */
export class PositionDocuments {
  private readonly epochs = new Map<string, number>();
  /** Where this task left each position. */
  private readonly left = new Map<string, number>();

  constructor(
    private readonly sink: string,
    private readonly database: string,
    private readonly collection: string,
  ) {}

  /**
   * Takes the partition over from whoever had it. Gives its position, null where there is none yet. A transaction outlives the process that began
   * it (by a minute, in a server's default), and holds the position: the session of the owner before is ended first.
   */
  async claim(client: MongoClient, at: TopicPartition, session: ClientSession): Promise<number | null> {
    const documents = this.documents(client);
    const before = await documents.findOne({ _id: this.idOf(at) });
    const own = session.id?.id;
    const old = before?.session;
    if (old !== undefined && own?.toString('hex') !== old.toString('hex')) await endSession(client, old);
    const found = await documents.findOneAndUpdate(
      { _id: this.idOf(at) },
      { $inc: { epoch: 1 }, ...(own === undefined ? {} : { $set: { session: own } }) },
      { upsert: true, returnDocument: 'after', maxTimeMS: claimTimeoutMs },
    );
    this.epochs.set(keyOf(at), found?.epoch ?? 1);
    this.left.set(keyOf(at), found?.next ?? -1);
    return found?.next ?? null;
  }

  /**
   * Moves the position within the transaction. Gives where it was, -1 for none. Throws where the partition has another owner, and where the
   * position went back, as after a failover to a server that had not seen the last writes: the runner opens the partition anew.
   */
  async advance(client: MongoClient, next: StoredOffset, session: ClientSession): Promise<number> {
    const before = await this.documents(client).findOneAndUpdate(
      { _id: this.idOf(next), epoch: this.epochOf(next) },
      { $max: { next: next.offset } },
      { session, returnDocument: 'before' },
    );
    if (before === null) throw new FencedSinkError(this.fencedText(next));
    const [position, left] = [before.next ?? -1, this.left.get(keyOf(next)) ?? -1];
    if (position >= left) return position;
    throw new FencedSinkError(
      `MongoDB has lost the last writes of sink ${this.sink}: the position of ${keyOf(next)} is ${position} and was ${left}`,
    );
  }

  /** The transaction was committed, or the dead letter passed over. */
  moved(next: StoredOffset): void {
    this.left.set(keyOf(next), Math.max(next.offset, this.left.get(keyOf(next)) ?? -1));
  }

  async skip(client: MongoClient, next: StoredOffset): Promise<void> {
    const { matchedCount } = await this.documents(client).updateOne(
      { _id: this.idOf(next), epoch: this.epochOf(next) },
      { $max: { next: next.offset } },
    );
    if (matchedCount === 0) throw new FencedSinkError(this.fencedText(next));
    this.moved(next);
  }

  /** Sets a position from outside, null = none. Whoever owns the partition has lost it. */
  async alter(client: MongoClient, at: TopicPartition, offset: number | null): Promise<void> {
    const change = offset === null ? { $unset: { next: true as const } } : { $set: { next: offset } };
    await this.documents(client).updateOne({ _id: this.idOf(at) }, { $inc: { epoch: 1 }, ...change }, { upsert: true });
  }

  forget(at: TopicPartition): void {
    this.epochs.delete(keyOf(at));
    this.left.delete(keyOf(at));
  }

  private fencedText(at: TopicPartition): string {
    return `Sink ${this.sink} no longer owns ${keyOf(at)} in ${this.database}.${this.collection}: its epoch there is not ${this.epochOf(at)}`;
  }

  private documents(client: MongoClient): Collection<PositionDocument> {
    return client.db(this.database).collection<PositionDocument>(this.collection);
  }

  private idOf(at: TopicPartition): string {
    return `${this.sink}/${at.topic}/${at.partition}`;
  }

  private epochOf(at: TopicPartition): number {
    return this.epochs.get(keyOf(at)) ?? -1;
  }
}

function keyOf(at: TopicPartition): string {
  return `${at.topic}-${at.partition}`;
}

/** Where this may not be done, the claim waits until the server ends the transaction itself. */
async function endSession(client: MongoClient, id: Binary): Promise<void> {
  await client
    .db('admin')
    .command({ killSessions: [{ id }] })
    .catch(() => undefined);
}
