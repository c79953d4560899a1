import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlStore } from '#control/control-store';
import type { JobParts, JobResult } from '#jobs/job';
import { retentionReportJob } from '#jobs/types/retention-report';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicWriter } from '#topics/topic-writer';
import { apis } from '#wire/kafka/apis';
import { startTopics, type RunningTopics } from '../flows/topic-service.js';

const port = 25_252;
const hourMs = 60 * 60 * 1000;

describe('a report of retention', () => {
  let folder: string;
  let running: RunningTopics;
  let parts: JobParts;
  let topics: TopicAdmin;
  const written = Date.now() - 2 * hourMs;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-retention-'));
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

  async function topicWith(name: string, retentionMs: number): Promise<void> {
    const configs = { 'retention.ms': String(retentionMs) };
    await topics.createTopic({ name, partitions: 1, configs });
    const writer = new TopicWriter(parts.cluster);
    for (let index = 0; index < 10; index += 1) {
      await writer.writeRecord(name, { value: Buffer.from(`${index}`), timestamp: written + index * 1000 });
    }
    await writer.close();
  }

  function stand(group: string, topic: string, offset: number): Promise<void> {
    return topics.resetGroupOffsets(group, [{ topic, partition: 0, offset }]);
  }

  function report(parameters: Record<string, unknown> = {}): Promise<JobResult> {
    return retentionReportJob.run(
      {
        id: '1',
        parameters: retentionReportJob.parameters.parse(parameters),
        state: null,
        signal: new AbortController().signal,
        progress: () => undefined,
        checkpoint: () => Promise.resolve(),
        log: () => undefined,
      },
      parts,
    );
  }

  it('names the groups that have lost records, and those that will, with the time', async () => {
    await topicWith('short', 3 * hourMs);
    await topicWith('long', 100 * hourMs);
    await topicWith('endless', -1);
    await stand('slow', 'short', 4);
    await stand('quick', 'short', 10);
    for (const topic of ['long', 'endless']) await stand('slow', topic, 4);
    await stand('behind', 'long', 1);
    await stand('millrace-job-1', 'long', 1);
    await parts.cluster.request('any', apis.deleteRecords, {
      topics: [{ name: 'long', partitions: [{ partitionIndex: 0, offset: 3 }] }],
      timeoutMs: 5_000,
    });
    const found = await report();
    expect(found).toMatchObject({ matches: false, topic_count: 3, records: 27, lost_count: 1, at_risk_count: 1 });
    expect(found['topics']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          topic: 'short',
          records: 10,
          oldest_record: new Date(written).toISOString(),
          retention_ms: 3 * hourMs,
          groups: 2,
        }),
        expect.objectContaining({ topic: 'long', oldest_record: new Date(written + 3000).toISOString() }),
        expect.objectContaining({ topic: 'endless', retention_ms: null }),
      ]),
    );
    expect(found['lost']).toEqual([
      { group: 'behind', topic: 'long', partition: 0, committed: 1, records: 2, first_kept: 3 },
    ]);
    expect(found['at_risk']).toEqual([
      {
        group: 'slow',
        topic: 'short',
        partition: 0,
        committed: 4,
        unread: 6,
        oldest_unread: new Date(written + 4000).toISOString(),
        lost_from: new Date(written + 4000 + 3 * hourMs).toISOString(),
        is_due: false,
      },
    ]);
  });

  it('looks as far ahead as it is asked to, and at the topics that are named', async () => {
    expect(await report({ topics: ['short'], within_hours: 0.5 })).toMatchObject({ matches: true, topic_count: 1 });
    expect(await report({ topics: ['long'], within_hours: 200 })).toMatchObject({ at_risk_count: 2, lost_count: 1 });
    await expect(report({ topics: ['none'] })).rejects.toThrow(/no topic none/);
  });
});
