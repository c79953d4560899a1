import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { LetterBox } from '#jobs/dead-letters/letter-box';
import { LetterLedger, type LetterState } from '#jobs/dead-letters/letter-ledger';
import type { JobParts, JobResult, JobRun, JobType } from '#jobs/job';
import { readRanges, wholeTopic } from '#jobs/range-reader';
import { discardJob } from '#jobs/types/discard';
import { redriveJob } from '#jobs/types/redrive';
import { deadLetterOf } from '#pipeline/dead-letter';
import { RecordsBatch } from '#pipeline/sink-reader';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicWriter } from '#topics/topic-writer';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';

const port = 25_301;

describe('dead letters of a sink', () => {
  let folder: string;
  let database: TestDatabase;
  let running: RunningTopics;
  let parts: JobParts;
  let topics: TopicAdmin;
  let counter = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-dead-letters-'));
    [database, running] = await Promise.all([startTestDatabase(), startTopics(folder, port)]);
    const common = { databaseUrl: database.databaseUrl, clock: systemClock, logger: silentLogger };
    const store = new ControlStore(common);
    await store.start();
    const cluster = new Cluster({ bootstrap: [running.bootstrap], clientId: 'spec', ...common });
    topics = new TopicAdmin(cluster);
    parts = { ...common, store, cluster, environment: {}, dataDirectory: folder };
  }, 60_000);

  afterAll(async () => {
    await parts.cluster.close();
    await parts.store.stop();
    await running.child.kill();
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** A sink whose every third record of `records` has died. */
  async function sinkWithLetters(records = 30): Promise<{ sink: string; source: string; dead: string }> {
    counter += 1;
    const [sink, source, dead] = [`rows-${counter}`, `orders-${counter}`, `orders-${counter}.dead`];
    const config = { name: sink, 'connector.class': 'postgres', topics: source };
    await parts.store.createConnector({
      name: sink,
      kind: 'sink',
      config: { ...config, 'errors.deadletterqueue.topic.name': dead },
      tasksMax: 1,
    });
    await topics.createTopic({ name: source, partitions: 2 });
    await topics.createTopic({ name: dead, partitions: 1 });
    const writer = new TopicWriter(parts.cluster);
    for (let index = 0; index < records; index += 1) {
      const headers = [{ key: 'tenant', value: 'a' }];
      const value = Buffer.from(JSON.stringify({ id: index, amount: 'many' }));
      await writer.writeRecord(source, { key: Buffer.from(`k${index}`), value, headers, partition: index % 2 });
    }
    for await (const { topic, partition, records: read } of readRanges(
      parts.cluster,
      await wholeTopic(topics, source),
      AbortSignal.timeout(10_000),
    )) {
      const batch = new RecordsBatch(topic, partition, read);
      for (let index = 0; index < batch.count; index += 3) {
        const reason = {
          connector: sink,
          task: 0,
          stage: 'TASK_PUT',
          className: 'postgres',
          error: new RangeError(`"many" of ${batch.offset(index)} is no number`),
          attempts: 1,
          failedAt: Date.now(),
        };
        await writer.writeRecord(dead, deadLetterOf(batch, index, reason, true));
      }
    }
    await writer.close();
    return { sink, source, dead };
  }

  /** Runs a job as the queue would; `stopAfter` kills it at that checkpoint. */
  async function run<P, S>(
    type: JobType<P, S>,
    parameters: Record<string, unknown>,
    given: { id: string; state?: S | null; stopAfter?: number },
  ): Promise<{ result: JobResult | null; state: S | null }> {
    const abort = new AbortController();
    let state: S | null = given.state ?? null;
    let checkpoints = 0;
    const job: JobRun<P, S> = {
      id: given.id,
      parameters: type.parameters.parse(parameters),
      state,
      signal: abort.signal,
      progress: () => undefined,
      log: () => undefined,
      checkpoint: (next) => {
        checkpoints += 1;
        if (checkpoints === given.stopAfter) abort.abort(new Error('killed'));
        else state = next;
        abort.signal.throwIfAborted();
        return Promise.resolve();
      },
    };
    try {
      return { result: await type.run(job, parts), state };
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      return { result: null, state };
    }
  }

  async function valuesOf(topic: string): Promise<{ value: string; headers: Record<string, string> }[]> {
    const found: { value: string; headers: Record<string, string> }[] = [];
    const ranges = await wholeTopic(topics, topic);
    for await (const { records } of readRanges(parts.cluster, ranges, AbortSignal.timeout(10_000))) {
      for (let index = 0; index < records.count; index += 1) {
        const headers = records.headers(index).map(({ key, value }) => [key, value?.toString() ?? ''] as const);
        found.push({ value: records.value(index)?.toString() ?? '', headers: Object.fromEntries(headers) });
      }
    }
    return found;
  }

  async function states(sink: string): Promise<LetterState[]> {
    const ledger = new LetterLedger(parts);
    const box = await LetterBox.open({ ...parts, ledger }, sink);
    const found: LetterState[] = [];
    for await (const { letters } of box.read(await box.ranges(), AbortSignal.timeout(10_000))) {
      found.push(...letters.map(({ handled }) => handled?.state ?? ('open' as const)));
    }
    await ledger.stop();
    return found;
  }

  it('are sent again into their topics with their headers and where they came from, and not a second time', async () => {
    const { sink, source } = await sinkWithLetters();
    const edit = { value_patch: { amount: 7 } };
    const first = await run(redriveJob, { sink, edit, rate: 0 }, { id: `${sink}-one` });
    expect(first.result).toMatchObject({ sent: 10, handled: 0, loop: 0 });
    const copies = (await valuesOf(source)).filter(({ headers }) => '__sink.redrive.count' in headers);
    expect(copies).toHaveLength(10);
    const [copy] = copies;
    expect(JSON.parse(copy?.value ?? '')).toMatchObject({ amount: 7 });
    expect(copy?.headers).toMatchObject({
      tenant: 'a',
      '__sink.redrive.topic': source,
      '__sink.redrive.count': '1',
      '__sink.redrive.job': `${sink}-one`,
    });
    expect(Object.keys(copy?.headers ?? {}).some((name) => name.startsWith('__connect.errors.'))).toBe(false);
    const second = await run(redriveJob, { sink, rate: 0 }, { id: `${sink}-two` });
    expect(second.result).toMatchObject({ sent: 0, handled: 10 });
    expect(new Set(await states(sink))).toEqual(new Set(['redriven']));
  });

  it('are each sent once when the job is killed between a transaction and its checkpoint', async () => {
    const { sink, source } = await sinkWithLetters(60);
    const id = `${sink}-killed`;
    const parameters = { sink, rate: 20 };
    const killed = await run(redriveJob, parameters, { id, stopAfter: 3 });
    expect(killed.result).toBeNull();
    const ended = await run(redriveJob, parameters, { id, state: killed.state });
    expect(ended.result).not.toBeNull();
    const copies = (await valuesOf(source)).filter(({ headers }) => '__sink.redrive.count' in headers);
    expect(copies).toHaveLength(20);
    expect(new Set(copies.map(({ headers }) => headers['__sink.redrive.letter'])).size).toBe(20);
  });

  it('that were being sent by a process that died are settled by what its transactions have committed', async () => {
    const { sink, source } = await sinkWithLetters(12);
    const ledger = new LetterLedger(parts);
    const box = await LetterBox.open({ ...parts, ledger }, sink);
    await ledger.mark(box.book, 'sending', { job: 'dead', partition: 0, offsets: [0, 1] });
    await topics.resetGroupOffsets('millrace-redrive-dead', [{ topic: box.topic, partition: 0, offset: 1 }]);
    await ledger.stop();
    const { result } = await run(redriveJob, { sink, rate: 0 }, { id: `${sink}-next` });
    expect(result).toMatchObject({ sent: 3, handled: 1 });
    expect((await valuesOf(source)).filter(({ headers }) => '__sink.redrive.count' in headers)).toHaveLength(3);
  });

  it('are chosen by an expression, and discarded ones stay in their topic and are not sent', async () => {
    const { sink, dead } = await sinkWithLetters(12);
    const before = (await valuesOf(dead)).length;
    const filter = 'json.id < 4 && error_class == "RangeError"';
    const discarded = await run(discardJob, { sink, filter }, { id: `${sink}-away` });
    expect(discarded.result).toMatchObject({ discarded: 2 });
    expect(await valuesOf(dead)).toHaveLength(before);
    const { result } = await run(redriveJob, { sink, rate: 0 }, { id: `${sink}-rest` });
    expect(result).toMatchObject({ sent: before - 2, handled: 2 });
  });

  it('that died again after as many redrives as are allowed are left', async () => {
    const { sink, dead } = await sinkWithLetters(3);
    const writer = new TopicWriter(parts.cluster);
    const headers = [
      { key: '__connect.errors.topic', value: 'gone' },
      { key: '__sink.redrive.count', value: '3' },
    ];
    await writer.writeRecord(dead, { value: Buffer.from('again'), headers });
    await writer.close();
    const { result } = await run(redriveJob, { sink, rate: 0 }, { id: `${sink}-loop` });
    expect(result).toMatchObject({ sent: 2, loop: 1 });
  });

  it('of a topic that is not there are not sent, and the job says what to do', async () => {
    const { sink } = await sinkWithLetters(3);
    const nowhere = run(redriveJob, { sink, target_topic: 'nowhere' }, { id: `${sink}-nowhere` });
    await expect(nowhere).rejects.toThrow(/There is no topic nowhere/);
    await expect(run(redriveJob, { sink: 'none' }, { id: 'none' })).rejects.toThrow('There is no sink none');
    await expect(run(redriveJob, { sink, filter: 'json..' }, { id: 'bad' })).rejects.toThrow(/cannot be used/);
  });
});
