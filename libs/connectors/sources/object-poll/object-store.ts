/** Where files lie that appear as a whole: a folder of HDFS, a bucket of S3. */
export interface ObjectStore {
  /** All files there now, those of folders below too where that is asked for. */
  list(): Promise<readonly StoredObject[]>;
  /**
   * The bytes from `offset` on. What fails for the store's sake is a `MillraceError`, and asked again later; any other error is taken
   * for damage of this file.
   */
  open(file: StoredObject, offset: number): AsyncIterable<Buffer>;
  delete(file: StoredObject): Promise<void>;
  /** Gives a file another path. False where that is taken. */
  rename(file: StoredObject, to: string): Promise<boolean>;
  close(): void;
}

export interface StoredObject {
  /** Whole path, `/logs/2024/a.log`. */
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
  /** Another one is another content. Absent where the store knows none: a file may then have grown. */
  readonly version?: string;
}
