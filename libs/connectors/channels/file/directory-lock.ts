import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError, systemCode, type ErrorKind } from '#std/errors';

export const directoryLockErrors = {
  inUse: { code: 'connectors.directory.in-use', retriable: true },
} satisfies Record<string, ErrorKind>;

const lockName = 'in_use.lock';
const heldHere = new Set<string>();

/**
 * Keeps two channels, also of two processes of one machine, from writing one directory. The file `in_use.lock` names the process; one
 * that a killed process left is taken over. Throws `connectors.directory.in-use`.
 */
export class DirectoryLock {
  private constructor(private readonly directory: string) {}

  static async acquire(directory: string): Promise<DirectoryLock> {
    if (heldHere.has(directory)) throw inUse(directory, 'another channel of this process');
    heldHere.add(directory);
    try {
      const owner = await readOwner(directory);
      if (owner !== null && owner !== process.pid && isAlive(owner)) throw inUse(directory, `process ${owner}`);
      await writeFile(lockPath(directory), `${process.pid}\n`);
      return new DirectoryLock(directory);
    } catch (error) {
      heldHere.delete(directory);
      throw error;
    }
  }

  async release(): Promise<void> {
    await rm(lockPath(this.directory), { force: true });
    heldHere.delete(this.directory);
  }
}

function lockPath(directory: string): string {
  return join(directory, lockName);
}

function inUse(directory: string, owner: string): MillraceError {
  return new MillraceError(
    directoryLockErrors.inUse,
    `The directory ${directory} is in use by ${owner}. Give every file channel directories of its own.`,
  );
}

async function readOwner(directory: string): Promise<number | null> {
  const names = await readdir(directory);
  if (!names.includes(lockName)) return null;
  const owner = Number.parseInt(await readFile(lockPath(directory), 'utf8'), 10);
  return Number.isNaN(owner) ? null : owner;
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
