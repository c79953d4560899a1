/**
 * What the rolling files need of a store: HDFS, a local disk, or the simulated one of the specs. Paths are absolute, with `/`.
 *
 * Everything may fail with a RetriableSinkError after it happened (the answer was lost) or before, and with a FatalSinkError where
 * trying again is no use. What resolved is durable.
 */
export interface FileStore {
  /** With its parents; no error where it is there. */
  makeDirectory(path: string): Promise<void>;
  /** Writes a whole new file into a folder that is there and gives its size. Not atomic: a failed call may leave a part of it. */
  write(path: string, chunks: AsyncIterable<Buffer>): Promise<number>;
  /** Atomic, and never replaces: `exists` where `to` is there, `missing` where `from` is not. The folder of `to` is there. */
  rename(from: string, to: string): Promise<RenameResult>;
  /** The whole file, or null where there is none. */
  read(path: string): Promise<Buffer | null>;
  /** Size in bytes, or null where there is no such file. */
  size(path: string): Promise<number | null>;
  /** What lies in a folder; nothing where there is no such folder. */
  list(directory: string): Promise<readonly StoredFile[]>;
  /** No error where the file is gone already. */
  remove(path: string): Promise<void>;
  close(): Promise<void>;

  /**
   * Writes a whole new file that is only seen once it is renamed to `to`. Gives what `rename` takes for it, a path too. For stores that can
   * rename nothing; absent = `write(temporary)`.
   */
  stage?(temporary: string, to: string, chunks: AsyncIterable<Buffer>, note: StageNote): Promise<StagedFile>;
  /** Makes a small whole file, atomically; false where there is one, which stays. Absent = `write` and `rename`. */
  createNew?(path: string, bytes: Buffer): Promise<boolean>;
  /**
   * Drops what was staged below `directory` before the file `since` came into being, for files whose name `isOwn` takes. Absent = it lies in
   * a folder of temporary files.
   */
  dropStaged?(directory: string, since: string, isOwn: (name: string) => boolean): Promise<void>;
  /** The note of a file that was staged; null where there is none. Absent = names of files say it all. */
  noteOf?(path: string): Promise<StageNote | null>;
}

export interface StageNote {
  /** What is read next once the file is there, in its partition. */
  readonly nextOffset: number;
}

export interface StagedFile {
  readonly from: string;
  readonly bytes: number;
}

export type RenameResult = 'renamed' | 'missing' | 'exists';

export interface StoredFile {
  readonly name: string;
  readonly directory: boolean;
}
