/** Records of a topic as events: the value is the body, the key the header `key`, record headers are headers. */
import { EventBatch } from '#pipeline/event-batch';
import type { RecordColumns } from '#wire/kafka/record-columns';
import { decodeAvroFlumeEvent } from './avro-flume-event.js';
import { keyHeader } from './event-columns.js';

export function eventsOfRecords(records: RecordColumns, parseAsFlumeEvent: boolean): EventBatch {
  const { count } = records;
  const bodies: Buffer[] = [];
  const starts = new Int32Array(count);
  const ends = new Int32Array(count);
  const columns = new Map<string, (string | null)[]>();
  const set = (name: string, index: number, value: string | null): void => {
    let column = columns.get(name);
    if (column === undefined) {
      column = Array.from({ length: count }, () => null);
      columns.set(name, column);
    }
    column[index] = value;
  };
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const value = records.value(index) ?? empty;
    let body = value;
    if (parseAsFlumeEvent) {
      const event = decodeAvroFlumeEvent(value);
      body = event.body;
      for (const [name, text] of Object.entries(event.headers)) set(name, index, text);
    } else {
      for (const header of records.headers(index)) set(header.key, index, header.value?.toString() ?? null);
    }
    const key = records.key(index);
    if (key !== null) set(keyHeader, index, key.toString());
    bodies.push(body);
    starts[index] = at;
    at += body.length;
    ends[index] = at;
  }
  return new EventBatch(Buffer.concat(bodies, at), starts, ends, columns);
}

const empty = Buffer.alloc(0);
