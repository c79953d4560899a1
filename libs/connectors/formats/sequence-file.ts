/**
 * Hadoop's SequenceFile, version 6, as Flume's HDFS sink writes it: the key is a LongWritable (milliseconds of
 * the `timestamp` header, else of the record), the value a BytesWritable or a Text.
 *
 *     header  "SEQ" 6, Text key class, Text value class, boolean compressed, boolean block compressed = 0,
 *             with compression Text codec class, int32 metadata entries = 0, 16 bytes of sync marker
 *     record  int32 key and value bytes, int32 key bytes (8), key, value (with compression by the codec, each by itself)
 *     sync    int32 -1, 16 bytes of sync marker: before the next record once 102,400 bytes followed the last one
 *
 * All numbers are big endian. Hadoop draws the marker by chance; ours is a digest of the file's identity, so that writing a
 * file again gives identical bytes.
 */
import { createHash } from 'node:crypto';
import type { SinkBatch } from '#pipeline/sink-batch';
import { emptyBuffer, type FileEncoder, type Format } from './format.js';
import type { HadoopCodec } from './hadoop-codec.js';
import { recordTimeMs } from './record-time.js';

export type SequenceValue = 'Writable' | 'Text';

const syncIntervalBytes = 102_400;
const syncBytes = 20;
const keyBytes = 8;
const syncEscape = Buffer.from([0xff, 0xff, 0xff, 0xff]);
export const sequenceValueClass: Readonly<Record<SequenceValue, string>> = {
  Writable: 'org.apache.hadoop.io.BytesWritable',
  Text: 'org.apache.hadoop.io.Text',
};

export class SequenceFileFormat implements Format {
  readonly name = 'SequenceFile';
  readonly extension = '.seq';

  /** `codec` compresses each value; null = none. */
  constructor(
    private readonly value: SequenceValue,
    private readonly codec: HadoopCodec | null = null,
  ) {}

  check(): void {}

  open(identity: string): FileEncoder {
    return new SequenceFileEncoder(this.value, this.codec, identity);
  }
}

class SequenceFileEncoder implements FileEncoder {
  readonly header: Buffer;
  private readonly marker: Buffer;
  private sinceSyncBytes: number;

  constructor(
    private readonly value: SequenceValue,
    private readonly codec: HadoopCodec | null,
    identity: string,
  ) {
    this.marker = createHash('md5').update(identity).digest();
    this.header = Buffer.concat([
      Buffer.from('SEQ\x06', 'latin1'),
      textWritable('org.apache.hadoop.io.LongWritable'),
      textWritable(sequenceValueClass[value]),
      Buffer.from([codec === null ? 0 : 1, 0]),
      codec === null ? emptyBuffer : textWritable(codec.className),
      Buffer.alloc(4),
      this.marker,
    ]);
    this.sinceSyncBytes = this.header.length;
  }

  encode(batch: SinkBatch, indexes: Int32Array): Buffer {
    return this.codec === null ? this.encodePlain(batch, indexes) : this.encodeEach(batch, indexes, this.codec);
  }

  private encodeEach(batch: SinkBatch, indexes: Int32Array, codec: HadoopCodec): Buffer {
    const pieces: Buffer[] = [];
    for (const index of indexes) {
      if (this.sinceSyncBytes >= syncIntervalBytes) {
        pieces.push(syncEscape, this.marker);
        this.sinceSyncBytes = 0;
      }
      const head = Buffer.allocUnsafe(4 + 4 + keyBytes);
      head.writeBigInt64BE(BigInt(recordTimeMs(batch, index)), 8);
      const value = codec.compressSync(this.valueOf(batch.value(index) ?? emptyBuffer));
      head.writeInt32BE(keyBytes + value.length, 0);
      head.writeInt32BE(keyBytes, 4);
      pieces.push(head, value);
      this.sinceSyncBytes += head.length + value.length;
    }
    return Buffer.concat(pieces);
  }

  private valueOf(body: Buffer): Buffer {
    const length = Buffer.alloc(vIntBytesMax);
    const end = this.value === 'Text' ? writeVInt(length, 0, body.length) : length.writeInt32BE(body.length);
    return Buffer.concat([length.subarray(0, end), body]);
  }

  private encodePlain(batch: SinkBatch, indexes: Int32Array): Buffer {
    const target = Buffer.allocUnsafe(this.sizeMax(batch, indexes));
    let at = 0;
    for (const index of indexes) {
      if (this.sinceSyncBytes >= syncIntervalBytes) {
        target.writeInt32BE(-1, at);
        this.marker.copy(target, at + 4);
        at += syncBytes;
        this.sinceSyncBytes = 0;
      }
      const end = this.writeRecord(target, at, batch, index);
      this.sinceSyncBytes += end - at;
      at = end;
    }
    return target.subarray(0, at);
  }

  private sizeMax(batch: SinkBatch, indexes: Int32Array): number {
    let size = 0;
    for (const index of indexes) size += 4 + 4 + keyBytes + vIntBytesMax + (batch.value(index)?.length ?? 0);
    return size + syncBytes * (1 + Math.ceil((this.sinceSyncBytes + size) / syncIntervalBytes));
  }

  private writeRecord(target: Buffer, start: number, batch: SinkBatch, index: number): number {
    const value = batch.value(index);
    const length = value?.length ?? 0;
    let at = target.writeInt32BE(keyBytes, start + 4);
    at = target.writeBigInt64BE(BigInt(recordTimeMs(batch, index)), at);
    at = this.value === 'Text' ? writeVInt(target, at, length) : target.writeInt32BE(length, at);
    if (value !== null) at += value.copy(target, at);
    target.writeInt32BE(at - start - 8, start);
    return at;
  }
}

const vIntBytesMax = 5;

/**
 * Hadoop's VInt: −112…127 in one byte; otherwise a byte −113…−116 (for a length, which is never negative) that says how many
 * bytes follow, and those, big endian.
 */
export function writeVInt(target: Buffer, at: number, value: number): number {
  if (value <= 127) return target.writeInt8(value, at);
  const bytes = value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffffff ? 3 : 4;
  return target.writeUIntBE(value, target.writeInt8(-112 - bytes, at), bytes);
}

export function textWritable(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(vIntBytesMax);
  return Buffer.concat([length.subarray(0, writeVInt(length, 0, bytes.length)), bytes]);
}
