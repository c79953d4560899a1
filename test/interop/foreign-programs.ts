import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../flows/product.js';
import { pythonPackages } from '../peers/python.js';
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

/** `clients/python/client.py` with the packages of its requirements. */
export async function pythonClient(): Promise<ForeignClient> {
  const folder = join(sources, 'python');
  return { command: await pythonPackages(join(folder, 'requirements.txt')), args: [join(folder, 'client.py')] };
}
