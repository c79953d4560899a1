import { EventBatch, type HeaderColumn } from '#pipeline/event-batch';
import { destinationTopic, type SinkBatch } from '#pipeline/sink-batch';

export interface EventHeaders {
  /** Null: none. */
  readonly topic: string | null;
  /** `partition` and `offset`. */
  readonly position: boolean;
  readonly timestamp: string | null;
  readonly key: string | null;
}

/**
 * Records as Flume's Kafka source makes events of them: the value is the body, the record's headers are headers, and what the record is
 * beside that are headers where the record has none of the name. No value is an empty body: events have no null.
 */
export function eventsOf(batch: SinkBatch, names: EventHeaders): EventBatch {
  const { count } = batch;
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const bodies: Buffer[] = [];
  const columns = new Map<string, HeaderColumn>();
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const body = batch.value(index);
    starts[index] = at;
    if (body !== null) {
      bodies.push(body);
      at += body.length;
    }
    ends[index] = at;
  }
  const text = (of: (index: number) => string | null): HeaderColumn => Array.from({ length: count }, (_, i) => of(i));
  if (names.topic !== null) columns.set(names.topic, destinationTopic(batch));
  if (names.position) {
    columns.set('partition', String(batch.partition));
    columns.set(
      'offset',
      text((index) => String(batch.offset(index))),
    );
  }
  if (names.timestamp !== null)
    columns.set(
      names.timestamp,
      text((index) => String(batch.timestamp(index))),
    );
  if (names.key !== null)
    columns.set(
      names.key,
      text((index) => batch.key(index)?.toString() ?? null),
    );
  setRecordHeaders(batch, columns);
  return new EventBatch(Buffer.concat(bodies, at), starts, ends, columns);
}

/** The record's own headers win over those of the same name. */
function setRecordHeaders(batch: SinkBatch, columns: Map<string, HeaderColumn>): void {
  const own = new Map<string, (string | null)[]>();
  for (let index = 0; index < batch.count; index += 1) {
    for (const { key, value } of batch.headers(index)) {
      if (value === null) continue;
      let column = own.get(key);
      if (column === undefined) {
        const known = columns.get(key);
        column = Array.from({ length: batch.count }, (_, i) =>
          typeof known === 'string' ? known : (known?.[i] ?? null),
        );
        own.set(key, column);
        columns.set(key, column);
      }
      column[index] = value.toString();
    }
  }
}
