import { FencedSinkError, PoisonRecordError } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, parseJson, type JsonValue } from '#pipeline/sink-json';
import { assert } from '#std/assert';
import { messageOf } from '#std/errors';
import { BlockTable, type BlockState } from './block-table.js';
import { ClickHouseClient, literal, quoted } from './clickhouse-client.js';
import { tableFor, type ClickHouseSettings } from './options.js';

const newline = Buffer.from('\n');

interface Bounds {
  readonly first: number;
  /** The offset behind it. */
  readonly next: number;
}

interface Partition {
  readonly ownerEpoch: number;
  /** A block of which it is not known whether it arrived: it has to be inserted again with these bounds. */
  pending: Bounds | null;
  /** Records of `pending` that were put and wait for the rest of it. */
  held: SinkBatch[];
  /** Next offset that is durable; null = none yet. */
  position: number | null;
}

/**
 * Rows in ClickHouse by INSERT … FORMAT JSONEachRow, a block a batch. ClickHouse leaves a block out whose `insert_deduplication_token` it has
 * seen, so a block has to have the same bounds whenever it is inserted again: they are in the block table before the block is sent, and the
 * first block after a restart is cut by them.
 */
export class ClickHouseSink implements Sink {
  private context: SinkContext | null = null;
  private client: ClickHouseClient | null = null;
  private blocks: BlockTable | null = null;
  private readonly partitions = new Map<string, Partition>();

  constructor(private readonly settings: ClickHouseSettings) {}

  async start(context: SinkContext): Promise<void> {
    this.context = context;
    this.client = new ClickHouseClient(this.settings, context.clock);
    if (!this.settings.exactlyOnce) return;
    this.blocks = new BlockTable(this.client, this.settings.stateTable, context.name);
    await this.blocks.ensure();
  }

  async open(partitions: readonly TopicPartition[]): Promise<readonly StoredOffset[]> {
    const stored: StoredOffset[] = [];
    for (const { topic, partition } of partitions) {
      const state = await this.claim({ topic, partition });
      const pending = state.next > state.first ? { first: state.first, next: state.next } : null;
      const position = state.first < 0 ? null : state.first;
      this.partitions.set(keyOf({ topic, partition }), {
        ownerEpoch: state.ownerEpoch,
        pending,
        held: [],
        position: null,
      });
      if (position !== null) stored.push({ topic, partition, offset: position });
    }
    return stored;
  }

  async put(batch: SinkBatch): Promise<void> {
    const partition = this.partitionOf(batch);
    const { pending } = partition;
    if (pending === null) return this.insert(partition, batch);
    const cut = firstAtOrAfter(batch, pending.next);
    const reachesEnd = cut < batch.count || batch.offset(batch.count - 1) + 1 === pending.next;
    if (!reachesEnd) {
      rowsOf(batch, 0);
      partition.held.push(batch);
      return;
    }
    await this.insertPending(partition, pending, batch, cut);
    if (cut < batch.count) await this.insert(partition, batch);
  }

  flush(): Promise<readonly StoredOffset[]> {
    const stored: StoredOffset[] = [];
    for (const [key, { position }] of this.partitions) {
      if (position !== null) stored.push({ ...atOf(key), offset: position });
    }
    return Promise.resolve(stored);
  }

  async skip(next: StoredOffset): Promise<void> {
    const partition = this.partitionOf(next);
    const { pending } = partition;
    if (pending !== null && next.offset < pending.next) return;
    if (pending !== null) await this.insertPending(partition, pending, null, 0);
    await this.note(next, { ownerEpoch: partition.ownerEpoch, first: next.offset, next: next.offset });
    partition.position = next.offset;
  }

