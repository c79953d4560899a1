import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalFiles } from './local-files.js';

describe('files of a local disk', () => {
  let folder: string;
  let files: LocalFiles;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-local-files-'));
    await mkdir(join(folder, 'lake', 'a'), { recursive: true });
    await mkdir(join(folder, 'other'));
    await writeFile(join(folder, 'lake', 'a', 'one'), '0123456789');
    await writeFile(join(folder, 'other', 'secret'), 'secret');
    await symlink(join(folder, 'other', 'secret'), join(folder, 'lake', 'a', 'link'));
    await symlink(join(folder, 'other'), join(folder, 'lake', 'b'));
    files = new LocalFiles(join(folder, 'lake'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const pathsIn = async (below: string): Promise<string[]> => {
    const paths: string[] = [];
    for await (const { path } of files.walk(below, AbortSignal.timeout(5_000))) paths.push(path);
    return paths;
  };

  it('are listed with what lies further below, without links', async () => {
    expect(await pathsIn('')).toEqual(['a/one']);
    expect(await pathsIn('b')).toEqual([]);
    expect(await pathsIn('nothing')).toEqual([]);
  });

  it('are read in parts, from the front or the end', async () => {
    const text = async (from: number, count: number) => String((await files.read('a/one', from, count))?.bytes);
    expect(await text(0, 4)).toBe('0123');
    expect(await text(8, 10)).toBe('89');
    expect(await text(-3, 10)).toBe('789');
    expect((await files.read('a/one', 0, 0))?.size).toBe(10);
  });

  it.each(['a/link', 'b/secret', 'a', 'a/none', '../other/secret'])('are not read over %s', async (path) => {
    expect(await files.read(path, 0, 10)).toBeNull();
  });

  it('need a folder of their own', () => {
    expect(() => new LocalFiles('/')).toThrow('no folder of their own');
  });
});
