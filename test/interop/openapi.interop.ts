// The interface is what its OpenAPI document says: a fuzzer that reads the document finds nothing else, and a client made from it works.
import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Product, projectRoot } from '../flows/product.js';
import { pythonPackages } from '../peers/python.js';

jest.setTimeout(600_000);
const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), 'millrace-openapi-'));
chmodSync(folder, 0o755);
const product = new Product({ directory: folder, topicsPort: 31_992, httpPort: 31_990, config: null });
const seconds = process.env['FUZZ_SECONDS'] ?? '40';

beforeAll(() => product.start());
afterAll(async () => {
  await product.dispose();
  rmSync(folder, { recursive: true, force: true });
});

test('a client made from the document compiles and works', async () => {
  const client = join(folder, 'client');
  mkdirSync(client);
  symlinkSync(join(projectRoot, 'node_modules'), join(client, 'node_modules'));
  const generator = join(projectRoot, 'node_modules', 'openapi-typescript', 'bin', 'cli.js');
  await run(process.execPath, [generator, `${product.url}/openapi.json`, '-o', join(client, 'millrace.ts')]);
  writeFileSync(join(client, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(client, 'use.ts'), programOf(product.url));
  const compiler = join(projectRoot, 'node_modules', 'ts7', 'bin', 'tsc');
  const options = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--skipLibCheck',
    '--types',
    'node',
    '--ignoreConfig',
  ];
  const compiled = await run(process.execPath, [compiler, ...options, join(client, 'use.ts')]).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? JSON.stringify(error) }),
  );
  expect(compiled.stdout).toBe('');
  const { stdout } = await run(process.execPath, [join(client, 'use.js')]);
  expect(JSON.parse(stdout)).toEqual({ created: 201, state: 'PAUSED', paused: 202, unknown: 404, deleted: 204 });
});

/** Streams do not end by themselves. */
const endless = 'tap|:tail|/events|/records|/docs';
/** What shuts the others out: everybody has to log in, or nothing may change. */
const closing = '/read-only|/role-bindings|/api-keys';

/** What schemathesis says at its end. */
async function fuzz(...selection: readonly string[]): Promise<string> {
  const python = await pythonPackages(join(import.meta.dirname, '..', 'peers', 'schemathesis-requirements.txt'));
  const checks = [
    'not_a_server_error',
    'status_code_conformance',
    'content_type_conformance',
    'response_schema_conformance',
  ];
  const options = [
    ...['--phases', 'coverage,fuzzing', '-n', '10', '--checks', checks.join(','), '--suppress-health-check', 'all'],
    ...['--continue-on-failure', '--no-color', '--warnings', 'off', '--generation-deterministic', ...selection],
  ];
  const found = await run(join(dirname(python), 'schemathesis'), ['run', `${product.url}/openapi.json`, ...options], {
    cwd: folder,
    maxBuffer: 1 << 26,
  }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? JSON.stringify(error),
  );
  return found.slice(-20_000);
}

test('schemathesis finds no 5xx and no answer that the document does not have', async () => {
  expect(await fuzz('--max-time', seconds, '--exclude-path-regex', `${endless}|${closing}`)).toMatch(/No issues found/);
  expect((await product.rest('GET', '/readyz')).status).toBe(200);
});

test('nor where it locks itself out', async () => {
  expect(await fuzz('--max-time', '10', '--include-path-regex', closing)).toMatch(/No issues found/);
  expect((await product.rest('GET', '/readyz')).status).toBe(200);
});

function programOf(url: string): string {
  return `
import createClient from 'openapi-fetch';
import type { paths } from './millrace.js';

const millrace = createClient<paths>({ baseUrl: '${url}' });
const path = { name: 'generated' };
const config = { 'connector.class': 'file', topics: 'access-log', 'file.path': '${join(folder, 'generated')}' };
const created = await millrace.POST('/connectors', { body: { name: path.name, config } });
const paused = await millrace.PUT('/connectors/{name}/pause', { params: { path } });
const status = await millrace.GET('/connectors/{name}/status', { params: { path } });
const data: unknown = status.data;
const { connector } = data as { connector: { state: string } };
const unknown = await millrace.GET('/connectors/{name}', { params: { path: { name: 'nobody' } } });
const deleted = await millrace.DELETE('/connectors/{name}', { params: { path } });
console.log(JSON.stringify({
  created: created.response.status,
  state: connector.state,
  paused: paused.response.status,
  unknown: unknown.response.status,
  deleted: deleted.response.status,
}));
`;
}
