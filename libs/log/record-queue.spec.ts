import { seededRandom } from '#std/random';
import { silentLogger } from '#std/log';
import { SimulatedDisk } from '#std/simulated-disk';
import { RecordQueue } from './record-queue.js';

const directory = '/queue';
const open = (disk: SimulatedDisk, segmentBytesMax = 400): Promise<RecordQueue> =>
  RecordQueue.open(directory, { disk, logger: silentLogger, segmentBytesMax });

async function readAll(queue: RecordQueue, bytesMax = 100): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (let at = queue.head; at < queue.end;) {
    const read = await queue.read(at, bytesMax);
    for (const record of read.records) found.set(record.position, record.bytes.toString());
    at = read.next;
  }
  return found;
}

describe('RecordQueue', () => {
  it('gives back what was appended, in order, across files and after a reopen', async () => {
    const disk = new SimulatedDisk();
    const queue = await open(disk);
    const written = new Map<number, string>();
    for (let index = 0; index < 100; index += 1) {
      const text = `record ${index} ${'x'.repeat(index)}`;
      written.set(await queue.append(Buffer.from(text)), text);
    }
    expect(await readAll(queue)).toEqual(written);
    await queue.close();
    const again = await open(disk);
    expect(await readAll(again, 1)).toEqual(written);
    expect(await again.read(again.end, 10)).toEqual({ records: [], next: again.end, damage: null });
  });

  it('removes files below the head and remembers the head', async () => {
    const disk = new SimulatedDisk();
    const queue = await open(disk);
    const positions: number[] = [];
    for (let index = 0; index < 50; index += 1) positions.push(await queue.append(Buffer.alloc(50, index + 1)));
    const before = disk.paths().length;
    await queue.trim(positions[30] ?? 0);
    expect(disk.paths().length).toBeLessThan(before);
    await queue.close();
    const again = await open(disk);
    expect(again.head).toBe(positions[30]);
    expect([...(await readAll(again)).keys()]).toEqual(positions.slice(30));
  });

  it('answers every append of one group after one sync', async () => {
    const disk = new SimulatedDisk();
    const queue = await open(disk, 1_000_000);
    await queue.append(Buffer.from('first'));
    const before = disk.operations;
    await Promise.all(Array.from({ length: 100 }, () => queue.append(Buffer.from('more'))));
    expect(disk.operations - before).toBe(2);
  });

  it('stops for good after a failed sync', async () => {
    const disk = new SimulatedDisk();
    const queue = await open(disk);
    await queue.append(Buffer.from('kept'));
    disk.failAt('sync', 1, new Error('EIO'));
    await expect(queue.append(Buffer.from('lost'))).rejects.toThrow('cannot write');
    await expect(queue.append(Buffer.from('refused'))).rejects.toThrow('cannot write');
  });

  it('goes on after a failed write, at the same position', async () => {
    let disk = new SimulatedDisk();
    const queue = await open(disk);
    await queue.append(Buffer.from('kept'));
    const { end } = queue;
    disk.failAt('write', 1, new Error('ENOSPC'));
    await expect(queue.append(Buffer.from('refused'))).rejects.toThrow('ENOSPC');
    expect(await queue.append(Buffer.from('after'))).toBe(end);
    disk = disk.kill();
    expect([...(await readAll(await open(disk))).values()]).toEqual(['kept', 'after']);
  });

  it('passes over a damaged record, says which file it was in, and keeps that file when it is done with', async () => {
    const disk = new SimulatedDisk();
    const queue = await open(disk, 100);
    const position = await queue.append(Buffer.from('hello'));
    await queue.append(Buffer.from('world'));
    for (let index = 0; index < 5; index += 1) await queue.append(Buffer.alloc(60, 'x'));
    const path = disk.paths()[0] ?? '';
    const bytes = disk.peek(path) ?? Buffer.alloc(0);
    bytes[position + 9] = 0;
    disk.overwrite(path, bytes);
    const read = await queue.read(position, 100);
    expect(read.records.map((record) => record.bytes.toString())).toContain('world');
    expect(read.damage).toBe(`${path} is damaged at byte 16: 13 bytes fail their check and are passed over.`);
    await queue.trim(queue.end);
    expect(disk.paths()).toContain(`${path}.damaged`);
  });

  it('finds the next record where a length is damaged too, and where a whole file is gone', async () => {
    const disk = new SimulatedDisk();
    const queue = await open(disk, 200);
    const texts = Array.from({ length: 12 }, (_, index) => `record ${index} ${'x'.repeat(40)}`);
    for (const text of texts) await queue.append(Buffer.from(text));
    await queue.close();
    const [first = '', second = ''] = disk.paths();
    const bytes = disk.peek(first) ?? Buffer.alloc(0);
    bytes[16] = 0x7f;
    disk.overwrite(first, bytes);
    await disk.remove(second);
    const again = await open(disk);
    const found = [...(await readAll(again)).values()];
    expect(found).toEqual(texts.filter((text) => found.includes(text)));
    expect(found).toHaveLength(7);
    expect((await again.read(again.head, 10)).damage).toContain('is damaged at byte 16');
    await disk.remove(first);
    const last = await open(disk);
    expect((await last.read(last.head, 10)).damage).toContain('are gone');
  });

  it('keeps records behind damage in the last file, which is no torn tail', async () => {
    const disk = new SimulatedDisk();
    const queue = await open(disk, 1_000_000);
    for (const text of ['a', 'b', 'c']) await queue.append(Buffer.from(text.repeat(30)));
    await queue.close();
    const path = disk.paths()[0] ?? '';
    const bytes = disk.peek(path) ?? Buffer.alloc(0);
    bytes[16 + 38 + 20] = 0;
    disk.overwrite(path, bytes);
    expect([...(await readAll(await open(disk))).values()]).toEqual(['a'.repeat(30), 'c'.repeat(30)]);
  });

  it('gives each of several directories its files in turn, and passes over one that is full', async () => {
    const disk = new SimulatedDisk();
    const directories = ['/one', '/two', '/three'];
    disk.space = (path) => Promise.resolve({ totalBytes: 100, usableBytes: path === '/two' ? 10 : 60 });
    const options = { disk, logger: silentLogger, segmentBytesMax: 100, freeBytesMin: 50 };
    const queue = await RecordQueue.open(directories, options);
    const written = new Map<number, string>();
    for (let index = 0; index < 20; index += 1) {
      written.set(await queue.append(Buffer.alloc(60, index + 1)), Buffer.alloc(60, index + 1).toString());
    }
    await queue.close();
    const files = (directory: string) => disk.paths().filter((path) => path.startsWith(directory)).length;
    expect([files('/one'), files('/two'), files('/three')]).toEqual([5, 0, 5]);
    expect(await readAll(await RecordQueue.open(directories, options))).toEqual(written);
  });

  it('syncs when it is told to, or closed, where groups are not synced each', async () => {
    let disk = new SimulatedDisk();
    const options = { disk, logger: silentLogger, syncsEach: false };
    const queue = await RecordQueue.open(directory, options);
    await queue.append(Buffer.from('synced'));
    await queue.sync();
    await queue.append(Buffer.from('lost'));
    const before = disk.operations;
    await queue.append(Buffer.from('lost too'));
    expect(disk.operations - before).toBe(1);
    disk = disk.crash({ next: () => 0.999 });
    const found = await readAll(await RecordQueue.open(directory, { ...options, disk }));
    expect([...found.values()][0]).toBe('synced');
  });

  it('keeps every acknowledged record and trim over a thousand power cuts', async () => {
    for (let seed = 1; seed <= 1000; seed += 1) await crashRun(seed);
  });
});

