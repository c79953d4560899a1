import { EventSinkBatch } from '#pipeline/event-sink-batch';
import { SequenceFileBlocks } from '../../formats/sequence-file-blocks.js';
import { SequenceFileFormat, type SequenceValue } from '../../formats/sequence-file.js';
import type { HadoopCodec } from '../../formats/hadoop-codec.js';
import type { EventEncoder, EventSerializer } from './event-encoder.js';

/** Hadoop's SequenceFile of events: record by record, or with a codec in compressed blocks, one block a flush, as Flume asks for. */
export class SequenceFileSerializer implements EventSerializer {
  private readonly plain: SequenceFileFormat;

  constructor(
    private readonly value: SequenceValue,
    private readonly codec: HadoopCodec | null,
  ) {
    this.plain = new SequenceFileFormat(value);
  }

  open(identity: string): EventEncoder {
    return this.codec === null ? this.openPlain(identity) : this.openBlocks(identity, this.codec);
  }

  private openPlain(identity: string): EventEncoder {
    const encoder = this.plain.open(identity);
    const pieces: Buffer[] = [encoder.header];
    return {
      add(batch, indexes, timeMs) {
        const records = new EventSinkBatch(batch, { topic: '', partition: 0, firstOffset: 0, timeMs });
        pieces.push(encoder.encode(records, indexes));
      },
      take: () => Promise.resolve(Buffer.concat(pieces.splice(0))),
    };
  }

  private openBlocks(identity: string, codec: HadoopCodec): EventEncoder {
    const blocks = new SequenceFileBlocks({ value: this.value, codec, identity });
    return {
      add(batch, indexes, timeMs) {
        blocks.add(new EventSinkBatch(batch, { topic: '', partition: 0, firstOffset: 0, timeMs }), indexes);
      },
      take: () => blocks.take(),
    };
  }
}
