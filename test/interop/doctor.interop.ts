import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMillrace } from '../../apps/cli/src/run-millrace.testkit.js';
import { startTopics } from '../flows/topic-service.js';
import type { Child } from '../peers/child.js';
import { kafkaTool, startKafka } from '../peers/kafka.js';

jest.setTimeout(180_000);

const folder = mkdtempSync(join(tmpdir(), 'millrace-doctor-'));
const started: Child[] = [];
afterAll(async () => {
  await Promise.all(started.map((child) => child.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const findings = (out: string): { check: string; result: string; detail: string }[] =>
  JSON.parse(out) as { check: string; result: string; detail: string }[];
const failuresOf = (out: string): string[] =>
  findings(out).flatMap(({ check, result, detail }) => (result === 'ok' ? [] : [`${check}: ${detail}`]));

test('all that the product needs of topics works on ours', async () => {
  const { child, bootstrap } = await startTopics(folder, 25_430);
  started.push(child);
  const { code, out } = await runMillrace(['doctor', '--bootstrap', bootstrap, '-o', 'json']);
  expect([failuresOf(out), findings(out).length, code]).toEqual([[], 12, 0]);
});

test('and on a real Kafka, where nothing is left behind', async () => {
  const { child, bootstrap } = await startKafka({
    port: 25_432,
    directory: join(folder, 'kafka'),
    properties: ['offsets.topic.num.partitions=5', 'transaction.state.log.num.partitions=5'],
  });
  started.push(child);
  const { code, out } = await runMillrace(['doctor', '--bootstrap', bootstrap, '-o', 'json']);
  expect([failuresOf(out), findings(out).length, code]).toEqual([[], 12, 0]);
  const list = await kafkaTool('org.apache.kafka.tools.TopicCommand', ['--bootstrap-server', bootstrap, '--list']);
  expect(list).not.toContain('millrace-doctor');
});
