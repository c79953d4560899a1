/**
 * Files on a local disk or a mounted one. What resolved is durable: files and the folders that name them are synced. A rename that
 * never replaces is a hard link followed by an unlink, so the file system needs hard links (a base folder on one without them,
 * such as FAT, is refused with EPERM).
 */
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { messageOf, systemCode } from '#std/errors';
import type { FileStore, RenameResult, StoredFile } from './file-store.js';

const retriableCodes: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EIO',
  'EINTR',
  'EMFILE',
  'ENFILE',
  'ENOENT',
  'ENOSPC',
  'ESTALE',
  'ETIMEDOUT',
]);

export class LocalStore implements FileStore {
  async makeDirectory(path: string): Promise<void> {
    await explained(`make the folder ${path}`, async () => {
      const first = await fs.mkdir(path, { recursive: true });
      if (first === undefined) return;
      for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
    });
  }

  async write(path: string, chunks: AsyncIterable<Buffer>): Promise<number> {
    return explained(`write ${path}`, async () => {
      let bytes = 0;
      const file = await fs.open(path, 'w', 0o644);
      try {
        for await (const chunk of chunks) {
          await file.writeFile(chunk);
          bytes += chunk.length;
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await syncDirectory(dirname(path));
      return bytes;
    });
  }

  async rename(from: string, to: string): Promise<RenameResult> {
    return explained(`rename ${from} to ${to}`, async () => {
      try {
        await fs.link(from, to);
      } catch (error) {
        const code = systemCode(error);
        if (code === 'ENOENT' && !(await exists(from))) return 'missing';
        if (code !== 'EEXIST') throw error;
        // The link may be there from an earlier call that broke off before the unlink.
        if (!(await exists(from))) return 'missing';
        if (!(await sameFile(from, to))) return 'exists';
      }
      await syncDirectory(dirname(to));
      await fs.rm(from, { force: true });
      return 'renamed';
    });
  }

  async read(path: string): Promise<Buffer | null> {
    return explained(`read ${path}`, () => orNull(fs.readFile(path)));
  }

  async size(path: string): Promise<number | null> {
    return explained(`look at ${path}`, async () => (await orNull(fs.stat(path)))?.size ?? null);
  }

  async list(directory: string): Promise<readonly StoredFile[]> {
    return explained(`list ${directory}`, async () => {
      const entries = (await orNull(fs.readdir(directory, { withFileTypes: true }))) ?? [];
      return entries.map((entry) => ({ name: entry.name, directory: entry.isDirectory() }));
    });
  }

  async remove(path: string): Promise<void> {
    await explained(`remove ${path}`, () => fs.rm(path, { force: true }));
  }

  async close(): Promise<void> {}
}

async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    const message = `Cannot ${what}: ${messageOf(error)}`;
    if (retriableCodes.has(code)) throw new RetriableSinkError(message, { cause: error });
    throw new FatalSinkError(message, { cause: error });
  }
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await orNull(fs.stat(path))) !== null;
}

async function sameFile(left: string, right: string): Promise<boolean> {
  const [one, other] = await Promise.all([orNull(fs.stat(left)), orNull(fs.stat(right))]);
  return one !== null && one.ino === other?.ino && one.dev === other.dev;
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await fs.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
