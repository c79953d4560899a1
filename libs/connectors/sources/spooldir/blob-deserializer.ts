import { EventBatch } from '#pipeline/event-batch';
import type { Deserializer, FileEvents, SpooledFile } from './spooled-file.js';

/** The whole file as one event, or as several of `blobBytesMax` where it is longer. One event a batch: blobs are large. */
export class BlobDeserializer implements Deserializer {
  constructor(private readonly blobBytesMax: number) {}

  async next(file: SpooledFile): Promise<FileEvents | null> {
    const wanted = Math.min(this.blobBytesMax, file.entry.size - file.position);
    if (wanted === 0) return null;
    while (file.to - file.from < wanted) await file.readMore(wanted);
    const batch = new EventBatch(file.buffer, Int32Array.of(file.from), Int32Array.of(file.from + wanted));
    return { batch, position: file.position + wanted };
  }
}
