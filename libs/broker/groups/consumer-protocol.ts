/**
 * What clients of the classic protocol put into groups of type `consumer`, as far as the coordinator has to look into it (offsets of
 * topics that are read stay; groups change from the classic to the consumer protocol and back):
 *
 *   subscription  version i16 · [](topic) · userData bytes? · v1+ [](topic, []partition i32) owned · v2+ generation i32 · v3+ rack string?
 *   assignment    version i16 · [](topic, []partition i32) · userData bytes?
 *
 * Strings have i16 lengths, arrays and bytes i32.
 */
import { ByteReader } from '#wire/kafka/byte-reader';

export type NamedPartitions = readonly (readonly [topic: string, partitions: readonly number[]])[];

export interface Subscription {
  readonly version: number;
  readonly topics: readonly string[];
  readonly owned: NamedPartitions;
  readonly rackId: string | null;
}

/** Null for bytes that are no subscription. */
export function decodeSubscription(bytes: Buffer): Subscription | null {
  try {
    const reader = new ByteReader(bytes);
    const version = reader.int16();
    if (version < 0) return null;
    const topics = Array.from({ length: count(reader, bytes) }, () => readText(reader) ?? '');
    skipBytes(reader);
    const owned = version >= 1 ? readPartitions(reader, bytes) : [];
    if (version >= 2) reader.int32();
    return { version, topics, owned, rackId: version >= 3 ? readText(reader) : null };
  } catch {
    return null;
  }
}

/** No bytes are no partitions: what a member gets whom the leader left out. Null for bytes that are no assignment. */
export function decodeAssignment(bytes: Buffer): NamedPartitions | null {
  if (bytes.length === 0) return [];
  try {
    const reader = new ByteReader(bytes);
    reader.int16();
    return readPartitions(reader, bytes);
  } catch {
    return null;
  }
}

/** `version` as the member's subscription has it. */
export function encodeAssignment(partitions: NamedPartitions, version: number): Buffer {
  const pieces = [int16(version), int32(partitions.length)];
  for (const [topic, numbers] of partitions) {
    const name = Buffer.from(topic);
    pieces.push(int16(name.length), name, int32(numbers.length), ...numbers.map(int32));
  }
  return Buffer.concat([...pieces, int32(-1)]);
}

function readPartitions(reader: ByteReader, bytes: Buffer): NamedPartitions {
  return Array.from({ length: count(reader, bytes) }, () => {
    const topic = readText(reader) ?? '';
    return [topic, Array.from({ length: count(reader, bytes) }, () => reader.int32())] as const;
  });
}

/** A length that cannot be true would have us allocate before the bytes run out. */
function count(reader: ByteReader, bytes: Buffer): number {
  const length = reader.int32();
  if (length > bytes.length) throw new RangeError(`an array of ${length} in ${bytes.length} bytes`);
  return Math.max(0, length);
}

function readText(reader: ByteReader): string | null {
  const length = reader.int16();
  if (length < 0) return null;
  const from = reader.take(length);
  return reader.bytes.toString('utf8', from, from + length);
}

function skipBytes(reader: ByteReader): void {
  reader.take(Math.max(0, reader.int32()));
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}
