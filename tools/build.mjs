// Compiles apps and libs to dist/ with the native TypeScript compiler (under a second), without a type check: that is
// `npm run check`'s. Everything else that runs from dist/ (workers, CLI) needs no second step.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
rmSync(join(root, 'dist'), { recursive: true, force: true });
const result = spawnSync(
  process.execPath,
  [join(root, 'node_modules/ts7/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck'],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
