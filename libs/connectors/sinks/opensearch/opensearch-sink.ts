import { FatalSinkError, RefusedRecordsError, RetriableSinkError, type RecordRefusal } from '#pipeline/errors';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { Backoff } from '#std/backoff';
import { messageOf } from '#std/errors';
import { systemRandom } from '#std/random';
import { RefusedBulkError, TooLargeError, type BulkClient, type BulkItem } from './bulk-client.js';
import { bulkLanes } from './bulk-lanes.js';
import { DocumentActions, type RecordAction } from './document-actions.js';
import { itemOutcome } from './item-outcome.js';
import type { OpenSearchSettings } from './options.js';

const retryMsMax = 5000;
const logEveryMs = 10_000;
const indexesKnownMax = 10_000;

/** What one `put` is at. */
interface Delivery {
  readonly refusals: RecordRefusal[];
  /** Another lane has failed: no new requests. */
  failed: boolean;
}

/** Records as documents of Elasticsearch or OpenSearch, by `_bulk`. */
export class OpenSearchSink implements Sink {
  readonly parallelPartitions = true;
  private context: SinkContext | null = null;
  private client: BulkClient | null = null;
  private readonly actions: DocumentActions;
  private readonly stopping = new AbortController();
  private readonly written = new Map<string, StoredOffset>();
  /** Indexes that were looked for or made. */
  private readonly ready = new Map<string, Promise<void>>();
  private leftOut = 0;
  private leftOutLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly settings: OpenSearchSettings,
    private readonly connect: (context: SinkContext) => { readonly client: BulkClient; close(): void },
  ) {
    this.actions = new DocumentActions(settings);
  }

  private disconnect: () => void = () => undefined;

  start(context: SinkContext): Promise<void> {
    this.context = context;
    try {
      const connection = this.connect(context);
      this.client = connection.client;
      this.disconnect = () => connection.close();
    } catch (error) {
      return Promise.reject(new FatalSinkError(messageOf(error), { cause: error }));
    }
    return Promise.resolve();
  }

  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const { values } = this.settings;
    const { actions, refusals, ignored } = this.actions.of(batch);
    if (ignored > 0) this.noteLeftOut(ignored, 'without value (behavior.on.null.values=ignore)', 'info');
    await this.readyIndexes(actions);
    const delivery: Delivery = { refusals: [...refusals], failed: false };
    const lanes = bulkLanes(actions, {
      recordsMax: values['batch.size'],
      bytesMax: values['bulk.size.bytes'],
      lanes: values['max.in.flight.requests'],
      keysInOrder: values['write.method'] === 'upsert',
    });
    const settled = await Promise.allSettled(lanes.map((lane) => this.sendLane(lane, delivery)));
    const failures = settled.flatMap((lane) => (lane.status === 'rejected' ? [lane.reason as unknown] : []));
    // What nothing can help with wins over what passes.
    const failure = failures.find((error) => error instanceof FatalSinkError) ?? failures[0];
    if (failure !== undefined) throw failure;
    const { topic, partition } = batch;
    this.written.set(keyOf(batch), { topic, partition, offset: batch.offset(batch.count - 1) + 1 });
    this.refuse(delivery.refusals.toSorted((one, other) => one.index - other.index));
  }

  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.written.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.written.delete(keyOf(partition));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopping.abort(new RetriableSinkError('The sink was stopped.'));
    this.disconnect();
    return Promise.resolve();
  }

  private refuse(refusals: readonly RecordRefusal[]): void {
    const behavior = this.settings.values['behavior.on.malformed.documents'];
    if (refusals.length === 0) return;
    if (behavior === 'fail') throw new RefusedRecordsError(refusals);
    const what = `that were refused (behavior.on.malformed.documents=${behavior}), one with: ${refusals[0]?.message}`;
    this.noteLeftOut(refusals.length, what, behavior === 'warn' ? 'warn' : 'info');
  }

  private async sendLane(lane: readonly (readonly RecordAction[])[], delivery: Delivery): Promise<void> {
    try {
      for (const bulk of lane) {
        if (delivery.failed) return;
        await this.sendOrHalve(bulk, delivery);
      }
    } catch (error) {
      delivery.failed = true;
      throw error;
    }
  }

  /** A request that is too large, or that is refused as a whole, goes in halves, in order. */
  private async sendOrHalve(bulk: readonly RecordAction[], delivery: Delivery): Promise<void> {
    try {
      await this.send(bulk, delivery);
    } catch (error) {
      if (!(error instanceof TooLargeError || error instanceof RefusedBulkError)) throw error;
      const [only] = bulk;
      if (bulk.length === 1 && only !== undefined) {
        delivery.refusals.push({ index: only.index, message: error.message });
        return;
      }
      const middle = bulk.length >> 1;
      await this.sendOrHalve(bulk.slice(0, middle), delivery);
      await this.sendOrHalve(bulk.slice(middle), delivery);
    }
  }

  /** What the server was too busy for is sent again, alone. */
  private async send(bulk: readonly RecordAction[], delivery: Delivery): Promise<void> {
    const { clock } = this.started();
    const { values } = this.settings;
    const backoff = new Backoff({ initialMs: 2 * values['retry.backoff.ms'], maxMs: retryMsMax }, systemRandom);
    let pending = bulk;
    for (let tries = 0; ; tries += 1) {
      let failure: RetriableSinkError;
      try {
        const items = await this.connected().bulk(pending.map(({ action }) => action));
        const { again, reason } = await this.sort(pending, items, delivery);
        if (again.length === 0) return;
        pending = again;
        failure = new RetriableSinkError(`${again.length} documents were not taken now: ${reason}`);
      } catch (error) {
        if (!(error instanceof RetriableSinkError)) throw error;
        failure = error;
      }
      const waitMs = failure.retryAfterMs ?? backoff.nextMs();
      if (tries >= values['max.retries'] || waitMs > retryMsMax || this.stopping.signal.aborted) throw failure;
      await clock.sleep(waitMs, this.stopping.signal);
    }
  }

  /** Notes refusals; gives what has to be sent again. */
  private async sort(
    bulk: readonly RecordAction[],
    items: readonly BulkItem[],
    delivery: Delivery,
  ): Promise<{ again: readonly RecordAction[]; reason: string }> {
    const again: RecordAction[] = [];
    const refused: RecordRefusal[] = [];
    /** Later updates of a document must not overtake the one that is sent again. */
    const held = new Set<string>();
    const missing = new Set<string>();
    let reason = '';
    for (const [position, entry] of bulk.entries()) {
      const { action } = entry;
      const item = items[position] ?? { status: Number.NaN, type: '', reason: 'no answer' };
      const outcome = itemOutcome(action, item);
      if (outcome === 'fatal') throw new FatalSinkError(sentence(action.index, item));
      if (outcome === 'missing') missing.add(action.index);
      const isHeld = action.kind === 'update' && held.has(documentKey(entry));
      if (outcome === 'retry' || outcome === 'missing' || isHeld) {
        again.push(entry);
        held.add(documentKey(entry));
        reason ||= sentence(action.index, item);
      } else if (outcome === 'refused') refused.push({ index: entry.index, message: sentence(action.index, item) });
    }
    for (const index of missing) await this.makeIndex(index);
    delivery.refusals.push(...refused);
    return { again, reason };
  }

  /** Before the first document of each: makes them, or sees that they are there, where the options ask for that. */
  private async readyIndexes(actions: readonly RecordAction[]): Promise<void> {
    const { values, dataStream } = this.settings;
    const looks = !values['auto.create.indices'];
    if (!looks && (values['index.create.body'] === null || dataStream !== null)) return;
    for (const { action } of actions) {
      let ready = this.ready.get(action.index);
      if (ready === undefined) {
        if (this.ready.size >= indexesKnownMax) this.ready.clear();
        ready = looks ? this.requireIndex(action.index) : this.makeIndex(action.index);
        this.ready.set(action.index, ready);
        ready.catch(() => this.ready.delete(action.index));
      }
      await ready;
    }
  }

  private async requireIndex(index: string): Promise<void> {
    if (await this.connected().exists(index)) return;
    throw new FatalSinkError(
      `There is no index ${index}, and auto.create.indices=false: create it, or set auto.create.indices=true.`,
    );
  }

  private async makeIndex(index: string): Promise<void> {
    const { values, dataStream } = this.settings;
    if (!values['auto.create.indices'] || dataStream !== null) {
      throw new FatalSinkError(
        dataStream === null
          ? `There is no index ${index}, and auto.create.indices=false.`
          : `There is no data stream ${index}: the server needs an index template for it, with "data_stream": {}.`,
      );
    }
    await this.connected().create(index, values['index.create.body'] ?? '{}');
  }

  private noteLeftOut(count: number, what: string, level: 'info' | 'warn'): void {
    const { clock, logger } = this.started();
    this.leftOut += count;
    if (clock.monotonic() - this.leftOutLoggedAt < logEveryMs) return;
    logger[level](`Records were left out ${what}.`, { records: this.leftOut });
    this.leftOut = 0;
    this.leftOutLoggedAt = clock.monotonic();
  }

  private started(): SinkContext {
    if (this.context === null) throw new Error('The opensearch sink is not started.');
    return this.context;
  }

  private connected(): BulkClient {
    if (this.client === null) throw new Error('The opensearch sink is not started.');
    return this.client;
  }
}

function sentence(index: string, { status, type, reason }: BulkItem): string {
  return `${index} answered ${status}${type === '' ? '' : ` ${type}`}${reason === '' ? '' : `: ${reason}`}`;
}

function documentKey({ action }: RecordAction): string {
  return `${action.index} ${action.id}`;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition}@${topic}`;
}
