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
    for (const index of indexes) {
      let block = this.blocks.at(-1);
      if (block === undefined || block.bytes >= blockBytesMax) {
        block = { keys: [], valueLengths: [], values: [], bytes: 0 };
        this.blocks.push(block);
      }
      const key = Buffer.allocUnsafe(keyBytes);
      key.writeBigInt64BE(BigInt(recordTimeMs(batch, index)));
      const value = this.valueOf(batch.value(index) ?? Buffer.alloc(0));
      block.keys.push(key);
      block.valueLengths.push(vInt(value.length));
      block.values.push(value);
      block.bytes += keyBytes + value.length;
    }
  }

  async take(): Promise<Buffer> {
    const pieces: Buffer[] = this.header === null ? [] : [this.header];
    this.header = null;
    const { blocks } = this;
    this.blocks = [];
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

  /** As the writable writes itself: its length, then the bytes. A copy, as the batch's memory goes away. */
  private valueOf(body: Buffer): Buffer {
    if (this.options.value === 'Text') return Buffer.concat([vInt(body.length), body]);
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(body.length);
    return Buffer.concat([length, body]);
  }
}

function vInt(value: number): Buffer {
  const target = Buffer.alloc(vIntBytesMax);
  return target.subarray(0, writeVInt(target, 0, value));
}
