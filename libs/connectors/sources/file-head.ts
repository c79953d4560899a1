/** How a file is told from another one that got its name or its inode number: by a hash of its first bytes. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { fieldsOf, textField, wholeField } from '#std/json-fields';

/** A hash over the first `bytes` bytes. */
export interface FileHead {
  readonly bytes: number;
  readonly hash: string;
}

/** More bytes than this tell no more. */
export const headBytesMax = 1024;

/** Whether the file at `path` begins as `head` says. */
export async function hasHead(path: string, head: FileHead): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    return (await headOf(handle, head.bytes)).hash === head.hash;
  } finally {
    await handle.close();
  }
}

export async function headOf(handle: FileHandle, bytes: number): Promise<FileHead> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
  return { ...headOfBytes(buffer.subarray(0, bytesRead)), bytes };
}

export function headOfBytes(bytes: Buffer): FileHead {
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  return { bytes: bytes.length, hash };
}

/** A head out of JSON that was written before. Throws a TypeError for anything else. */
export function keptHead(value: unknown): FileHead {
  const fields = fieldsOf(value);
  return { bytes: wholeField(fields, 'bytes', 0), hash: textField(fields, 'hash') };
}
