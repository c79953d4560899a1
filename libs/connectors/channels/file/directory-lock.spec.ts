import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DirectoryLock } from './directory-lock.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'directory-lock-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('directory lock', () => {
  it('is held once in a process, and free again when it is released', async () => {
    const lock = await DirectoryLock.acquire(directory);
    await expect(DirectoryLock.acquire(directory)).rejects.toThrow('in use by another channel of this process');
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
    await (await DirectoryLock.acquire(directory)).release();
  });

  it('is not taken from a process that lives, and is taken from one that has ended', async () => {
    const child = spawn('sleep', ['60']);
    await writeFile(join(directory, 'in_use.lock'), `${child.pid ?? 0}\n`);
    await expect(DirectoryLock.acquire(directory)).rejects.toThrow(`process ${child.pid ?? 0}`);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
    const lock = await DirectoryLock.acquire(directory);
    expect(await readFile(join(directory, 'in_use.lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} `));
    await lock.release();
  });

  it('is taken over where another process has the id now', async () => {
    const child = spawn('sleep', ['60']);
    await writeFile(join(directory, 'in_use.lock'), `${child.pid ?? 0} 1\n`);
    await (await DirectoryLock.acquire(directory)).release();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
  });
});
