/**
 * Rows that wait for the end of their file, where it is only then that the file can be written: each as int32 bytes and its bytes,
 * big endian.
 */
const headBytes = 4;

/** Of rows that share one buffer or have one each. */
export function framed(rows: readonly Buffer[]): Buffer {
  let size = rows.length * headBytes;
  for (const row of rows) size += row.length;
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const row of rows) {
    at = target.writeUInt32BE(row.length, at);
    at += row.copy(target, at);
  }
  return target;
}

/** The rows again, as many at once as each chunk ends. They share memory with the chunks. */
export async function* readFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let wanted = headBytes;
  for await (const chunk of chunks) {
    rest.push(chunk);
    restBytes += chunk.length;
    // A row of many chunks is joined once, when it is there.
    if (restBytes < wanted) continue;
    const joined = rest.length === 1 ? chunk : Buffer.concat(rest);
    const rows: Buffer[] = [];
    let at = 0;
    wanted = headBytes;
    while (at + headBytes <= joined.length) {
      const end = at + headBytes + joined.readUInt32BE(at);
      if (end > joined.length) {
        wanted = end - at;
        break;
      }
      rows.push(joined.subarray(at + headBytes, end));
      at = end;
    }
    rest = [joined.subarray(at)];
    restBytes = joined.length - at;
    if (rows.length > 0) yield rows;
  }
}
