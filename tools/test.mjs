// Runs a test suite and ends with one line `N passed, N failed`. A file that cannot be loaded counts as failed.
//   node tools/test.mjs unit|conformance|stores|interop|long [jest arguments]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

// `serial`: the tests of the suite start servers and measure their memory, so one file at a time.
const suites = {
  unit: { roots: ['apps', 'libs', 'test/e2e', 'test/docs'], match: '**/*.spec.ts', serial: false, minutes: 10 },
  conformance: { roots: ['test/conformance'], match: '**/*.conformance.ts', serial: true, minutes: 10 },
  stores: { roots: ['test/stores'], match: '**/*.stores.ts', serial: true, minutes: 20 },
  interop: { roots: ['test/interop'], match: '**/*.interop.ts', serial: true, minutes: 15 },
  long: { roots: ['test/long'], match: '**/*.long.ts', serial: true, minutes: 120 },
};

const [name = 'unit', ...rest] = process.argv.slice(2);
const suite = suites[name];
if (suite === undefined) {
  console.error(`no suite ${name}: one of ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}

const { buildIfStale } = await import('../bin/build-if-stale.mjs');
buildIfStale(root);

const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
const output = join(folder, 'result.json');
const jest = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    ...['--roots', ...suite.roots.map((path) => join(root, path))],
    ...['--testMatch', suite.match],
    // Foreign clients leave timers and sockets behind; a suite that is done is done.
    ...(suite.serial ? ['--runInBand', '--forceExit'] : []),
    ...['--json', '--outputFile', output],
    ...rest,
  ],
  { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], timeout: suite.minutes * 60_000, killSignal: 'SIGKILL' },
);

const result = read(output);
rmSync(folder, { recursive: true, force: true });
const passed = result?.numPassedTests ?? 0;
// A run that was cut off or printed nothing is a failure, and so is a suite without a test.
const failed = result === null ? 1 : result.numFailedTests + result.numRuntimeErrorTestSuites + result.numPendingTests;
const none = passed + failed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed + none} failed`);
process.exit(failed + none === 0 && jest.status === 0 ? 0 : 1);

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
