import { SimulatedDisk } from '#std/simulated-disk';
import { FilePool } from './file-pool.js';

describe('FilePool', () => {
  const setUp = async () => {
    const disk = new SimulatedDisk();
    await disk.makeDirectory('/d');
    return { disk, pool: new FilePool(disk, 3) };
  };
  const opens = async (disk: SimulatedDisk, work: () => Promise<unknown>): Promise<boolean> => {
    const before = disk.operations;
    await work();
    return disk.operations > before;
  };

  it('keeps the files used last open and closes the others', async () => {
    const { disk, pool } = await setUp();
    const use = (name: string) => pool.use(`/d/${name}`, () => Promise.resolve(), 'create');
    for (const name of ['a', 'b', 'c', 'a', 'd']) await use(name);
    expect(await opens(disk, () => use('a'))).toBe(false);
    expect(await opens(disk, () => use('d'))).toBe(false);
    expect(await opens(disk, () => use('b'))).toBe(true);
  });

  it('opens once for users that come together', async () => {
    const { disk, pool } = await setUp();
    const use = () => pool.use('/d/a', () => Promise.resolve(), 'create');
    await Promise.all([use(), use(), use()]);
    expect(disk.operations).toBe(2);
  });

  it('tries again after a file could not be opened', async () => {
    const { disk, pool } = await setUp();
    await expect(pool.use('/d/a', () => Promise.resolve())).rejects.toThrow('ENOENT');
    await (await disk.open('/d/a', 'append')).close();
    await pool.use('/d/a', () => Promise.resolve());
  });
});
