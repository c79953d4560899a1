import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../flows/product.js';
import type { ForeignClient } from './foreign-client.js';

const run = promisify(execFile);
const sources = join(projectRoot, 'test', 'interop', 'clients');
const cache = process.env['MILLRACE_PEERS_CACHE'] ?? join(homedir(), '.cache', 'millrace-peers');

/** A program of `clients/go`, built with the module versions of its go.sum. */
export async function goClient(name: string): Promise<ForeignClient> {
  const folder = join(cache, 'go');
  mkdirSync(folder, { recursive: true });
  const options = { cwd: join(sources, 'go'), timeout: 600_000 };
  await run('go', ['build', '-buildvcs=false', '-o', `${folder}/`, `./${name}`], options);
  return { command: join(folder, name), args: [] };
}

/** `clients/python/client.py` with the packages of its requirements in an environment of its own. */
export async function pythonClient(): Promise<ForeignClient> {
  const requirements = join(sources, 'python', 'requirements.txt');
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(cache, `python-${key}`);
  const done = join(folder, 'bin', 'python-ready');
  if (!existsSync(done)) {
    await run('python3', ['-m', 'venv', '--clear', folder], { timeout: 120_000 });
    await run(join(folder, 'bin', 'pip'), ['-q', 'install', '-r', requirements], { timeout: 600_000 });
    await run('touch', [done]);
  }
  return { command: join(folder, 'bin', 'python'), args: [join(sources, 'python', 'client.py')] };
}
