/**
 * What members of a group of type `consumer` tell each other through the coordinator, in Kafka's own layout:
 *
 *   subscription  version i16 · [](topic) · userData bytes? · v1+ [](topic, []partition i32) owned · later versions add more
 *   assignment    version i16 · [](topic, []partition i32) · userData bytes?
 *
 * Strings have i16 lengths, arrays and bytes i32. Of newer versions the part we know is read and the rest left alone.
 */
import { ByteReader } from '#wire/kafka/byte-reader';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface Subscription {
  readonly topics: readonly string[];
}

/** Version 1 says what is owned; under the eager protocol that is nothing at the time of a join. */
const subscriptionVersion = 1;
const assignmentVersion = 1;

export function encodeSubscription(subscription: Subscription): Buffer {
  const topics = [...subscription.topics].sort();
  return Buffer.concat([int16(subscriptionVersion), int32(topics.length), ...topics.map(text), int32(-1), int32(0)]);
}

/** Throws a WireError for bytes that do not decode. */
export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new ByteReader(bytes);
  reader.int16();
  const topics: string[] = [];
  for (let left = reader.int32(); left > 0; left -= 1) topics.push(readText(reader));
  return { topics };
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const byTopic = groupByTopic(partitions);
  const pieces: Buffer[] = [int16(assignmentVersion), int32(byTopic.size)];
  for (const [topic, numbers] of byTopic) pieces.push(text(topic), int32(numbers.length), ...numbers.map(int32));
  return Buffer.concat([...pieces, int32(-1)]);
}

/** No bytes mean no partitions: that is what a member gets whom the leader has left out. Throws a WireError as above. */
export function decodeAssignment(bytes: Buffer): readonly TopicPartition[] {
  if (bytes.length === 0) return [];
  const reader = new ByteReader(bytes);
  reader.int16();
  const partitions: TopicPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topic = readText(reader);
    for (let left = reader.int32(); left > 0; left -= 1) partitions.push({ topic, partition: reader.int32() });
  }
  return partitions;
}

/** Partition numbers by topic, both sorted. */
export function groupByTopic(partitions: readonly TopicPartition[]): ReadonlyMap<string, readonly number[]> {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of [...partitions].sort(byTopicAndPartition)) {
    const numbers = byTopic.get(topic);
    if (numbers === undefined) byTopic.set(topic, [partition]);
    else numbers.push(partition);
  }
  return byTopic;
}

export function byTopicAndPartition(left: TopicPartition, right: TopicPartition): number {
  if (left.topic !== right.topic) return left.topic < right.topic ? -1 : 1;
  return left.partition - right.partition;
}

function readText(reader: ByteReader): string {
  const length = reader.int16();
  const from = reader.take(Math.max(0, length));
  return reader.bytes.toString('utf8', from, from + Math.max(0, length));
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

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}
