// Compiles a clone's sources when they changed since the last build. A published package has no sources, only dist/.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Builds where dist/ is missing or older than a source; throws when the compiler fails. */
export function buildIfStale(root) {
  if (!existsSync(join(root, 'tsconfig.build.json'))) return;
  const mark = join(root, 'dist', 'apps', 'cli', 'src', 'main.js');
  if (existsSync(mark) && statSync(mark).mtimeMs > newestSource(root)) return;
  const result = spawnSync(process.execPath, [join(root, 'tools', 'build.mjs')], { stdio: 'inherit' });
  if (result.status !== 0) throw new Error('the build failed: see above');
}

function newestSource(root) {
  let newest = 0;
  for (const folder of ['apps', 'libs', 'bench', 'test/peers']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(tsx?|css|html|svg)$/.test(entry.name) || entry.name.endsWith('.spec.ts')) continue;
      newest = Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
    }
  }
  return newest;
}
