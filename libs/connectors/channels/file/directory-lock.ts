import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError, systemCode, type ErrorKind } from '#std/errors';

export const directoryLockErrors = {
  inUse: { code: 'connectors.directory.in-use', retriable: true },
} satisfies Record<string, ErrorKind>;

const lockName = 'in_use.lock';
const heldHere = new Set<string>();

/**
 * Keeps two channels, also of two processes of one machine, from writing one directory. The file `in_use.lock` names the process by
 * its id and, where the system tells it, its start; one that a killed process left is taken over. Throws
 * `connectors.directory.in-use`.
 */
export class DirectoryLock {
  private constructor(private readonly directory: string) {}

  static async acquire(directory: string): Promise<DirectoryLock> {
    if (heldHere.has(directory)) throw inUse(directory, 'another channel of this process');
    heldHere.add(directory);
    try {
      const owner = await readOwner(directory);
      if (owner !== null && (await isAlive(owner))) throw inUse(directory, `process ${owner.id}`);
      await writeFile(lockPath(directory), `${process.pid} ${(await startOf(process.pid)) ?? ''}\n`);
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

interface Owner {
  readonly id: number;
  /** Null where it is not known. */
  readonly start: string | null;
}

async function readOwner(directory: string): Promise<Owner | null> {
  const names = await readdir(directory);
  if (!names.includes(lockName)) return null;
  const [id = '', start = ''] = (await readFile(lockPath(directory), 'utf8')).trim().split(' ');
  return /^\d+$/.test(id) ? { id: Number(id), start: start === '' ? null : start } : null;
}

/** A process id comes again, after a restart of the machine or in the next container: its start tells them apart. */
async function isAlive(owner: Owner): Promise<boolean> {
  if (owner.id === process.pid) return false;
  if (owner.start !== null) return (await startOf(owner.id)) === owner.start;
  try {
    process.kill(owner.id, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** When a process started, in ticks of the kernel; null where it has ended (a zombie has) or the system has no `/proc`. */
async function startOf(processId: number): Promise<string | null> {
  const text = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => null);
  // The name, in brackets, may hold anything; the state is the first field after it, the start the twentieth.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields.length < 20 || fields[0] === 'Z' ? null : (fields[19] ?? null);
}
