import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDirectory } from './directory-lock.js';

describe('The lock of a directory', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'directory-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is had by one at a time, and by the next once it is released', () => {
    const first = lockDirectory(folder);
    expect(first).not.toBeNull();
    expect(lockDirectory(folder)).toBeNull();
    first?.release();
    const second = lockDirectory(folder);
    expect(second).not.toBeNull();
    second?.release();
  });

  it('keeps another process out, and is free as soon as that is killed', async () => {
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
      console.log('locked');
      setInterval(() => database, 1000);`;
    const other = spawn(process.execPath, ['-e', script, join(folder, 'lock')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(other.stdout, 'data');
    expect(lockDirectory(folder)).toBeNull();
    other.kill('SIGKILL');
    await once(other, 'exit');
    const lock = lockDirectory(folder);
    expect(lock).not.toBeNull();
    lock?.release();
  });

  it('is not given for a directory that is not there', () => {
    expect(() => lockDirectory(join(folder, 'missing'))).toThrow('unable to open');
  });
});
