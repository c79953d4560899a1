import { dirname } from 'node:path';
import type { Disk } from '#std/disk';
import { crc32c } from '#std/crc32c';

/** Replaces a small file at once and durably: a crash leaves the old or the new one. */
export async function replaceFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await disk.open(temporary, 'append');
  try {
    await file.truncate(0);
    await file.write([bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, path);
  await disk.syncDirectory(dirname(path));
}

/** A text with a last line that holds its CRC-32C. */
export function sealText(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([body, Buffer.from(`crc ${crc32c(body).toString(16)}\n`)]);
}

/** The text of `sealText`; null where it fails its check. */
export function openText(bytes: Buffer): string | null {
  const at = bytes.lastIndexOf('crc ');
  if (at < 0) return null;
  const body = bytes.subarray(0, at);
  return bytes.subarray(at).toString() === `crc ${crc32c(body).toString(16)}\n` ? body.toString() : null;
}
