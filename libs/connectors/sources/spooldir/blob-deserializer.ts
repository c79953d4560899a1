import { EventBatch } from '#pipeline/event-batch';
import type { Deserializer, FileEvents, SpooledFile } from './spooled-file.js';

/** The whole file as one event, or as several of `blobBytesMax` where it is longer. One event a batch: blobs are large. */
export class BlobDeserializer implements Deserializer {
  constructor(private readonly blobBytesMax: number) {}

  async next(file: SpooledFile): Promise<FileEvents | null> {
    while (file.to - file.from < this.blobBytesMax && !file.isReadToEnd) {
      if (!(await file.readMore(Math.min(this.blobBytesMax, file.entry.size - file.position)))) break;
    }
    const bytes = Math.min(this.blobBytesMax, file.to - file.from);
    if (bytes === 0) return null;
    const batch = new EventBatch(file.buffer, Int32Array.of(file.from), Int32Array.of(file.from + bytes));
    return { batch, position: file.position + bytes };
  }
}
