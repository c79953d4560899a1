import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseOptions } from '#config/options';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { fileSink } from './file-sink.js';
import { LocalStore } from './local-store.js';
import { recordsOf } from './records.testkit.js';

const store = new LocalStore();
let root = '';

beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), 'local-store-'));
});

afterEach(async () => {
  await fs.rm(root, { recursive: true, force: true });
});

async function* bytesOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

describe('a local store', () => {
  it('writes, renames, reads, lists and removes', async () => {
    await store.makeDirectory(join(root, 'a/b'));
    expect(await store.write(join(root, 'a/b/one'), bytesOf('x'.repeat(5)))).toBe(5);
    expect(await store.rename(join(root, 'a/b/one'), join(root, 'a/two'))).toBe('renamed');
    expect(await store.size(join(root, 'a/two'))).toBe(5);
    expect(await store.size(join(root, 'a/b/one'))).toBeNull();
    expect((await store.read(join(root, 'a/two')))?.toString()).toBe('xxxxx');
    expect([...(await store.list(join(root, 'a')))].sort((left, right) => left.name.localeCompare(right.name))).toEqual(
      [
        { name: 'b', directory: true },
        { name: 'two', directory: false },
      ],
    );
    await store.remove(join(root, 'a/two'));
    await store.remove(join(root, 'a/two'));
    expect(await store.read(join(root, 'a/two'))).toBeNull();
    expect(await store.list(join(root, 'none'))).toEqual([]);
  });

  it('never replaces a file by a rename', async () => {
    await store.write(join(root, 'one'), bytesOf('1'));
    await store.write(join(root, 'two'), bytesOf('2'));
    expect(await store.rename(join(root, 'one'), join(root, 'two'))).toBe('exists');
    expect(await store.rename(join(root, 'none'), join(root, 'two'))).toBe('missing');
    expect(await store.rename(join(root, 'none'), join(root, 'three'))).toBe('missing');
    expect((await store.read(join(root, 'two')))?.toString()).toBe('2');
  });

  it('finishes a rename that broke off between link and unlink', async () => {
    await store.write(join(root, 'one'), bytesOf('1'));
    await fs.link(join(root, 'one'), join(root, 'two'));
    expect(await store.rename(join(root, 'one'), join(root, 'two'))).toBe('renamed');
    expect(await fs.readdir(root)).toEqual(['two']);
  });

  it('tells what may pass from what will not', async () => {
    await expect(store.write(join(root, 'none/x'), bytesOf('1'))).rejects.toThrow(RetriableSinkError);
    await store.write(join(root, 'file'), bytesOf('1'));
    await expect(store.makeDirectory(join(root, 'file/x'))).rejects.toThrow(FatalSinkError);
  });
});

describe('the file sink', () => {
  it("understands the names of the HDFS sink's options", () => {
    const given = {
      'file.path': '/lake/%Y',
      'hdfs.timeZone': 'UTC',
      'hdfs.rollInterval': '9',
      'hdfs.fileType': 'SequenceFile',
    };
    const { values, unknown, problems } = parseOptions(fileSink.options, given);
    expect({ unknown, problems }).toEqual({ unknown: [], problems: [] });
    expect(values).toMatchObject({ 'file.rollInterval': 9, 'file.fileType': 'SequenceFile', 'file.timeZone': 'UTC' });
    expect(fileSink.guarantee({ ...given, 'hdfs.useLocalTimeStamp': 'true' })).toBe('effectively-once');
  });

  it('writes rolling files and finds its position again', async () => {
    const at = { topic: 'orders', partition: 2 };
    const start = async (ownerEpoch: number) => {
      const sink = fileSink.create({
        'file.path': `${root}/lake/%{kind}/%Y`,
        'file.timeZone': 'UTC',
        'json.envelope': 'true',
      });
      const stateDirectory = join(root, `state-${ownerEpoch}`);
      await sink.start({ name: 'f', task: 0, clock: systemClock, logger: silentLogger, ownerEpoch, stateDirectory });
      return sink;
    };
    const first = await start(1);
    expect(await first.open([at])).toEqual([]);
    const records = [10, 11, 12].map((offset) => ({
      offset,
      value: `v${offset}`,
      headers: { kind: offset === 11 ? 'b' : 'a', timestamp: '0' },
    }));
    await first.put(recordsOf(at, records));
    expect(await first.flush(false)).toEqual([]);
    expect(await first.flush(true)).toEqual([{ ...at, offset: 13 }]);
    await first.stop();
    const read = (path: string): Promise<string> => fs.readFile(join(root, 'lake', path), 'utf8');
    expect(await read('a/1970/orders+2+0000000010+0000000012.txt')).toBe('v10\nv12\n');
    expect(await read('b/1970/orders+2+0000000011+0000000011.txt')).toBe('v11\n');
    expect(await fs.readdir(join(root, 'lake/+tmp/orders/2'))).toEqual([]);
    const second = await start(2);
    expect(await second.open([at])).toEqual([{ ...at, offset: 13 }]);
    await second.stop();
    await expect((await start(1)).open([at])).rejects.toThrow(FatalSinkError);
  });
});
