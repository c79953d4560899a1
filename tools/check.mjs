// Everything that can be said of the code without running it: format, types, lint, layers, lock file.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale } from '../bin/build-if-stale.mjs';
import { layerProblems } from './layer-problems.mjs';
import { tidyProblems } from './tidy.mjs';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
let failed = 0;

buildIfStale(root);

step('format', bin('oxfmt'), '--check', '.');
step('types', process.execPath, join(root, 'node_modules/ts7/bin/tsc'), '--noEmit', '-p', 'tsconfig.json');
step('console types', process.execPath, join(root, 'node_modules/ts7/bin/tsc'), '--noEmit', '-p', 'apps/console');
step('lint', bin('oxlint'));
step('reference', process.execPath, join(root, 'tools/docs.mjs'), '--check');
step('lock file', process.execPath, join(root, 'tools/lock.mjs'), '--check');
report('layers', layerProblems(root));
report('tidy', tidyProblems(root));
process.exit(failed === 0 ? 0 : 1);

function step(name, command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  report(name, status === 0 ? [] : [`${stdout}${stderr}`.trim() || `${command} failed`]);
}

function report(name, problems) {
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) failed += 1;
}
