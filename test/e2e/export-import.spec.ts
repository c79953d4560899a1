import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { ControlStore } from '#control/control-store';
import { JobStopped } from '#jobs/job-attempt';
import type { JobParts, JobResult, JobRun, JobType } from '#jobs/job';
import { readRanges, wholeTopic } from '#jobs/range-reader';
import { exportJob } from '#jobs/types/export';
import { importJob } from '#jobs/types/import';
import { systemClock, type Clock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicWriter } from '#topics/topic-writer';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';

const port = 25_251;

describe('records as files', () => {
  let folder: string;
  let running: RunningTopics;
  let parts: JobParts;
  let topics: TopicAdmin;
  let counter = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-exports-'));
    running = await startTopics(folder, port);
    const common = { databaseUrl: 'postgres://none', clock: systemClock, logger: silentLogger };
    const cluster = new Cluster({ bootstrap: [running.bootstrap], clientId: 'spec', ...common });
    topics = new TopicAdmin(cluster);
    parts = { ...common, store: new ControlStore(common), cluster, environment: {}, dataDirectory: folder };
  }, 60_000);

  afterAll(async () => {
    await parts.cluster.close();
    await running.child.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const values = [
    Buffer.from('{"id":1,"amount":12.5}'),
    Buffer.from('{ "id": 2, "amount": 1.50 }'),
    Buffer.from('plain, "quoted"\ntext'),
    Buffer.from([0xff, 0x00, 0xfe]),
    Buffer.from('{"id":12345678901234567890}'),
    Buffer.alloc(0),
    null,
  ];

  async function topicWith(records: number): Promise<string> {
    counter += 1;
    const name = `kept-${counter}`;
    await topics.createTopic({ name, partitions: 3 });
    const writer = new TopicWriter(parts.cluster);
    await Promise.all(
      Array.from({ length: records }, (_, index) =>
        writer.writeRecord(name, {
          partition: index % 3,
          key: index % 4 === 0 ? null : Buffer.from(`key ${index}`),
          value: values[index % values.length] ?? null,
          headers:
            index % 2 === 0
              ? []
              : [
                  { key: 'n', value: String(index) },
                  { key: 'n', value: null },
                ],
          timestamp: 1_760_000_000_000 + index,
        }),
      ),
    );
    await writer.close();
    return name;
  }

  interface Given<S> {
    readonly id: string;
    readonly state?: S | null;
    readonly clock?: Clock;
    /** Stops the process, or cancels, at this checkpoint, or at this progress. */
    readonly stop?: { readonly checkpoint?: number; readonly done?: number; readonly reason: JobStopped['reason'] };
  }

  async function run<P, S>(
    type: JobType<P, S>,
    parameters: Record<string, unknown>,
    { id, state: before = null, stop, clock = systemClock }: Given<S>,
  ): Promise<{ result: JobResult | null; state: S | null }> {
    const abort = new AbortController();
    let state = before;
    let checkpoints = 0;
    const job: JobRun<P, S> = {
      id,
      parameters: type.parameters.parse(parameters),
      state,
      signal: abort.signal,
      progress: (done) => {
        if (stop?.done !== undefined && done >= stop.done) abort.abort(new JobStopped(stop.reason));
      },
      log: () => undefined,
      checkpoint: (next) => {
        checkpoints += 1;
        state = next;
        if (checkpoints === stop?.checkpoint) abort.abort(new JobStopped(stop.reason));
        abort.signal.throwIfAborted();
        return Promise.resolve();
      },
    };
    try {
      return { result: await type.run(job, { ...parts, clock }), state };
    } catch (error) {
      if (!(error instanceof JobStopped)) throw error;
      return { result: null, state };
    }
  }

  /** Everything of a topic that a copy should have, partition by partition. */
  async function recordsOf(topic: string): Promise<Map<number, unknown[]>> {
    const found = new Map<number, unknown[]>();
    for await (const { partition, records } of readRanges(
      parts.cluster,
      await wholeTopic(topics, topic),
      AbortSignal.timeout(10_000),
    )) {
      const list = found.get(partition) ?? [];
      found.set(partition, list);
      for (let index = 0; index < records.count; index += 1) {
        const headers = records.headers(index).map(({ key, value }) => [key, value?.toString('hex') ?? null]);
        const [key, value] = [records.key(index), records.value(index)].map((bytes) => bytes?.toString('hex') ?? null);
        list.push({ key, value, headers, timestamp: records.timestamp(index) });
      }
    }
    return found;
  }

  async function importable(file: string): Promise<void> {
    await mkdir(join(folder, 'imports'), { recursive: true });
    await writeFile(join(folder, 'imports', file), await readFile(join(folder, 'exports', file)));
  }

  it('are equal after an export and an import', async () => {
    const source = await topicWith(200);
    const exported = await run(exportJob, { topic: source }, { id: 'e1' });
    const file = `job-e1-${source}.ndjson`;
    expect(exported.result).toMatchObject({ records: 200, scanned: 200, file: `exports/${file}` });
    const [first] = (await readFile(join(folder, 'exports', file), 'utf8')).split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({
      topic: source,
      offset: 0,
      key_encoding: expect.anything() as unknown,
    });
    const target = `${source}-again`;
    await topics.createTopic({ name: target, partitions: 3 });
    await importable(file);
    const imported = await run(importJob, { topic: target, file }, { id: 'i1' });
    expect(imported.result).toMatchObject({ lines: 200, records: 200, bad: 0 });
    expect(await recordsOf(target)).toEqual(await recordsOf(source));
    expect((await topics.listGroups()).filter(({ groupId }) => groupId.includes('i1'))).toEqual([]);
  });

  it('stand in the file once where the export was stopped and went on', async () => {
    const source = await topicWith(300);
    const parameters = { topic: source, file: 'stopped.csv', format: 'csv' };
    const stop = { done: 100, reason: 'stopping' } as const;
    // Each look at the clock is time for a checkpoint.
    let ms = 0;
    const hasty = { ...systemClock, monotonic: () => (ms += 3_000) };
    const stopped = await run(exportJob, parameters, { id: 'e2', stop, clock: hasty });
    expect(stopped.result).toBeNull();
    expect(stopped.state?.records).toBeGreaterThan(0);
    const part = join(folder, 'exports', '.stopped.csv.job-e2.part');
    expect((await stat(part)).size).toBe(stopped.state?.bytes);
    await appendFile(part, `${source},0,0,torn`);
    const ended = await run(exportJob, parameters, { id: 'e2', state: stopped.state });
    expect(ended.result).toMatchObject({ records: 300 });
    const text = await readFile(join(folder, 'exports', 'stopped.csv'), 'utf8');
    expect(text.split('\r\n')[0]).toBe(
      'topic,partition,offset,timestamp,key,key_encoding,value,value_encoding,headers',
    );
    const places = [...text.matchAll(new RegExp(`^${source},(\\d+),(\\d+),`, 'gm'))].map(
      ([, at, offset]) => `${at}/${offset}`,
    );
    expect(places).toHaveLength(300);
    expect(new Set(places).size).toBe(300);
    expect(await readdir(join(folder, 'exports'))).not.toContain('.stopped.csv.job-e2.part');
  });

  it('are a Parquet file, also where its name was still missing when the process ended', async () => {
    const source = await topicWith(100);
    const parameters = { topic: source, file: 'deep/er/all.parquet', format: 'parquet' };
    const stopped = await run(exportJob, parameters, { id: 'e3', stop: { checkpoint: 2, reason: 'stopping' } });
    const ended = await run(exportJob, parameters, { id: 'e3', state: stopped.state });
    expect(ended.result).toMatchObject({ records: 100 });
    const file = await asyncBufferFromFile(join(folder, 'exports', 'deep/er/all.parquet'));
    const rows = await parquetReadObjects({ file, compressors });
    expect(rows).toHaveLength(100);
    expect(rows.find(({ partition, offset }) => partition === 1 && offset === 0n)).toMatchObject({
      topic: source,
      timestamp: 1_760_000_000_001n,
      key: 'key 1',
      value: '{ "id": 2, "amount": 1.50 }',
      value_encoding: 'json',
      headers: '[{"key":"n","value":"1","encoding":"text"},{"key":"n","value":null,"encoding":null}]',
    });
  });

  it('are those of a range that an expression is true for', async () => {
    const source = await topicWith(70);
    const filter = 'json != null && json.id == 1.0';
    const { result } = await run(
      exportJob,
      { topic: source, partitions: [0], from: { offset: 1 }, filter, file: 'some.ndjson' },
      { id: 'e4' },
    );
    const lines = (await readFile(join(folder, 'exports', 'some.ndjson'), 'utf8')).trim().split('\n');
    const found = lines.map((line) => JSON.parse(line) as { partition: number; offset: number });
    expect(result).toMatchObject({ records: found.length, scanned: 23 });
    expect(found.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 7],
      [0, 14],
      [0, 21],
    ]);
  });

  it('leave a file that is there, stay below their folder, and leave nothing when cancelled', async () => {
    const source = await topicWith(300);
    await mkdir(join(folder, 'exports'), { recursive: true });
    await writeFile(join(folder, 'exports', 'mine.ndjson'), 'mine');
    await expect(run(exportJob, { topic: source, file: 'mine.ndjson' }, { id: 'e5' })).rejects.toThrow(/already/);
    expect(await readFile(join(folder, 'exports', 'mine.ndjson'), 'utf8')).toBe('mine');
    for (const file of ['../out', '/etc/out', 'a/../../out', '.hidden', 'a//b', 'a\\b'])
      expect(exportJob.parameters.safeParse({ topic: source, file }).success).toBe(false);
    await symlink(tmpdir(), join(folder, 'exports', 'away'));
    await expect(run(exportJob, { topic: source, file: 'away/out' }, { id: 'e6' })).rejects.toThrow(/leads out/);
    const stop = { done: 100, reason: 'cancelled' } as const;
    await run(exportJob, { topic: source, file: 'never.ndjson', rate: 150 }, { id: 'e7', stop });
    expect((await readdir(join(folder, 'exports'))).filter((name) => name.includes('never'))).toEqual([]);
  });

  it('are imported once where the process stopped between, and lines that are none are named', async () => {
    const target = `once-${(counter += 1)}`;
    await topics.createTopic({ name: target, partitions: 1 });
    await mkdir(join(folder, 'imports'), { recursive: true });
    const lines = Array.from({ length: 200 }, (_, index) => (index % 50 === 7 ? '{"va' : `{"value":{"n":${index}}}`));
    await writeFile(join(folder, 'imports', 'by-hand.ndjson'), lines.join('\r\n'));
    const parameters = { topic: target, file: 'by-hand.ndjson', rate: 100 };
    const stopped = await run(importJob, parameters, { id: 'i2', stop: { done: 900, reason: 'stopping' } });
    expect(stopped.result).toBeNull();
    const ended = await run(importJob, { ...parameters, rate: 0 }, { id: 'i2', state: stopped.state });
    expect(ended.result).toMatchObject({ lines: 200, records: 196, bad: 4 });
    expect(ended.result?.['bad_lines']).toEqual(
      [8, 58, 108, 158].map((line) => ({ line, problem: expect.stringMatching(/JSON/) as unknown })),
    );
    const [records] = (await recordsOf(target)).values();
    expect(records).toHaveLength(196);
    expect(new Set(records?.map((record) => (record as { value: string }).value)).size).toBe(196);
    await expect(run(importJob, { ...parameters, bad_lines_max: 2 }, { id: 'i3' })).rejects.toThrow(/line 108/);
    await expect(run(importJob, { ...parameters, file: 'gone' }, { id: 'i4' })).rejects.toThrow(
      /no file imports\/gone/,
    );
  });

  it('may come of plain lines', async () => {
    const target = `lines-${(counter += 1)}`;
    await topics.createTopic({ name: target, partitions: 1 });
    await mkdir(join(folder, 'imports'), { recursive: true });
    await writeFile(join(folder, 'imports', 'plain.txt'), 'one\ntwo\n\nfour');
    const { result } = await run(importJob, { topic: target, file: 'plain.txt', format: 'lines' }, { id: 'i5' });
    expect(result).toMatchObject({ records: 4, bad: 0 });
    const [records] = (await recordsOf(target)).values();
    const texts = records?.map((record) => Buffer.from((record as { value: string }).value, 'hex').toString());
    expect(texts).toEqual(['one', 'two', '', 'four']);
  });
});
