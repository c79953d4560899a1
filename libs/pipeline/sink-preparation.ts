import { assert } from '#std/assert';
import type { SinkBatch } from '#pipeline/sink-batch';
import { DataColumn, PreparedBatch } from '#pipeline/sink-columns';
import type { Converter } from '#pipeline/sink-converters';
import type { TransformContext } from '#pipeline/transforms/transform';
import type { TransformChain } from '#pipeline/transforms/transform-chain';
import { RecordSide, TransformRecords, type RecordFailure } from '#pipeline/transforms/transform-records';

export interface PreparationParts {
  /** Null = as they are. */
  readonly keyConverter: Converter | null;
  readonly valueConverter: Converter | null;
  readonly transforms: TransformChain;
}

/** What came of a batch; all of it in the order of the offsets. */
export type PreparedPiece =
  /** For the sink; the same topic for all. */
  | { readonly kind: 'records'; readonly batch: SinkBatch }
  /** One record, as it lies in the topic. */
  | { readonly kind: 'failure'; readonly batch: SinkBatch; readonly failure: RecordFailure };

export interface Prepared {
  readonly pieces: readonly PreparedPiece[];
  /** Records that transforms have dropped, and their bytes as they lie in the topic. */
  readonly filtered: number;
  readonly filteredBytes: number;
}

/** Takes batches through converters and transforms before the sink sees them. */
export class SinkPreparation {
  private started = false;

  constructor(private readonly parts: PreparationParts) {}

  /** Whether there is nothing to do. */
  get isEmpty(): boolean {
    const { keyConverter, valueConverter, transforms } = this.parts;
    return keyConverter === null && valueConverter === null && transforms.isEmpty;
  }

  /** Once it has succeeded, not again. */
  async start(context: Omit<TransformContext, 'name'>): Promise<void> {
    if (this.started) return;
    await this.parts.transforms.start(context);
    this.started = true;
  }

  async stop(): Promise<void> {
    this.started = false;
    await this.parts.transforms.stop();
    await this.parts.keyConverter?.stop?.();
    await this.parts.valueConverter?.stop?.();
  }

  /** Partitions are read again from where the store or the group stands. */
  reset(): void {
    this.parts.transforms.reset();
  }

  /** Rejects with a RetriableSinkError where something is away that has to be asked; the same batch then comes again. */
  async prepare(batch: SinkBatch): Promise<Prepared> {
    const { keyConverter, valueConverter, transforms } = this.parts;
    const key = (index: number): Buffer | null => batch.key(index);
    const value = (index: number): Buffer | null => batch.value(index);
    const keysMissing = keyConverter?.prepare?.(batch.count, key) ?? null;
    if (keysMissing !== null) await keysMissing;
    const valuesMissing = valueConverter?.prepare?.(batch.count, value) ?? null;
    if (valuesMissing !== null) await valuesMissing;
    const failures: RecordFailure[] = [];
    const keys = keyConverter === null ? null : convert(batch.count, key, keyConverter, 'KEY_CONVERTER', failures);
    const values =
      valueConverter === null ? null : convert(batch.count, value, valueConverter, 'VALUE_CONVERTER', failures);
    const records = new TransformRecords(
      batch,
      new RecordSide(key, keys, batch.count),
      new RecordSide(value, values, batch.count),
    );
    for (const { index, error, stage } of failures) records.fail(index, error, stage);
    if (transforms.isEmpty) records.settle();
    else await transforms.apply(records);
    return cut(records);
  }
}

function convert(
  count: number,
  bytes: (index: number) => Buffer | null,
  converter: Converter,
  stage: RecordFailure['stage'],
  failures: RecordFailure[],
): DataColumn {
  const column = new DataColumn(count);
  for (let index = 0; index < count; index += 1) {
    const given = bytes(index);
    try {
      if (given === null) column.set(index, null, undefined);
      else {
        const converted = converter.convert(given);
        column.set(index, converted.json === null ? null : converted.bytes, converted.json, converted.schema);
      }
    } catch (error) {
      column.set(index, given, undefined);
      failures.push({ index, stage, error });
    }
  }
  return column;
}

/** Runs of records of one topic, with what failed between them. */
function cut(records: TransformRecords): Prepared {
  const { batch, active } = records;
  const columns = { keys: records.key.changed, values: records.value.changed, headers: records.changedHeaders };
  const rows = active.length === batch.count ? null : active;
  const failures = records.failures.toSorted((a, b) => a.index - b.index);
  const pieces: PreparedPiece[] = [];
  const topics = records.changedTopics;
  let from = 0;
  const flush = (to: number): void => {
    if (to === from) return;
    const topic = topics?.[active[from] ?? 0];
    const routed = topic === undefined || topic === batch.topic ? undefined : topic;
    pieces.push({ kind: 'records', batch: new PreparedBatch(batch, columns, { rows, from, to }, routed) });
    from = to;
  };
  let failed = 0;
  for (let at = 0; at < active.length; at += 1) {
    const row = active[at] ?? 0;
    if ((failures[failed]?.index ?? batch.count) < row) flush(at);
    for (; (failures[failed]?.index ?? batch.count) < row; failed += 1) pieces.push(pieceOf(batch, failures[failed]));
    if (topics !== null && topics[row] !== topics[active[from] ?? 0]) flush(at);
  }
  flush(active.length);
  for (; failed < failures.length; failed += 1) pieces.push(pieceOf(batch, failures[failed]));
  const filtered = batch.count - active.length - failures.length;
  const through = pieces.reduce((sum, piece) => sum + piece.batch.byteCount, 0);
  return { pieces, filtered, filteredBytes: filtered === 0 ? 0 : batch.byteCount - through };
}

function pieceOf(batch: SinkBatch, failure: RecordFailure | undefined): PreparedPiece {
  assert(failure !== undefined, 'a failure that was counted is there');
  return { kind: 'failure', batch: batch.slice(failure.index, failure.index + 1), failure };
}