async function crashRun(seed: number): Promise<void> {
  const random = seededRandom(seed);
  let disk = new SimulatedDisk({ random });
  const acked = new Map<number, string>();
  let ackedHead = 0;
  let askedHead = 0;
  for (let life = 0; life < 3; life += 1) {
    const queue = await open(disk);
    const found = await readAll(queue);
    expect(queue.head).toBeGreaterThanOrEqual(ackedHead);
    expect(queue.head).toBeLessThanOrEqual(Math.max(askedHead, 16));
    for (const [position, text] of acked) {
      if (position >= queue.head) expect([seed, position, found.get(position)]).toEqual([seed, position, text]);
    }
    disk.haltIn(Math.floor(random.next() * 120));
    let count = 0;
    const worker = async (name: string): Promise<void> => {
      for (let index = 0; index < 20; index += 1) {
        const text = `${seed} ${life} ${name} ${index} ${'z'.repeat(Math.floor(random.next() * 60))}`;
        const position = await queue.append(Buffer.from(text));
        acked.set(position, text);
        count += 1;
        if (random.next() < 0.2) {
          const keys = [...acked.keys()].filter((key) => key >= queue.head);
          const head = keys[Math.floor(random.next() * keys.length)] ?? 0;
          askedHead = Math.max(askedHead, head);
          await queue.trim(head);
          ackedHead = Math.max(ackedHead, head);
        }
      }
    };
    void worker('a');
    void worker('b');
    for (let last = -1; !disk.halted && count < 40 && last !== disk.operations;) {
      last = disk.operations;
      await new Promise((resolve) => setImmediate(resolve));
    }
    disk = random.next() < 0.3 ? disk.kill() : disk.crash(random);
  }
}
