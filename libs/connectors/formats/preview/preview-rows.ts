export interface PreviewBounds {
  readonly rowsMax: number;
  /** Of what is unpacked. */
  readonly plainBytesMax: number;
  /** The bytes are the beginning of a longer file. */
  readonly isPart: boolean;
}

export interface PreviewedRows {
  /** What read them, in words: `Avro container, snappy`. */
  readonly decoder: string;
  /** As the file states it; null where it has none. */
  readonly schema: string | null;
  readonly columns: readonly string[];
  /** Values by columns; bytes as Buffers. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}
