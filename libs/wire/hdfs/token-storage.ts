/**
 * Files with tokens: a line of text as WebHDFS gives it, or Hadoop's token storage (class `Credentials`): `HDTS`, version 0, the number of tokens,
 * then each with an alias before it. A token is identifier, password, kind and service; in URLs it is these bytes in base64url.
 */

/** Kinds that WebHDFS takes. */
const kinds: ReadonlySet<string> = new Set(['HDFS_DELEGATION_TOKEN', 'WEBHDFS delegation', 'SWEBHDFS delegation']);
const magic = Buffer.from('HDTS\0');

/** Throws where there is none. */
export function findHdfsToken(file: Buffer): string {
  if (!file.subarray(0, magic.length).equals(magic)) {
    const text = file.toString('utf8').trim();
    if (/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return text;
    throw new Error('it has neither a token in one line of text nor those of a Hadoop token storage of version 0');
  }
  const reader = new WritableReader(file, magic.length);
  const found: string[] = [];
  for (let count = reader.number(); count > 0; count -= 1) {
    reader.counted();
    const begin = reader.position;
    reader.counted();
    reader.counted();
    const kind = reader.counted().toString();
    found.push(kind);
    reader.counted();
    if (kinds.has(kind)) return file.subarray(begin, reader.position).toString('base64url');
  }
  throw new Error(`it has no token of HDFS, but of ${found.join(', ') || 'nothing'}`);
}

/** Hadoop's variable-length numbers: small ones are a byte; else the first byte says how many follow, from -112 downwards. */
class WritableReader {
  constructor(
    private readonly bytes: Buffer,
    public position: number,
  ) {}

  number(): number {
    const first = this.bytes.readInt8(this.position);
    this.position += 1;
    if (first >= -112) return first;
    const size = -112 - first;
    if (size > 4) throw new Error('a length in it is out of range');
    this.position += size;
    return this.bytes.readUIntBE(this.position - size, size);
  }

  counted(): Buffer {
    const length = this.number();
    if (length < 0 || this.position + length > this.bytes.length) throw new Error('it breaks off');
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }
}
