import { Ledger } from '../flows/line-writer.js';

/** How many keys the records of a trial have; each is written again and again. */
export const trialKeys = 20_000;
/** Every so many records there is one that no store can take. */
export const poisonEvery = 1_000;

/** JSON of about 200 bytes. `big` does not fit a double. */
export function trialValue(n: number): Buffer {
  if (isPoison(n)) return Buffer.from(`{"id":${n},"key":"${trialKey(n)}","text":`);
  const record = `{"id":${n},"key":"${trialKey(n)}","amount":${(n % 4000) / 4},"flag":${n % 2 === 0},"big":${bigOf(n)},`;
  return Buffer.from(`${record}"text":"${'α'.repeat(n % 7)} text of the record ${String(n).padStart(110, '.')}"}`);
}

export function trialKey(n: number): string {
  return `k${n % trialKeys}`;
}

/** What `big` of a record is: a whole number past 2^53. */
export function bigOf(n: number): bigint {
  return 9_007_199_254_740_993n + BigInt(n) * 2n;
}

export function isPoison(n: number): boolean {
  return n % poisonEvery === poisonEvery / 2 - 1;
}

/** What was read back from a store that keeps every record. */
export interface EachRecord {
  readonly kind: 'each';
  /** By number of the record. */
  readonly seen: Ledger;
}

/** What was read back from a store that keeps the last record of each key. */
export interface LastRecord {
  readonly kind: 'last';
  /** Number of the record that the store has, by key. */
  readonly last: ReadonlyMap<string, number>;
}

export interface Outcome {
  readonly lost: number;
  /** Of stores that keep every record: sightings beyond the first. */
  readonly repeated: number;
  /** Of stores that keep the last record: keys that have another one, or that were never written. */
  readonly wrong: number;
}

/** What a store has, against the `records` first records. */
export function outcomeOf(found: EachRecord | LastRecord, records: number): Outcome {
  if (found.kind === 'each') {
    let [lost, wrong] = [0, 0];
    for (let n = 0; n < records; n += 1) {
      if (isPoison(n)) wrong += found.seen.timesSeen(n);
      else if (found.seen.timesSeen(n) === 0) lost += 1;
    }
    return { lost, repeated: found.seen.repeated(), wrong };
  }
  const expected = new Map<string, number>();
  for (let n = 0; n < records; n += 1) if (!isPoison(n)) expected.set(trialKey(n), n);
  let [lost, wrong] = [0, 0];
  for (const [key, n] of expected) {
    const stored = found.last.get(key);
    if (stored === undefined) lost += 1;
    else if (stored !== n) wrong += 1;
  }
  for (const key of found.last.keys()) if (!expected.has(key)) wrong += 1;
  return { lost, repeated: 0, wrong };
}
