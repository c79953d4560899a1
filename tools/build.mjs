// Compiles apps and libs to dist/ with the native TypeScript compiler (under a second) and the console beside it, without a type check: that
// is `npm run check`'s. Everything else that runs from dist/ (workers, CLI) needs no second step. It compiles beside dist/ and changes
// places at the end: several processes of a fresh clone build at the same time, and what runs from dist/ keeps its files.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const fresh = join(root, `.dist-${process.pid}`);
const old = `${fresh}-old`;
const compiler = join(root, 'node_modules/ts7/bin/tsc');
const statuses = await Promise.all([
  run(compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', fresh),
  buildConsole(),
]);
const status = Math.max(...statuses);
if (status === 0) changePlaces(10);
for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
process.exit(status);

function run(...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Its sources change seldom while the rest does: what was built from the same ones is taken over. */
async function buildConsole() {
  const built = join(root, 'dist', 'console');
  const place = join(fresh, 'console');
  const index = join(built, 'index.html');
  if (existsSync(index) && statSync(index).mtimeMs > newestOf(join(root, 'apps', 'console'))) {
    cpSync(built, place, { recursive: true, preserveTimestamps: true });
    return 0;
  }
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const status = await run(vite, 'build', join(root, 'apps', 'console'), '--outDir', place, '--logLevel', 'error');
  if (status === 0) compress(place);
  return status;
}

function newestOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}

/** Once here rather than at each request. */
function compress(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  }
}

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
