import type { FileEncoder, Format } from './format.js';
import { emptyBuffer } from './format.js';
import type { HadoopCodec } from './hadoop-codec.js';
import { framed, readFrames } from './row-frames.js';
import { SequenceFileBlocks, sequenceRecord } from './sequence-file-blocks.js';
import type { SequenceValue } from './sequence-file.js';

/** SequenceFiles in compressed blocks: records wait in the spool, and the blocks are made when the file ends. */
export class SequenceBlocksFormat implements Format {
  readonly name = 'SequenceFile';
  readonly extension = '.seq';

  constructor(
    private readonly value: SequenceValue,
    private readonly codec: HadoopCodec,
  ) {}

  check(): void {}

  open(identity: string): FileEncoder {
    const { value, codec } = this;
    return {
      header: emptyBuffer,
      encode: (batch, indexes) => framed(Array.from(indexes, (index) => sequenceRecord(value, batch, index))),
      async *finish(encoded) {
        const blocks = new SequenceFileBlocks({ value, codec, identity });
        for await (const records of readFrames(encoded)) {
          for (const record of records) blocks.addRecord(record);
          yield await blocks.take(true);
        }
        yield await blocks.take();
      },
    };
  }
}
