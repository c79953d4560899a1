// The example of docs/guides/add-a-sink.md: its own spec, its life under the real runner, and that the guide shows what is there.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryCatalog } from '#log/memory-catalog';
import { connectorSettings } from '#pipeline/connector-options';
import { problemsOf, validateConnector } from '#pipeline/connector-validation';
import { DeadLetterTopic } from '#pipeline/dead-letter-topic';
import { SinkTask } from '#pipeline/sink-task';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { systemRandom } from '#std/random';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicReader } from '#topics/topic-reader';
import { TopicWriter } from '#topics/topic-writer';
import { TopicsService } from '../../apps/topics/src/topics-service.js';
import { httpLinesSink } from '../../examples/add-a-sink/http-lines/sink-type.js';
import { eventually, projectRoot } from '../flows/product.js';
import { codeBlocks } from './markdown.js';
import '../../examples/add-a-sink/http-lines/http-lines-sink.spec.js';

describe('the example sink under the real runner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-add-a-sink-'));
  const topics = new TopicsService({
    dataDirectory: folder,
    catalog: new MemoryCatalog(),
    host: '127.0.0.1',
    port: 0,
    config: { 'group.initial.rebalance.delay.ms': '0' },
    clock: systemClock,
    logger: silentLogger,
  });
  /** The next requests are refused with these. */
  const refusals: number[] = [];
  const received: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      const status = refusals.shift() ?? (body.includes('bad') ? 422 : 200);
      if (status === 200) received.push(...body.trimEnd().split('\n'));
      response.writeHead(status).end();
    });
  });
  let cluster: Cluster;
  let config: Record<string, string>;

  beforeAll(async () => {
    await topics.start();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    cluster = clusterNow();
    config = {
      name: 'lines',
      'connector.class': 'http-lines',
      topics: 'events',
      'http.url': `http://127.0.0.1:${port}/`,
      'errors.deadletterqueue.topic.name': 'events.dead-letters',
    };
    await new TopicAdmin(cluster).createTopic({ name: 'events', partitions: 1 });
  });

  afterAll(async () => {
    await cluster.close();
    await topics.stop();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  function clusterNow(): Cluster {
    const bootstrap = [`127.0.0.1:${topics.port}`];
    return new Cluster({ bootstrap, clientId: 'test', clock: systemClock, logger: silentLogger });
  }

  /** As a sink worker starts it. */
  function startTask(): SinkTask {
    const settings = connectorSettings(config);
    const task = new SinkTask(
      {
        sink: httpLinesSink.create(config),
        reader: new TopicReader(cluster, { groupId: settings.groupId, topics: settings.topics, start: settings.start }),
        deadLetters: new DeadLetterTopic(new TopicWriter(cluster), new TopicAdmin(cluster), {
          topic: settings.deadLetterTopic ?? '',
          replicationFactor: 1,
        }),
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
      },
      {
        ...settings.task,
        connector: 'lines',
        task: 0,
        className: 'http-lines',
        ownerEpoch: 1,
        stateDirectory: folder,
      },
    );
    task.start();
    return task;
  }

  async function produce(values: readonly string[]): Promise<void> {
    const writer = new TopicWriter(cluster);
    await Promise.all(values.map((value) => writer.writeRecord('events', { value: Buffer.from(value) })));
    await writer.close();
  }

  it('answers Connect’s validation from its declaration alone', () => {
    expect(problemsOf(validateConnector(httpLinesSink, config))).toEqual([]);
    expect(problemsOf(validateConnector(httpLinesSink, { ...config, 'http.url': 'ftp://x' }))).toEqual([
      expect.stringMatching(/^http\.url: .*must be like http:/),
    ]);
  });

  it('delivers in order, waits while the store is away, puts bad records aside, and goes on after a restart', async () => {
    refusals.push(503, 503);
    await produce(['one', 'two', 'bad', 'three']);
    const first = startTask();
    await eventually('the good lines', 15_000, () => received.length === 3);
    await first.stop();
    const [letters] = await new TopicAdmin(cluster).offsets('events.dead-letters', 'latest');
    expect(letters).toMatchObject({ offset: 1 });
    expect(await new TopicAdmin(cluster).groupOffsets('connect-lines')).toMatchObject([{ offset: 4 }]);
    await produce(['four']);
    const second = startTask();
    await eventually('what came meanwhile', 15_000, () => received.length === 4);
    await second.stop();
    expect(received).toEqual(['one', 'two', 'three', 'four']);
  });
});

describe('docs/guides/add-a-sink.md', () => {
  const guide = readFileSync(join(projectRoot, 'docs', 'guides', 'add-a-sink.md'), 'utf8');
  const shown = codeBlocks(guide, 'ts').map(({ text }) => {
    const [, file = '', code = ''] = /^\/\/ (\S+)\n([^]*)$/.exec(text) ?? [];
    return [file, code] as const;
  });

  it.each(shown)('shows %s as it is', (file, code) => {
    expect(readFileSync(join(projectRoot, file), 'utf8')).toContain(code.trim());
  });

  it('shows both files of the example', () => {
    for (const name of ['sink-type.ts', 'http-lines-sink.ts']) {
      expect(shown.map(([file]) => file)).toContain(`examples/add-a-sink/http-lines/${name}`);
    }
  });
});
