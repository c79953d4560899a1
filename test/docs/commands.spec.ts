// Runs every command that README.md and docs/ show against one all-in-one: those of a page in their order, pages side by side.
import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import pg from 'pg';
import type { OptionSpecs } from '#config/options';
import { loadConnectorPlugins } from '#connectors/connector-plugins';
import { findSinkType } from '#connectors/registry-sinks';
import { connectorOptions } from '#pipeline/connector-options';
import { problemsOf, validateConnector } from '#pipeline/connector-validation';
import { ownOptions } from '#pipeline/own-options';
import { eventually, Product, projectRoot } from '../flows/product.js';
import { codeBlocks } from './markdown.js';

jest.setTimeout(60_000);

const pages = ['README.md', ...markdownBelow('docs')];

/** Commands that are not run here, each with its reason. */
const exceptions: readonly { readonly command: RegExp; readonly reason: string }[] = [
  {
    command: /^(DATABASE_URL=\S+ )?npm (ci|start)\b/,
    reason: 'the all-in-one of this test is what they start',
  },
  { command: /^(npx millrace role |TOPICS_BOOTSTRAP=\S+ npx millrace role )/, reason: 'runs until it is stopped' },
  { command: /^npx millrace collector run /, reason: 'runs until it is stopped' },
  { command: /^export DATABASE_URL=/, reason: 'a PostgreSQL of the reader’s' },
  { command: /^kcat /, reason: 'not part of the install; test/interop runs kcat' },
  { command: /^psql /, reason: 'not part of the install; the query is made below' },
  {
    command: /^(cd millrace-sink-|npm (install|test)$)/,
    reason: 'test/docs/create-sink.spec.ts runs the test of the package',
  },
  { command: /^(MILLRACE_DB_PASSWORD=\S+ )?docker /, reason: 'needs a container engine' },
];

interface Step {
  readonly page: string;
  readonly where: string;
  readonly script: string;
}

const plugins = await loadConnectorPlugins();
const skipped = new Set<RegExp>();
const steps: Step[] = pages.flatMap((page) =>
  codeBlocks(readFileSync(join(projectRoot, page), 'utf8'), 'sh').map(({ text, line }) => ({
    page,
    where: `${page}:${line}`,
    script: text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter((command) => !isException(command))
      .join('\n'),
  })),
);

const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
chmodSync(folder, 0o755);
const product = new Product({ directory: folder, topicsPort: 26_392, httpPort: 26_380, config: null });

const runs = new Map<Step, Promise<ScriptResult>>();

beforeAll(async () => {
  makeFolder();
  await product.start();
  await eventually('first reports of the tasks', 30_000, async () => {
    const { body } = await product.rest('GET', '/metrics');
    return String(body).includes('millrace_task_lag_records');
  });
  for (const page of pages) {
    let previous: Promise<unknown> = Promise.resolve();
    for (const step of steps.filter((candidate) => candidate.page === page)) {
      const run = previous.then(() => runScript(step.script));
      runs.set(step, run);
      previous = run;
    }
  }
});

afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it.each(steps.filter(({ script }) => script.trim() !== '').map((step) => [step.where, step] as const))(
  '%s',
  async (_where, step) => {
    const { code, output } = (await runs.get(step)) ?? { code: null, output: 'it was not run' };
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  },
);

it('the sinks that the guide adds have written', async () => {
  await eventually('rows and files', 30_000, async () => {
    const rows = await query('SELECT count(*) AS count FROM orders');
    const latest = await query('SELECT state FROM orders_latest WHERE id = 1');
    const files = readdirSync(join(product.dataDirectory, 'orders'), { recursive: true, encoding: 'utf8' });
    return (
      rows[0]?.['count'] === '3' && latest[0]?.['state'] === 'paid' && files.some((name) => name.endsWith('.json'))
    );
  });
});

it('every task that was not broken on purpose runs', async () => {
  const { body } = await product.rest('GET', '/connectors?expand=status');
  expect(JSON.stringify(body)).not.toContain('"FAILED"');
});

