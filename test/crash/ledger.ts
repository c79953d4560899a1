import { decodeRecords } from '#wire/kafka/record-columns';

export const partitionCount = 12;
const valueBytes = 100;

/** Which record of which producer: each producer counts its records in each partition from 0. */
interface Place {
  readonly producer: number;
  readonly sequence: number;
}

/** The value says which record it is; the rest of its bytes follow from that. */
export function valueOf(producer: number, partition: number, sequence: number): Buffer {
  const value = Buffer.allocUnsafe(valueBytes);
  let state = (producer * 0x9e3779b1) ^ (partition * 0x85ebca6b) ^ (sequence * 0xc2b2ae35);
  for (let at = 12; at < valueBytes; at += 4) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + at) >>> 0;
    value.writeUInt32BE(state, at);
  }
  value.writeUInt32BE(producer, 0);
  value.writeUInt32BE(partition, 4);
  value.writeUInt32BE(sequence, 8);
  return value;
}

/** Null where the bytes are not those of any record of the partition. */
function placeOf(partition: number, value: Buffer | null): Place | null {
  if (value === null || value.length !== valueBytes || value.readUInt32BE(4) !== partition) return null;
  const place = { producer: value.readUInt32BE(0), sequence: value.readUInt32BE(8) };
  return valueOf(place.producer, partition, place.sequence).equals(value) ? place : null;
}

export interface Findings {
  readonly acked: number;
  readonly read: number;
  /** Acknowledged, and not in the log. */
  readonly lost: number;
  /** Bytes that nobody produced, or an offset that was acknowledged or seen with another record. */
  readonly altered: number;
  readonly repeated: number;
  /** In the log behind a later one of the same producer. */
  readonly disordered: number;
  /** Offsets that no record has. */
  readonly gaps: number;
}

/** Outside the service: what was acknowledged and seen, at which offset; compared with what is there in the end. */
export class Ledger {
  /** Partition → offset of each acknowledged batch → its first record and count. */
  private readonly acks = Array.from(
    { length: partitionCount },
    () => new Map<number, Place & { readonly count: number }>(),
  );
  private readonly seen = Array.from({ length: partitionCount }, (): number[] => []);
  acked = 0;
  /** What readers met that cannot be. */
  readonly violations: string[] = [];

  acknowledge(partition: number, baseOffset: number, producer: number, sequence: number, count: number): void {
    const known = this.acks[partition]?.get(baseOffset);
    if (known !== undefined && (known.producer !== producer || known.sequence !== sequence)) {
      this.violations.push(`offset ${baseOffset} of ${partition} was acknowledged to two producers`);
    }
    this.acks[partition]?.set(baseOffset, { producer, sequence, count });
    this.acked += count;
  }

  /** Takes note of fetched records; gives the offset to go on from. */
  see(partition: number, from: number, bytes: Buffer): number {
    const seen = this.seen[partition] ?? [];
    const records = decodeRecords(bytes);
    let next = from;
    for (let index = 0; index < records.count; index += 1) {
      const offset = records.offset(index);
      if (offset < from) continue;
      const place = placeOf(partition, records.value(index));
      if (offset !== next) this.violations.push(`a reader of ${partition} was given ${offset} after ${next - 1}`);
      if (place === null) this.violations.push(`offset ${offset} of ${partition} has bytes that nobody produced`);
      const code = place === null ? -1 : codeOf(place);
      const before = seen[offset];
      if (before !== undefined && before !== code) this.violations.push(`offset ${offset} of ${partition} has changed`);
      seen[offset] = code;
      next = offset + 1;
    }
    return next;
  }

  /** `whole` gives all records of a partition. */
  async audit(
    whole: (partition: number, visit: (offset: number, value: Buffer | null) => void) => Promise<void>,
  ): Promise<Findings> {
    const found = {
      acked: this.acked,
      read: 0,
      lost: 0,
      altered: 0,
      repeated: 0,
      disordered: 0,
      gaps: 0,
    };
    for (let partition = 0; partition < partitionCount; partition += 1) {
      const codes: number[] = [];
      const last = new Map<number, number>();
      await whole(partition, (offset, value) => {
        const place = placeOf(partition, value);
        found.read += 1;
        if (offset !== codes.length) found.gaps += 1;
        codes[offset] = place === null ? -1 : codeOf(place);
        if (place === null) {
          found.altered += 1;
          return;
        }
        const before = last.get(place.producer) ?? -1;
        if (place.sequence <= before) found.repeated += 1;
        else if (place.sequence > before + 1) found.disordered += 1;
        last.set(place.producer, Math.max(before, place.sequence));
      });
      for (const [offset, code] of (this.seen[partition] ?? []).entries()) {
        if (code !== undefined && codes[offset] !== code) found.altered += 1;
      }
      for (const [offset, { producer, sequence, count }] of this.acks[partition] ?? []) {
        for (let at = 0; at < count; at += 1) {
          const code = codes[offset + at];
          if (code === undefined) found.lost += 1;
          else if (code !== codeOf({ producer, sequence: sequence + at })) found.altered += 1;
        }
      }
    }
    return found;
  }
}

function codeOf({ producer, sequence }: Place): number {
  return producer * 2 ** 32 + sequence;
}
