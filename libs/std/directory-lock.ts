import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemCode } from './errors.js';

/** A directory that nobody else may have. It is free again when its process ends, however it ends. */
export interface DirectoryLock {
  release(): void;
}

/** What SQLite answers where another connection has the file: SQLITE_BUSY. */
const busyCode = 5;

/**
 * Locks `directory` by a file `lock` in it; null where another process, or another engine of this one, has it. Node has no call for
 * the kernel's file locks and SQLite, which comes with it, takes just such a one: so nothing is left to clear away after a kill,
 * process ids need not be compared, and containers that share a folder see each other.
 */
export function lockDirectory(directory: string): DirectoryLock | null {
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    // Nothing is written for it, not even a journal, so that a start on a full disk succeeds.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => database.close() };
}

function isBusy(error: unknown): boolean {
  if (systemCode(error) !== 'ERR_SQLITE_ERROR') return false;
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === busyCode;
}
