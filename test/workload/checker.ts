/**
 * Looks for what may not be in a history of transactions: reads of what was not committed, values lost, altered or twice, reads and
 * writes that go back or leave something out. Transactions of Kafka are not ordered among each other (their records interleave in a
 * partition while both are open), so cycles of writes between them are no finding.
 */
import type { History, Transaction } from './history.js';

export interface Finding {
  readonly kind:
    | 'aborted read'
    | 'early read'
    | 'late write read'
    | 'unknown value'
    | 'offset with two values'
    | 'value at two offsets'
    | 'half a transaction'
    | 'lost write'
    | 'poll goes back'
    | 'poll skips'
    | 'send goes back';
  readonly detail: string;
}

interface Write {
  readonly transaction: Transaction;
  readonly partition: string;
}

export function findingsIn(history: History): Finding[] {
  const writes = new Map<number, Write>();
  for (const transaction of history.transactions) {
    for (const { partition, values } of transaction.sends) {
      for (const value of values) writes.set(value, { transaction, partition });
    }
  }
  return [
    ...offsetFindings(history),
    ...readFindings(history, writes),
    ...endFindings(history),
    ...pollFindings(history),
    ...sendFindings(history),
  ];
}

/** Every send and every poll must agree on which value is at which offset. */
function offsetFindings(history: History): Finding[] {
  const findings: Finding[] = [];
  const valueAt = new Map<string, number>();
  const placeOf = new Map<number, string>();
  const see = (partition: string, offset: number, value: number): void => {
    const place = `${partition}@${offset}`;
    const other = valueAt.get(place) ?? value;
    const elsewhere = placeOf.get(value) ?? place;
    if (other !== value) findings.push({ kind: 'offset with two values', detail: `${place}: ${other} and ${value}` });
    if (elsewhere !== place)
      findings.push({ kind: 'value at two offsets', detail: `${value}: ${elsewhere} and ${place}` });
    valueAt.set(place, value);
    placeOf.set(value, place);
  };
  for (const { sends } of history.transactions) {
    for (const { partition, values, offset } of sends) {
      if (offset !== null) for (const [index, value] of values.entries()) see(partition, offset + index, value);
    }
  }
  for (const { partition, records } of history.polls) {
    for (const [offset, value] of records) see(partition, offset, value);
  }
  for (const [partition, records] of history.final) {
    for (const [offset, value] of records) see(partition, offset, value);
  }
  return findings;
}

function readFindings(history: History, writes: ReadonlyMap<number, Write>): Finding[] {
  const findings: Finding[] = [];
  const read = (process: string, at: number, partition: string, value: number): void => {
    const detail = `${process} read ${value} of ${partition}`;
    const write = writes.get(value);
    if (history.late.has(value)) findings.push({ kind: 'late write read', detail });
    else if (write === undefined || write.partition !== partition) findings.push({ kind: 'unknown value', detail });
    else if (write.transaction.asked !== 'commit') findings.push({ kind: 'aborted read', detail });
    else if (write.transaction.askedAt > at) findings.push({ kind: 'early read', detail });
  };
  for (const { process, at, partition, records } of history.polls) {
    for (const [, value] of records) read(process, at, partition, value);
  }
  for (const [partition, records] of history.final) {
    for (const [, value] of records) read('the last reader', Infinity, partition, value);
  }
  return findings;
}

/** At the end every transaction is there as a whole or not at all, and every one that was answered as committed is. */
function endFindings(history: History): Finding[] {
  const findings: Finding[] = [];
  const there = new Set([...history.final.values()].flatMap((records) => records.map(([, value]) => value)));
  for (const { process, sends, asked, isAnswered } of history.transactions) {
    if (asked !== 'commit') continue;
    // A write without an answer may have come or not, as long as the transaction was not answered either.
    const values = sends.flatMap((send) => (isAnswered || send.offset !== null ? send.values : []));
    const missing = values.filter((value) => !there.has(value));
    if (missing.length === 0) continue;
    const detail = `${process} wrote ${values.join(' ')}, missing ${missing.join(' ')}`;
    if (isAnswered) findings.push({ kind: 'lost write', detail });
    else if (missing.length < values.length) findings.push({ kind: 'half a transaction', detail });
  }
  return findings;
}

/** A reader that was not told to go elsewhere gets every committed record once, in order, inside a poll and from poll to poll. */
function pollFindings(history: History): Finding[] {
  const findings: Finding[] = [];
  const expected = new Map<string, number>();
  for (const { process, partition, from, next, records } of history.polls) {
    const who = `${process} of ${partition}`;
    const before = expected.get(who);
    if (before !== undefined && before !== from) {
      findings.push({
        kind: before > from ? 'poll goes back' : 'poll skips',
        detail: `${who}: ${before}, then ${from}`,
      });
    }
    expected.set(who, next);
    let last = from - 1;
    for (const [offset] of records) {
      if (offset <= last) findings.push({ kind: 'poll goes back', detail: `${who}: ${last}, then ${offset}` });
      last = offset;
    }
    const seen = new Set(records.map(([offset]) => offset));
    const due = between(history.final.get(partition) ?? [], from, next);
    const skipped = due.filter((offset) => !seen.has(offset));
    if (skipped.length > 0) findings.push({ kind: 'poll skips', detail: `${who}: ${skipped.join(' ')}` });
  }
  return findings;
}

/** Offsets in `[from, to)`; `records` rise by offset. */
function between(records: readonly (readonly [number, number])[], from: number, to: number): number[] {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.[0] ?? Infinity) < from) low = middle + 1;
    else high = middle;
  }
  const offsets: number[] = [];
  for (let index = low; (records[index]?.[0] ?? Infinity) < to; index += 1) offsets.push(records[index]?.[0] ?? -1);
  return offsets;
}

function sendFindings(history: History): Finding[] {
  const findings: Finding[] = [];
  const last = new Map<string, number>();
  for (const { process, sends } of history.transactions) {
    for (const { partition, values, offset } of sends) {
      if (offset === null) continue;
      const who = `${process} to ${partition}`;
      const before = last.get(who) ?? -1;
      if (offset <= before) findings.push({ kind: 'send goes back', detail: `${who}: ${before}, then ${offset}` });
      last.set(who, offset + values.length - 1);
    }
  }
  return findings;
}
