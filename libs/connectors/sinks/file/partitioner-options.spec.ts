import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireOptions } from '#config/options';
import { PoisonRecordError } from '#pipeline/errors';
import { silentLogger } from '#std/log';
import { ManualClock } from './manual-clock.testkit.js';
import { javaPathTemplate } from './partitioner-options.js';
import { recordsOf, type TestRecord } from './records.testkit.js';
import { rollingGuarantee, rollingSetup } from './rolling-options.js';
import { RollingSink } from './rolling-sink.js';
import { rollingSpecs, rollingValues } from './rolling-specs.js';
import { SimulatedStore, SimulatedTree } from './simulated-store.testkit.js';

const at = { topic: 'orders', partition: 1 };
const specs = rollingSpecs('file.');
const noon = Date.UTC(2026, 10, 22, 12, 34, 56);
let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'partitioners-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function sinkOf(
  options: Record<string, string>,
  tree: SimulatedTree,
  clock = new ManualClock(),
): Promise<RollingSink> {
  const given = { 'topics.dir': '/topics', timezone: 'UTC', 'file.rollInterval': '0', ...options };
  const setup = rollingSetup(rollingValues('file.', requireOptions('sink', specs, given)), {
    topicsDirectory: null,
    fileType: 'DataStream',
  });
  const sink = new RollingSink({ connect: () => new SimulatedStore(tree), ...setup });
  await sink.start({ name: 'lake', task: 0, clock, logger: silentLogger, ownerEpoch: 1, stateDirectory: root });
  await sink.open([at]);
  return sink;
}

async function foldersOf(options: Record<string, string>, records: readonly TestRecord[]): Promise<string[]> {
  const tree = new SimulatedTree();
  const sink = await sinkOf(options, tree);
  await sink.put(recordsOf(at, records));
  await sink.flush(true);
  await sink.stop();
  const files = [...tree.files.keys()].filter((path) => !path.includes('/+'));
  return files.map((path) => path.slice('/topics/orders/'.length, path.lastIndexOf('/'))).toSorted();
}

describe('partitioners', () => {
  it.each<[Record<string, string>, string]>([
    [{}, 'partition=1'],
    [{ 'partitioner.class': 'io.confluent.connect.storage.partitioner.DefaultPartitioner' }, 'partition=1'],
    [{ 'partitioner.class': 'DailyPartitioner' }, 'year=2026/month=11/day=22'],
    [{ 'partitioner.class': 'HourlyPartitioner', locale: 'en-US' }, 'year=2026/month=11/day=22/hour=12'],
    [{ 'partitioner.class': 'HourlyPartitioner', timezone: 'Asia/Kolkata' }, 'year=2026/month=11/day=22/hour=18'],
    [
      {
        'partitioner.class': 'TimeBasedPartitioner',
        'path.format': "'dt'=YYYY-MM-dd/HHmm",
        'partition.duration.ms': '900000',
      },
      'dt=2026-11-22/1230',
    ],
    [
      { 'partitioner.class': 'DailyPartitioner', 'timestamp.extractor': 'RecordField', 'timestamp.field': 'at.ms' },
      'year=2026/month=11/day=21',
    ],
    [{ 'partitioner.class': 'FieldPartitioner', 'partition.field.name': 'country' }, 'country=d%2Fe'],
    [
      { 'partitioner.class': 'FieldPartitioner', 'partition.field.name': 'place.zip, paid, none' },
      'zip=7/paid=true/none=__HIVE_DEFAULT_PARTITION__',
    ],
  ])('of %j make the folder %s', async (options, folder) => {
    const value = JSON.stringify({ country: 'd/e', paid: true, place: { zip: 7 }, at: { ms: noon - 86_400_000 } });
    expect(await foldersOf(options, [{ offset: 0, value, timestamp: noon }])).toEqual([folder]);
  });

  it('put each record under its own field, and say of one that is no JSON that it is bad', async () => {
    const options = { 'partitioner.class': 'FieldPartitioner', 'partition.field.name': 'k' };
    const records = ['a', 'b', 'a'].map((k, offset) => ({ offset, value: JSON.stringify({ k }) }));
    expect(await foldersOf(options, records)).toEqual(['k=a', 'k=b']);
    const sink = await sinkOf(options, new SimulatedTree());
    await expect(sink.put(recordsOf(at, [...records, { offset: 3, value: '{' }]))).rejects.toThrow(PoisonRecordError);
    await sink.stop();
  });

  it('refuse a record without the time that its folder is named after', async () => {
    const options = { 'partitioner.class': 'DailyPartitioner', 'timestamp.extractor': 'RecordField' };
    const sink = await sinkOf(options, new SimulatedTree());
    const batch = recordsOf(at, [
      { offset: 0, value: '{"timestamp":"2026-01-01T00:00:00Z"}' },
      { offset: 1, value: '{}' },
    ]);
    await expect(sink.put(batch)).rejects.toThrow(/@1 has no time in its field timestamp/);
    await sink.stop();
  });

  it.each([
    ["'year'=YYYY/'month'=MM", { template: 'year=%Y/month=%m' }],
    ["'it''s' 100%/d", { template: "it's 100%%/%e" }],
    ['yyyy/QQ', { problem: expect.stringContaining('has QQ') as string }],
    ["'open", { problem: expect.stringContaining('does not end') as string }],
    ["'..'/yyyy", { problem: expect.stringContaining('folders named') as string }],
  ])('read the pattern %s', (format, expected) => {
    expect(javaPathTemplate(format)).toEqual(expected);
  });

  it('by the clock weaken the guarantee', () => {
    const guarantee = (options: Record<string, string>) => rollingGuarantee(specs, 'file.', options);
    expect(guarantee({ 'partitioner.class': 'HourlyPartitioner' })).toBe('exactly-once');
    expect(guarantee({ 'timestamp.extractor': 'Wallclock' })).toBe('effectively-once');
  });
});

it('a schedule cuts files at full hours of the zone', async () => {
  const tree = new SimulatedTree();
  const clock = new ManualClock();
  clock.advance(noon - clock.now());
  const sink = await sinkOf({ 'rotate.schedule.interval.ms': '3600000' }, tree, clock);
  await sink.put(recordsOf(at, [{ offset: 0, value: 'x' }]));
  clock.advance(25 * 60_000);
  expect(await sink.flush(false)).toEqual([]);
  clock.advance(3_000);
  expect(await sink.flush(false)).toEqual([]);
  clock.advance(60_000);
  expect(await sink.flush(false)).toEqual([{ ...at, offset: 1 }]);
  await sink.stop();
});
