import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = process.env['MILLRACE_PEERS_CACHE'] ?? join(homedir(), '.cache', 'millrace-peers');

/** A Python with the packages of a requirements.txt, in an environment of its own that is made once; gives its path. */
export async function pythonPackages(requirements: string): Promise<string> {
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(cache, `python-${key}`);
  const done = join(folder, 'bin', 'python-ready');
  if (!existsSync(done)) {
    await run('python3', ['-m', 'venv', '--clear', folder], { timeout: 120_000 });
    await run(join(folder, 'bin', 'pip'), ['-q', 'install', '-r', requirements], { timeout: 600_000 });
    writeFileSync(done, '');
  }
  return join(folder, 'bin', 'python');
}
