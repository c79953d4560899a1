/** Where files lie that appear as a whole: a folder of HDFS. */
export interface ObjectStore {
  /** All files there now, those of folders below too where that is asked for. */
  list(): Promise<readonly StoredObject[]>;
  /** The bytes from `offset` on. */
  open(path: string, offset: number): AsyncIterable<Buffer>;
  delete(path: string): Promise<void>;
  /** False where the new name is taken. */
  rename(from: string, to: string): Promise<boolean>;
  close(): void;
}

export interface StoredObject {
  /** Whole path, `/logs/2024/a.log`. */
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number;
}
