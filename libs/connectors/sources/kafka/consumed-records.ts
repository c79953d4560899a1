/**
 * Records that a Kafka source read, as events: the value is the body (or an AvroFlumeEvent in it), and where the record came from is in
 * headers, under Flume's names: `topic`, `partition`, `offset`, `timestamp`, `key`. What an AvroFlumeEvent brings along is not
 * replaced, except for `key` and the headers that the options ask for by name.
 */
import { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import type { TopicPartition } from '#topics/topic-reader';
import type { RecordColumns } from '#wire/kafka/record-columns';
import { decodeAvroFlumeEvent } from '../../channels/topic/avro-flume-event.js';
import { keyHeader } from '../../channels/topic/event-columns.js';

export interface ConsumedRecords extends TopicPartition {
  readonly records: RecordColumns;
  /** The offset after them. */
  readonly nextOffset: number;
}

export interface RecordEventOptions {
  readonly useFlumeEventFormat: boolean;
  /** Null: no such header. */
  readonly topicHeader: string | null;
  readonly timestampHeader: string;
  /** Event header by record header; the last value of a record header counts. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface ConsumedEvents {
  readonly batch: EventBatch;
  /** Records that are no events: `topic-3 at 42: why`. */
  readonly unreadable: readonly string[];
}

const noBody = Buffer.alloc(0);
type Column = (string | null)[];

/** Events in the order of `parts`. A record that cannot be read is left out and named. */
export function eventsOfConsumed(parts: readonly ConsumedRecords[], options: RecordEventOptions): ConsumedEvents {
  if (options.useFlumeEventFormat || options.headers.size > 0) return openedEvents(parts, options);
  return { batch: plainEvents(parts, options), unreadable: [] };
}

/** Bodies as they are, and headers of nothing but where they came from: columns that are only appended to. */
function plainEvents(parts: readonly ConsumedRecords[], options: RecordEventOptions): EventBatch {
  const bodies: Buffer[] = [];
  const topics: string[] = [];
  const partitions: string[] = [];
  const offsets: string[] = [];
  const timestamps: string[] = [];
  let keys: Column | null = null;
  let time = -1;
  let timeText = '-1';
  for (const { topic, partition, records } of parts) {
    const partitionText = String(partition);
    for (let index = 0; index < records.count; index += 1) {
      const recordTime = records.timestamp(index);
      if (recordTime !== time) {
        // Neighbours mostly were written together.
        time = recordTime;
        timeText = String(time);
      }
      const key = records.key(index);
      if (key !== null) keys ??= Array.from(bodies, () => null);
      keys?.push(key?.toString() ?? null);
      topics.push(topic);
      partitions.push(partitionText);
      offsets.push(String(records.offset(index)));
      timestamps.push(timeText);
      bodies.push(records.value(index) ?? noBody);
    }
  }
  const columns = new Map<string, Column>([
    ['partition', partitions],
    ['offset', offsets],
    [options.timestampHeader, timestamps],
  ]);
  if (options.topicHeader !== null) columns.set(options.topicHeader, topics);
  if (keys !== null) columns.set(keyHeader, keys);
  return batchOf(bodies, columns);
}

function openedEvents(parts: readonly ConsumedRecords[], options: RecordEventOptions): ConsumedEvents {
  const { useFlumeEventFormat, topicHeader, timestampHeader, headers: wanted } = options;
  const sizeMax = parts.reduce((total, { records }) => total + records.count, 0);
  const bodies: Buffer[] = [];
  const unreadable: string[] = [];
  const columns = new Map<string, Column>();
  const columnOf = (name: string): Column => {
    let column = columns.get(name);
    if (column === undefined) {
      column = Array.from({ length: sizeMax }, () => null);
      columns.set(name, column);
    }
    return column;
  };
  for (const { topic, partition, records } of parts) {
    for (let index = 0; index < records.count; index += 1) {
      const at = bodies.length;
      let body = records.value(index) ?? noBody;
      try {
        if (useFlumeEventFormat) body = openEvent(body, at, columnOf);
        for (const [name, recordHeader] of wanted) {
          const value = records.header(index, recordHeader);
          if (value !== null) columnOf(name)[at] = value;
        }
      } catch (error) {
        // What it has already set is none of the next record's, which takes its place.
        for (const column of columns.values()) column[at] = null;
        unreadable.push(`${topic}-${partition} at ${records.offset(index)}: ${messageOf(error)}`);
        continue;
      }
      if (topicHeader !== null) columnOf(topicHeader)[at] ??= topic;
      columnOf('partition')[at] ??= String(partition);
      columnOf('offset')[at] ??= String(records.offset(index));
      columnOf(timestampHeader)[at] ??= String(records.timestamp(index));
      const key = records.key(index);
      if (key !== null) columnOf(keyHeader)[at] = key.toString();
      bodies.push(body);
    }
  }
  return { batch: batchOf(bodies, columns), unreadable };
}

/** The body of an AvroFlumeEvent; its headers go into the columns. */
function openEvent(value: Buffer, at: number, columnOf: (name: string) => Column): Buffer {
  const event = decodeAvroFlumeEvent(value);
  for (const [name, text] of Object.entries(event.headers)) columnOf(name)[at] = text;
  return event.body;
}

function batchOf(bodies: readonly Buffer[], columns: ReadonlyMap<string, Column>): EventBatch {
  const starts = new Int32Array(bodies.length);
  const ends = new Int32Array(bodies.length);
  let at = 0;
  for (const [index, body] of bodies.entries()) {
    starts[index] = at;
    at += body.length;
    ends[index] = at;
  }
  const headers = new Map<string, string | Column>();
  for (const [name, column] of columns) {
    column.length = bodies.length;
    const [first = null] = column;
    if (first !== null && column.every((value) => value === first)) headers.set(name, first);
    else if (column.some((value) => value !== null)) headers.set(name, column);
  }
  return new EventBatch(Buffer.concat(bodies, at), starts, ends, headers);
}
