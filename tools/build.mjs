// Compiles apps and libs to dist/ with the native TypeScript compiler (under a second), without a type check: that is
// `npm run check`'s. Everything else that runs from dist/ (workers, CLI) needs no second step. It compiles beside dist/ and changes
// places at the end: several processes of a fresh clone build at the same time, and what runs from dist/ keeps its files.
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const fresh = join(root, `.dist-${process.pid}`);
const old = `${fresh}-old`;
const result = spawnSync(
  process.execPath,
  [join(root, 'node_modules/ts7/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck', '--outDir', fresh],
  { cwd: root, stdio: 'inherit' },
);
if (result.status === 0) changePlaces(10);
for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
process.exit(result.status ?? 1);

/** Another build may put its dist/ there in between. */
function changePlaces(attempts) {
  try {
    renameSync(join(root, 'dist'), old);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  try {
    renameSync(fresh, join(root, 'dist'));
  } catch (error) {
    if (attempts === 0 || !['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    rmSync(old, { recursive: true, force: true });
    changePlaces(attempts - 1);
  }
}
