/**
 * Hadoop's SequenceFile, version 6, with block compression:
 *
 *     header  as in `sequence-file.ts`, but compressed = 1, block compressed = 1 and the codec's class name before the metadata
 *     block   int32 -1, 16 bytes of sync marker, VInt records, then four buffers, each as VInt bytes and its bytes by the codec:
 *             lengths of the keys (VInts), keys, lengths of the values, values
 *
 * A block ends when it has a million bytes, Hadoop's default, or is asked for.
 */
import { createHash } from 'node:crypto';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { HadoopCodec } from './hadoop-codec.js';
import { recordTimeMs } from './record-time.js';
import { sequenceValueClass, textWritable, writeVInt, type SequenceValue } from './sequence-file.js';

const blockBytesMax = 1_000_000;
const keyBytes = 8;
const vIntBytesMax = 5;

export interface SequenceBlocksOptions {
  readonly value: SequenceValue;
  readonly codec: HadoopCodec;
  readonly identity: string;
}

interface Block {
  readonly keys: Buffer[];
  readonly valueLengths: Buffer[];
  readonly values: Buffer[];
  bytes: number;
}

export class SequenceFileBlocks {
  private readonly marker: Buffer;
  private header: Buffer | null;
  private blocks: Block[] = [];

  constructor(private readonly options: SequenceBlocksOptions) {
    this.marker = createHash('md5').update(options.identity).digest();
    this.header = Buffer.concat([
      Buffer.from('SEQ\x06', 'latin1'),
      textWritable('org.apache.hadoop.io.LongWritable'),
      textWritable(sequenceValueClass[options.value]),
      Buffer.from([1, 1]),
      textWritable(options.codec.className),
      Buffer.alloc(4),
      this.marker,
    ]);
  }

  add(batch: SinkBatch, indexes: Int32Array): void {
    for (const index of indexes) this.addRecord(sequenceRecord(this.options.value, batch, index));
  }

  /** What `sequenceRecord` gave; belongs to the blocks now. */
  addRecord(record: Buffer): void {
    let block = this.blocks.at(-1);
    if (block === undefined || block.bytes >= blockBytesMax) {
      block = { keys: [], valueLengths: [], values: [], bytes: 0 };
      this.blocks.push(block);
    }
    block.keys.push(record.subarray(0, keyBytes));
    block.valueLengths.push(vInt(record.length - keyBytes));
    block.values.push(record.subarray(keyBytes));
    block.bytes += record.length;
  }

  /** The header before the first, then all blocks; with `wholeOnly` one that has not its size yet stays. */
  async take(wholeOnly = false): Promise<Buffer> {
    const pieces: Buffer[] = this.header === null ? [] : [this.header];
    this.header = null;
    const { blocks } = this;
    const last = blocks.at(-1);
    this.blocks = wholeOnly && last !== undefined && last.bytes < blockBytesMax ? [last] : [];
    if (this.blocks.length > 0) blocks.pop();
    const escape = Buffer.from([0xff, 0xff, 0xff, 0xff]);
    for (const block of blocks) {
      const keyLengths = Buffer.alloc(block.keys.length, keyBytes);
      pieces.push(escape, this.marker, vInt(block.keys.length));
      for (const buffer of [
        keyLengths,
        Buffer.concat(block.keys),
        Buffer.concat(block.valueLengths),
        Buffer.concat(block.values),
      ]) {
        const compressed = await this.options.codec.compress(buffer);
        pieces.push(vInt(compressed.length), compressed);
      }
    }
    return Buffer.concat(pieces);
  }
}

/** The key and the value as their writables write themselves. A copy, as the batch's memory goes away. */
export function sequenceRecord(kind: SequenceValue, batch: SinkBatch, index: number): Buffer {
  const body = batch.value(index);
  const length = body?.length ?? 0;
  const record = Buffer.allocUnsafe(keyBytes + vIntBytesMax + length);
  let at = record.writeBigInt64BE(BigInt(recordTimeMs(batch, index)));
  at = kind === 'Text' ? writeVInt(record, at, length) : record.writeInt32BE(length, at);
  if (body !== null) at += body.copy(record, at);
  return record.subarray(0, at);
}

function vInt(value: number): Buffer {
  const target = Buffer.alloc(vIntBytesMax);
  return target.subarray(0, writeVInt(target, 0, value));
}
