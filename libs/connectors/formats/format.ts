import type { SinkBatch } from '#pipeline/sink-batch';

/**
 * How records become the bytes of a file. A format is shared by all files of a task and keeps nothing of them; what one file
 * needs to remember (where the last sync marker was, which fields its records have) is in its `FileEncoder`.
 *
 * Bytes depend only on the file's identity and its records, never on the clock, on chance or on how records were batched:
 * writing a file again gives the same bytes.
 */
export interface Format {
  readonly name: string;
  /** With its dot: `.txt`; what a final name ends with unless a suffix was configured. */
  readonly extension: string;
  /** Throws PoisonRecordError for the first record that this format cannot write. Called before anything is kept. */
  check(batch: SinkBatch): void;
  /** `identity` names the file for good: its folder, prefix, topic, partition and first offset. */
  open(identity: string): FileEncoder;
}

export interface FileEncoder {
  /** What stands at the start of the file; empty where nothing does. */
  readonly header: Buffer;
  /** The records at `indexes`, in that order, as one buffer of the file's own (nothing is shared with the batch). */
  encode(batch: SinkBatch, indexes: Int32Array): Buffer;
  /**
   * Makes the file of all that `encode` gave, when its last record is known: blocks, columns, an index at the end. May be called again,
   * for the same bytes. Absent where header and records are the file.
   */
  finish?(encoded: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
}

export const emptyBuffer = Buffer.alloc(0);
