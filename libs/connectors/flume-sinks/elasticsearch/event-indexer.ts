import { basicAuthorization, HttpClient } from '#net/http-client';
import { FatalSinkError, RetriableSinkError, type RecordRefusal } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import { CalendarZone } from '#std/calendar-zone';
import type { Clock } from '#std/clock';
import { machineHostNames } from '../../formats/path-escapes.js';
import { PathTemplate } from '../../formats/path-template.js';
import { recordTimeMs } from '../../formats/record-time.js';
import { BulkClient, type BulkAction, type BulkItem } from '../../sinks/opensearch/bulk-client.js';
import { itemOutcome } from '../../sinks/opensearch/item-outcome.js';
import { documentOf, indexOf, type DocumentKind } from './event-documents.js';

export interface IndexerOptions {
  /** `http://host:9200` each. */
  readonly urls: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly timeoutMs: number;
  /** With Flume's escapes. */
  readonly indexName: string;
  readonly kind: DocumentKind;
}

const retriesMax = 5;
const retryStepMs = 250;

/** Puts events into daily indexes over `_bulk`. */
export class EventIndexer {
  private readonly template: PathTemplate | null;
  private client: HttpClient | null = null;
  private stopping = new AbortController();

  constructor(private readonly options: IndexerOptions) {
    const zone = CalendarZone.find('UTC');
    this.template =
      zone !== null && options.indexName.includes('%')
        ? new PathTemplate(options.indexName, { zone, rounding: null, host: machineHostNames(), asFlume: true })
        : null;
  }

  start(clock: Clock): void {
    this.stop();
    this.stopping = new AbortController();
    this.client = new HttpClient({ clock, timeoutMs: this.options.timeoutMs });
  }

  stop(): void {
    this.stopping.abort();
    this.client?.close();
    this.client = null;
  }

  /**
   * Gives what the cluster refuses for good; all else is there. `idOf` names documents, so that one that is sent again is there once. Throws
   * RetriableSinkError or FatalSinkError.
   */
  async index(clock: Clock, batch: EventBatch, idOf: (index: number) => string): Promise<readonly RecordRefusal[]> {
    const { client, options, stopping } = this;
    if (client === null) throw new Error('The elasticsearch sink is not started.');
    const { user, password, urls } = options;
    const headers: Record<string, string> =
      user === null ? {} : { Authorization: basicAuthorization(user, password ?? '') };
    const bulk = new BulkClient({ client, clock, urls, headers });
    const refusals: RecordRefusal[] = [];
    let pending = this.actionsOf(batch, clock.now(), idOf);
    for (let tries = 1; ; tries += 1) {
      let failure: RetriableSinkError;
      try {
        const items = await bulk.bulk(pending.map(({ action }) => action));
        pending = pending.filter(({ action, index }, position) => {
          const item = items[position] ?? { status: Number.NaN, type: '', reason: 'no answer' };
          const outcome = itemOutcome(action, item);
          if (outcome === 'fatal') throw new FatalSinkError(`${action.index} answered ${textOf(item)}`);
          if (outcome === 'refused') refusals.push({ index, message: textOf(item) });
          return outcome === 'retry' || outcome === 'missing';
        });
        if (pending.length === 0) return refusals;
        failure = new RetriableSinkError(`${pending.length} documents were not taken now.`);
      } catch (error) {
        if (!(error instanceof RetriableSinkError)) throw error;
        failure = error;
      }
      if (tries > retriesMax || stopping.signal.aborted) throw failure;
      await clock.sleep(retryStepMs * 2 ** (tries - 1), stopping.signal);
    }
  }

  private actionsOf(batch: EventBatch, nowMs: number, idOf: (index: number) => string): PlacedAction[] {
    const records = new EventSinkBatch(batch, { topic: '', partition: 0, firstOffset: 0, timeMs: nowMs });
    return Array.from({ length: batch.count }, (_, index) => {
      const timeMs = recordTimeMs(records, index);
      const prefix = this.template?.resolve(records, index, timeMs) ?? this.options.indexName;
      const action: BulkAction = {
        kind: 'create',
        // What an index's name may not have becomes `_`.
        index: indexOf(prefix.toLowerCase().replaceAll(/[\s"*+/\\|?#><,:%]/g, '_'), timeMs),
        id: idOf(index),
        version: null,
        source: Buffer.from(documentOf(this.options.kind, batch, index, timeMs)),
      };
      return { action, index };
    });
  }
}

interface PlacedAction {
  readonly action: BulkAction;
  /** In the batch. */
  readonly index: number;
}

function textOf({ status, type, reason }: BulkItem): string {
  return [status, type, reason].filter((part) => part !== '').join(' ');
}
