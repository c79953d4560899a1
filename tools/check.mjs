// Everything that can be said of the code without running it: format, types, lint, layers, lock file.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildIfStale } from '../bin/build-if-stale.mjs';
import { layerProblems } from './layer-problems.mjs';
import { tidyProblems } from './tidy.mjs';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

buildIfStale(root);

const steps = [
  ['format', bin('oxfmt'), ['--check', '.']],
  ['types', process.execPath, [join(root, 'node_modules/ts7/bin/tsc'), '--noEmit', '-p', 'tsconfig.json']],
  ['lint', bin('oxlint'), []],
  ['reference', process.execPath, [join(root, 'tools/docs.mjs'), '--check']],
  ['lock file', process.execPath, [join(root, 'tools/lock.mjs'), '--check']],
];

let failed = 0;
for (const [name, command, args] of steps) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  report(
    name,
    result.status === 0 ? [] : [`${result.stdout ?? ''}${result.stderr ?? ''}`.trim() || `${command} failed`],
  );
}
report('layers', layerProblems(root));
report('tidy', tidyProblems(root));
process.exit(failed === 0 ? 0 : 1);

function report(name, problems) {
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) failed += 1;
}
