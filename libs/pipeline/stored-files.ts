/** Files of a sink's store as somebody who looks into them sees them. Nothing here writes. */
export interface StoredFile {
  /** Below the base, with `/`: `access-log/dt=2026-01-02/access-log+0+0000000000+0000000099.txt`. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the epoch; null where the store does not say. */
  readonly modifiedMs: number | null;
}

export interface FilePart {
  readonly bytes: Buffer;
  /** Of the whole file. */
  readonly size: number;
}

export interface StoredFiles {
  /** Below it lies all that the sink writes: the part of its path that has no escapes. */
  readonly base: string;
  /** What lies in `folder` of the base (empty: in the base) and further below, in no order; nothing where there is no such folder. */
  walk(folder: string, signal: AbortSignal): AsyncIterable<StoredFile>;
  /**
   * Up to `bytesMax` bytes from `from` on; a negative `from` counts from the end. Null where there is no such file. Links are not followed.
   * `path` as in `StoredFile`; whoever calls has seen to it that it stays below the base.
   */
  read(path: string, from: number, bytesMax: number): Promise<FilePart | null>;
  close(): Promise<void>;
}