  /** Positions set from outside; see `SinkType.alterOffsets`. */
  async alter(positions: readonly (TopicPartition & { readonly offset: number | null })[]): Promise<void> {
    for (const { offset, ...at } of positions) {
      const state = await this.blocks?.read(at);
      const first = offset ?? -1;
      await this.note(at, { ownerEpoch: (state?.ownerEpoch ?? 0) + 1, first, next: first });
    }
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) {
      const partition = this.partitions.get(keyOf(at));
      this.partitions.delete(keyOf(at));
      // Known to be there: a later owner need not send it again, when ClickHouse may have forgotten its token.
      if (partition?.position === undefined || partition.position === null || partition.pending !== null) continue;
      const { ownerEpoch, position } = partition;
      await this.note(at, { ownerEpoch, first: position, next: position }).catch(() => undefined);
    }
  }

  stop(): Promise<void> {
    this.client?.close();
    this.client = null;
    return Promise.resolve();
  }

  /** An opening takes the next epoch, and at least its own lease's. */
  private async claim(at: TopicPartition): Promise<BlockState> {
    const { context } = this;
    assert(context !== null, 'a sink is started before it is used');
    const state = (await this.blocks?.read(at)) ?? { ownerEpoch: 0, first: -1, next: -1 };
    const claimed = { ...state, ownerEpoch: Math.max(state.ownerEpoch + 1, context.ownerEpoch) };
    await this.note(at, claimed);
    return claimed;
  }

  private async note(at: TopicPartition, state: BlockState): Promise<void> {
    await this.blocks?.write(at, state);
  }

  /** The block that may be there already: what is held of it, and the records of `batch` before `cut`. */
  private async insertPending(
    partition: Partition,
    pending: Bounds,
    batch: SinkBatch | null,
    cut: number,
  ): Promise<void> {
    const { held } = partition;
    const own = batch === null || cut === 0 ? [] : [batch.slice(0, cut)];
    const data = [...held, ...own].flatMap((part) => rowsOf(part, 0));
    const head = held[0] ?? own[0];
    if (head !== undefined) {
      try {
        await this.send(partition, head, pending, data);
      } catch (error) {
        if (!(error instanceof PoisonRecordError) || held.length === 0) throw error;
        // The records that are held were taken over: the runner has to read them again, to find the bad one with other bounds.
        await this.note(head, { ownerEpoch: partition.ownerEpoch, first: pending.first, next: pending.first });
        throw new FencedSinkError(`A block of ${keyOf(head)} is read again: ${error.message}`, { cause: error });
      }
    }
    partition.pending = null;
    partition.held = [];
    partition.position = pending.next;
  }

  /** A new block of what is not there yet. */
  private async insert(partition: Partition, batch: SinkBatch): Promise<void> {
    const from = firstAtOrAfter(batch, partition.position ?? 0);
    if (from === batch.count) return;
    const data = rowsOf(batch, from);
    const bounds = { first: batch.offset(from), next: batch.offset(batch.count - 1) + 1 };
    await this.note(batch, { ownerEpoch: partition.ownerEpoch, ...bounds });
    try {
      await this.send(partition, batch, bounds, data);
    } catch (error) {
      if (!(error instanceof PoisonRecordError) || error.index === null || from === 0) throw error;
      throw new PoisonRecordError(error.message, error.index + from, { cause: error });
    }
    partition.position = bounds.next;
  }

  private async send(partition: Partition, at: SinkBatch, bounds: Bounds, data: readonly Buffer[]): Promise<void> {
    const { client } = this;
    assert(client !== null, 'a sink is started before it is used');
    await this.checkOwner(at, partition);
    if (this.settings.exactlyOnce) partition.pending = bounds;
    try {
      await client.run(this.insertSql(at, bounds), Buffer.concat(data));
    } catch (error) {
      // A block that was refused is not there; the next one has other bounds.
      if (error instanceof PoisonRecordError) partition.pending = null;
      throw error;
    }
    partition.pending = null;
  }

  private insertSql(batch: SinkBatch, { first, next }: Bounds): string {
    const settings = new Map([
      ...this.settings.insertSettings,
      // One block, whatever the size: it is there as a whole or not at all.
      ['input_format_parallel_parsing', '0'],
      ['max_insert_block_size', '100000000'],
      ['async_insert', '0'],
      ['insert_deduplicate', '1'],
    ]);
    if (this.settings.exactlyOnce) {
      const { name = '' } = this.context ?? {};
      settings.set('insert_deduplication_token', `${name}-${batch.topic}-${batch.partition}-${first}-${next - 1}`);
    }
    const list = [...settings].map(([name, value]) => `${name} = ${literal(value)}`).join(', ');
    const table = quoted(tableFor(destinationTopic(batch), this.settings));
    return `INSERT INTO ${table} SETTINGS ${list} FORMAT JSONEachRow\n`;
  }

  /** Not atomic with the insert: it leaves a moment in which a task that has just lost the partition may write one more block. */
  private async checkOwner(at: TopicPartition, { ownerEpoch }: Partition): Promise<void> {
    const state = await this.blocks?.read(at);
    if (state === undefined || state === null || state.ownerEpoch === ownerEpoch) return;
    throw new FencedSinkError(
      `Sink ${this.context?.name ?? ''} no longer owns ${keyOf(at)} in ${this.settings.stateTable}: its owner has epoch ${state.ownerEpoch}, this task has ${ownerEpoch}`,
    );
  }

  private partitionOf(at: TopicPartition): Partition {
    const partition = this.partitions.get(keyOf(at));
    assert(partition !== undefined, `${keyOf(at)} is open`);
    return partition;
  }
}

/** The values as they are, a line each. Throws PoisonRecordError for one that is no JSON object. */
function rowsOf(batch: SinkBatch, from: number): Buffer[] {
  const rows: Buffer[] = [];
  for (let index = from; index < batch.count; index += 1) {
    const bytes = batch.value(index);
    if (bytes === null) throw refused(batch, index, 'it has no value');
    if (!isJsonObject(batch.json?.(index) ?? parsed(batch, index, bytes)))
      throw refused(batch, index, 'its value is not a JSON object');
    rows.push(bytes, newline);
  }
  return rows;
}

function parsed(batch: SinkBatch, index: number, bytes: Buffer): JsonValue {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw refused(batch, index, `its value is not JSON: ${messageOf(error)}`);
  }
}

function refused(batch: SinkBatch, index: number, why: string): PoisonRecordError {
  return new PoisonRecordError(`Record ${keyOf(batch)} offset ${batch.offset(index)} is no row: ${why}`, index);
}

function firstAtOrAfter(batch: SinkBatch, offset: number): number {
  let index = 0;
  while (index < batch.count && batch.offset(index) < offset) index += 1;
  return index;
}

function keyOf(at: TopicPartition): string {
  return `${at.topic}-${at.partition}`;
}

function atOf(key: string): TopicPartition {
  const dash = key.lastIndexOf('-');
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
}
