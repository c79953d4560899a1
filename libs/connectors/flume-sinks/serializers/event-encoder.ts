import type { EventBatch } from '#pipeline/event-batch';

/** How events become the bytes of files. Shared by all files of a sink; what one file must remember is in its encoder. */
export interface EventSerializer {
  /** Reads what the events of a batch need (a schema from elsewhere) before they are encoded. Optional. */
  prepare?(batch: EventBatch): Promise<void>;
  /** Events of different variants cannot lie in one file; the same text is the same variant. Optional. Throws where an event has none. */
  variant?(batch: EventBatch, index: number): string;
  /** `identity` is the file's path; it makes sync markers. */
  open(identity: string, variant: string): EventEncoder;
}

/** The bytes of one file as they come. */
export interface EventEncoder {
  /** Takes the events at `indexes`, ascending; their bytes are copied. */
  add(batch: EventBatch, indexes: Int32Array, nowMs: number): void;
  /** The bytes of everything added since the last call, with what belongs at the start of the file before the first. */
  take(): Promise<Buffer>;
}
