import type { Codec, ProducerStamp } from '#wire/kafka/record-batch';
import { RecordBatchBuilder } from '#wire/kafka/record-batch-builder';

export interface BatchSpec {
  readonly codec?: Codec;
  readonly producer?: ProducerStamp;
  /** Of the first record; each later one is 1 ms younger. */
  readonly timestampMs?: number;
}

/** One batch with a record for each text. */
export function batchOf(values: readonly string[], { codec, producer, timestampMs }: BatchSpec = {}): Buffer {
  const builder = new RecordBatchBuilder({ bytesMax: 1 << 20, codec: codec ?? 'none' });
  for (const [index, value] of values.entries()) {
    builder.append({
      key: Buffer.from(`key-${index}`),
      value: Buffer.from(value),
      headers: [{ key: 'h', value: Buffer.from(String(index)) }],
      timestampMs: (timestampMs ?? Date.now()) + index,
    });
  }
  return builder.build(producer ?? null);
}
