// A real Prometheus scrapes the all-in-one with the rules of deploy/: they load, name only what is there, fire and resolve.
import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { eventually, Product, projectRoot } from '../flows/product.js';
import { answers, Child } from '../peers/child.js';

jest.setTimeout(120_000);

const prometheusPort = 31_971;
const deploy = join(projectRoot, 'deploy');
const rulesPath = join(deploy, 'prometheus', 'alerts.yml');
const folder = mkdtempSync(join(tmpdir(), 'millrace-prometheus-'));
chmodSync(folder, 0o755);
const product = new Product({ directory: folder, topicsPort: 31_972, httpPort: 31_970, config: null });
let prometheus: Child | null = null;

beforeAll(() => product.start());
afterAll(async () => {
  await prometheus?.stop();
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const metrics = async (): Promise<string> => String((await product.rest('GET', '/metrics')).body);

test('metrics keep the rules of Prometheus for names, units and help', async () => {
  await eventually('reports of tasks', 30_000, async () => (await metrics()).includes('millrace_task_lag_seconds{'));
  const said = execFileSync('promtool', ['check', 'metrics'], { input: await metrics(), encoding: 'utf8' });
  expect(said).toBe('');
});

test('alerts and the board name only metrics that there are', async () => {
  const board = readFileSync(join(deploy, 'grafana', 'millrace.json'), 'utf8');
  const used =
    `${readFileSync(rulesPath, 'utf8')}${board}`.match(/\b(millrace|process)_[a-z_]+(?=[\s{[)\\"]|$)/g) ?? [];
  expect(used.length).toBeGreaterThan(30);
  await eventually('each of them', 30_000, async () => {
    const there = new Set(Array.from((await metrics()).matchAll(/^# TYPE (\S+)/gm), (match) => match[1]));
    return used.every((name) => there.has(name));
  });
});

const alertsAnswer = z.object({
  data: z.object({ alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })) }),
});

async function firing(): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${prometheusPort}/api/v1/alerts`);
  const { data } = alertsAnswer.parse(await response.json());
  return data.alerts
    .filter(({ state }) => state === 'firing')
    .map(({ labels }) => `${labels['alertname']} ${labels['connector'] ?? ''}`.trim());
}

test('a task that failed raises its alert, and the alert goes when the task runs', async () => {
  startPrometheus();
  await eventually('Prometheus', 30_000, () => answers(prometheusPort));
  await eventually('a scrape', 15_000, async () => (await query('up')) === 1);
  expect(await firing()).toEqual([]);

  const config = {
    'connector.class': 'file',
    topics: 'access-log',
    'file.path': join(product.dataDirectory, 'access-table.lock', 'no-folder'),
    'task.restart.max': '0',
  };
  writeFileSync(join(product.dataDirectory, 'access-table.lock'), '');
  await product.rest('POST', '/connectors', { name: 'broken', config });
  await eventually('the alert', 30_000, async () => (await firing()).includes('MillraceTaskFailed broken'));

  const mended = { ...config, 'file.path': join(product.dataDirectory, 'mended') };
  expect((await product.rest('PUT', '/connectors/broken/config', mended)).status).toBe(200);
  await eventually('no alert', 30_000, async () => (await firing()).length === 0);
});

/** Everything as in deploy/, but a hundred times as quick. */
function startPrometheus(): void {
  const directory = join(folder, 'prometheus');
  mkdirSync(directory);
  execFileSync('promtool', ['check', 'config', join(deploy, 'prometheus', 'prometheus.yml')]);
  const rules = readFileSync(rulesPath, 'utf8')
    .replaceAll(/for: \d+m/g, 'for: 2s')
    .replaceAll(/\[\d+m\]/g, '[10s]');
  writeFileSync(join(directory, 'alerts.yml'), rules);
  const config = parse(readFileSync(join(deploy, 'prometheus', 'prometheus.yml'), 'utf8')) as Record<string, unknown>;
  const quick = {
    ...config,
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs: [{ job_name: 'millrace', static_configs: [{ targets: [new URL(product.url).host] }] }],
  };
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(quick));
  prometheus = new Child({
    command: 'prometheus',
    args: [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ],
    logPath: join(directory, 'prometheus.out'),
  });
}

async function query(expression: string): Promise<number | null> {
  const url = `http://127.0.0.1:${prometheusPort}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const answer = z.object({
    data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
  });
  const [first] = answer.parse(await (await fetch(url)).json()).data.result;
  return first === undefined ? null : Number(first.value[1]);
}
