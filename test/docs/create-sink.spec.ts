// `millrace create sink`: its package passes its own test, is found by name while the product runs, and delivers.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, Product, projectRoot } from '../flows/product.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'millrace-create-'));
const plugins = join(folder, 'plugins');
const made = join(plugins, 'millrace-sink-my-store');
const product = new Product({
  directory: join(folder, 'product'),
  topicsPort: 24_696,
  httpPort: 24_697,
  config: { name: 'nothing but topics' },
  env: { MILLRACE_PLUGINS: plugins },
});
const received: string[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
  request.on('end', () => {
    received.push(...body.trimEnd().split('\n'));
    response.end();
  });
});

beforeAll(async () => {
  mkdirSync(plugins);
  await Promise.all([product.start(), new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))]);
}, 90_000);
afterAll(async () => {
  await product.dispose();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function millrace(...words: string[]): Promise<{ stdout: string }> {
  return run(process.execPath, [join(projectRoot, 'dist/apps/cli/src/main.js'), ...words]);
}

it('makes a package whose own test passes', async () => {
  const { stdout } = await millrace('create', 'sink', 'my-store', '--directory', plugins);
  expect(stdout).toContain('millrace-sink-my-store is made');
  expect(readdirSync(made).toSorted()).toEqual([
    'README.md',
    'connector.json',
    'index.js',
    'index.test.js',
    'package.json',
  ]);
  mkdirSync(join(made, 'node_modules'));
  symlinkSync(projectRoot, join(made, 'node_modules', 'millrace'));
  const tested = await run(process.execPath, ['--test'], { cwd: made, env: { ...process.env, NODE_OPTIONS: '' } });
  expect(tested.stdout).toMatch(/pass 5\b[^]*fail 0\b/);
}, 60_000);

it('is under 100 lines', () => {
  expect(readFileSync(join(made, 'index.js'), 'utf8').split('\n').length).toBeLessThan(100);
});

it('is found by its name while the product runs, and delivers', async () => {
  const plugin = await product.rest('GET', '/connector-plugins');
  expect(plugin.body).toContainEqual({ class: 'my-store', type: 'sink', version: '0.1.0' });
  const { port } = server.address() as AddressInfo;
  const config = { 'connector.class': 'my-store', topics: 'orders', 'my-store.url': `http://127.0.0.1:${port}/` };
  const refused = await product.rest('POST', '/connectors', {
    name: 'mine',
    config: { ...config, 'my-store.url': 'x' },
  });
  expect(refused).toMatchObject({ status: 400, body: { message: expect.stringContaining('must be a web address') } });
  await product.admin.createTopic({ name: 'orders', partitions: 1, replicationFactor: 1 });
  expect(await product.rest('POST', '/connectors', { name: 'mine', config })).toMatchObject({ status: 201 });
  const produced = run(process.execPath, [
    join(projectRoot, 'dist/apps/cli/src/main.js'),
    ...['topic', 'produce', 'orders', '--bootstrap', product.bootstrap],
  ]);
  produced.child.stdin?.end('{"n":1}\n{"n":2}\n');
  await produced;
  await eventually('both records', 30_000, () => received.length === 2);
  expect(received).toEqual(['{"n":1}', '{"n":2}']);
}, 60_000);

it.each([
  ['My_Store', /small letters, digits and -/],
  ['my-store', /is there already/],
])('does not make %s', async (name, message) => {
  await expect(millrace('create', 'sink', name, '--directory', plugins)).rejects.toThrow(message);
});
