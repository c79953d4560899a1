import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keeps two processes out of one data folder. The mark of a process that has died is taken over. */
export class DataLock {
  private constructor(private readonly path: string) {}

  /** Throws when a living process has the folder. */
  static take(directory: string): DataLock {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, 'lock');
    const owner = readOwner(path);
    if (owner !== null && isAlive(owner)) {
      throw new Error(
        `${directory} is in use by process ${owner.pid}. Stop it first, or name another folder with --data.`,
      );
    }
    writeFileSync(path, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
    return new DataLock(path);
  }

  release(): void {
    rmSync(this.path, { force: true });
  }
}

interface Owner {
  readonly pid: number;
  readonly started: string | null;
}

function readOwner(path: string): Owner | null {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('pid' in parsed)) return null;
    const started = 'started' in parsed && typeof parsed.started === 'string' ? parsed.started : null;
    return { pid: Number(parsed.pid), started };
  } catch {
    return null;
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch {
    return false;
  }
  // Process ids are used again: the same one with another start time is somebody else.
  const started = startOf(owner.pid);
  return owner.started === null || started === null || started === owner.started;
}

/** Start time of a process in clock ticks since boot, where the system tells (Linux). */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