it('has no exception that excepts nothing', () => {
  expect(exceptions.filter(({ command }) => !skipped.has(command))).toEqual([]);
});

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(projectRoot, page), 'utf8');

  it('links to what there is', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(projectRoot, dirname(page), link)))).toEqual([]);
  });

  it('names no option that its sink does not have', () => {
    const configs = codeBlocks(text, 'json')
      .map((block) => JSON.parse(block.text) as { name?: string; config?: Record<string, string> })
      .flatMap(({ name = '', config }) => (config?.['connector.class'] === undefined ? [] : [{ ...config, name }]));
    expect(configs.flatMap(problemsIn)).toEqual([]);
  });
});

describe.each(readdirSync(join(projectRoot, 'examples', 'sinks')))('examples/sinks/%s', (name) => {
  const text = readFileSync(join(projectRoot, 'examples', 'sinks', name), 'utf8');

  it('is valid, and a guide shows it as it is or links to it', () => {
    const { name: connector, config } = JSON.parse(text) as { name: string; config: Record<string, string> };
    expect(problemsIn({ ...config, name: connector })).toEqual([]);
    const guides = markdownBelow(join('docs', 'guides')).map((page) => readFileSync(join(projectRoot, page), 'utf8'));
    expect(guides.some((guide) => guide.includes(text.trim()) || guide.includes(`examples/sinks/${name})`))).toBe(true);
  });
});

/** What validation says, and keys that nothing declares. The guide’s own kind of sink is known to nobody but the guide. */
function problemsIn(config: Readonly<Record<string, string>>): string[] {
  const type = findSinkType(config['connector.class'] ?? '', config);
  if (type === null) return config['connector.class'] === 'http-lines' ? [] : ['no such connector.class'];
  const own = ownOptions(type, config);
  const infos = validateConnector(type, own, plugins);
  const specs: OptionSpecs = { ...connectorOptions, ...type.options };
  const aliases = Object.values(specs).flatMap((spec) => spec.aliases ?? []);
  const known = new Set([...infos.configs.map(({ value }) => value.name), ...aliases]);
  const maps = Object.entries(specs).flatMap(([name, spec]) => (spec.type === 'map' ? [`${name}.`] : []));
  const isKnown = (name: string): boolean => known.has(name) || maps.some((prefix) => name.startsWith(prefix));
  return [...problemsOf(infos), ...Object.keys(own).filter((name) => !isKnown(name))];
}

function markdownBelow(path: string): string[] {
  return readdirSync(join(projectRoot, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)))
    .toSorted();
}

function isException(command: string): boolean {
  const found = exceptions.find((exception) => exception.command.test(command));
  if (found !== undefined) skipped.add(found.command);
  return found !== undefined;
}

/** A clone as the commands see it: its examples, the data of the product, and `npx` and `curl` on the path. */
function makeFolder(): void {
  symlinkSync(product.dataDirectory, join(folder, 'millrace-data'));
  symlinkSync(join(projectRoot, 'examples'), join(folder, 'examples'));
  mkdirSync(join(folder, 'bin'));
  const stands = {
    npx: `[ "$1" = millrace ] && shift && exec "${process.execPath}" "${join(projectRoot, 'dist/apps/cli/src/main.js')}" "$@"`,
    curl: `exec "${process.execPath}" "${join(projectRoot, 'test/docs/curl.mjs')}" "$@"`,
  };
  for (const [name, line] of Object.entries(stands)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}

interface ScriptResult {
  readonly code: number | null;
  readonly output: string;
}

function runScript(script: string): Promise<ScriptResult> {
  const text = script
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${product.options.httpPort}`)
    .replaceAll('127.0.0.1:9092', product.bootstrap);
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], {
    cwd: folder,
    env: {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      MILLRACE_URL: product.url,
      TOPICS_BOOTSTRAP: product.bootstrap,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (output += piece));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The query that the pages show with psql. */
async function query(sql: string): Promise<Record<string, unknown>[]> {
  const file = (name: string): string => readFileSync(join(product.dataDirectory, 'postgres', name), 'utf8').trim();
  const client = new pg.Client(`postgres://millrace:${file('password')}@127.0.0.1:${file('port')}/millrace`);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
