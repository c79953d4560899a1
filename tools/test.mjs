// Runs a test suite and ends with one line `N passed, N failed`. A file that cannot be loaded counts as failed, and so does a
// suite that was cut off or has no test.
//   node tools/test.mjs unit|damage|conformance|fuzz|crash|workload|stores|sinks|interop|flume|console|long [jest arguments]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIfStale } from '../bin/build-if-stale.mjs';

const root = join(import.meta.dirname, '..');

// `serial`: the tests of the suite start servers and measure their memory, so one file at a time.
// `exits`: clients that others wrote leave timers and sockets behind; a suite that is done is done.
// `kafka`: after our own topic service, the same once more against a real Kafka.
const suites = {
  unit: { roots: ['apps', 'libs', 'test/e2e', 'test/docs'], match: '**/*.spec.ts', minutes: 25 },
  // What the unit tests sample of power cuts and damaged files, at its whole size.
  damage: {
    roots: ['libs/log'],
    match: '**/{crash-*,torn-tail,flipped-bit}.spec.ts',
    minutes: 15,
    env: { CRASHES: '20000', LENGTH_STEP: '1', BIT_STEP: '1' },
  },
  conformance: { roots: ['test/conformance'], match: '**/*.conformance.ts', serial: true, kafka: true, minutes: 10 },
  fuzz: { roots: ['test/fuzz'], match: '**/*.fuzz.ts', exits: true, minutes: 10 },
  crash: { roots: ['test/crash'], match: '**/*.crash.ts', serial: true, minutes: 15 },
  workload: { roots: ['test/workload'], match: '**/*.workload.ts', serial: true, minutes: 15 },
  // The whole flow with several stores, and stores that stall; memory is measured.
  stores: { roots: ['test/stores'], match: '**/*.stores.ts', serial: true, minutes: 20 },
  // Each destination by itself, on its real server, under kills, outages and bad records.
  sinks: { roots: ['test/stores'], match: '**/*.sinks.ts', exits: true, minutes: 30 },
  interop: { roots: ['test/interop'], match: '**/*.interop.ts', exits: true, minutes: 25 },
  // The collector beside real Flume agents, Flume's own clients, Kite's Morphlines, message brokers and stores.
  flume: { roots: ['test/flume'], match: '**/*.flume.ts', exits: true, minutes: 30 },
  // The console in a real browser, on the product as a user starts it.
  console: { roots: ['test/console'], match: '**/*.console.ts', exits: true, minutes: 20 },
  long: { roots: ['test/long'], match: '**/*.long.ts', serial: true, minutes: 480 },
};

const [name = 'unit', ...rest] = process.argv.slice(2);
const suite = suites[name];
if (suite === undefined) {
  console.error(`no suite ${name}: one of ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}
buildIfStale(root);
process.env.UV_THREADPOOL_SIZE ??= '12';

const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
const total = { passed: 0, failed: 0 };
try {
  run({});
  if (suite.kafka) await onKafka((bootstrap) => run({ CONFORMANCE_BOOTSTRAP: bootstrap }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

/** One run of Jest, added to the total. */
function run(env) {
  const output = join(folder, 'result.json');
  rmSync(output, { force: true });
  const jest = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules/jest/bin/jest.js'),
      ...['--roots', ...suite.roots.map((path) => join(root, path))],
      ...['--testMatch', suite.match],
      // Jest would use one of two cores.
      ...(suite.serial
        ? ['--runInBand']
        : [`--maxWorkers=${suite.exits ? 2 : Math.max(2, availableParallelism() - 1)}`]),
      ...(suite.serial || suite.exits ? ['--forceExit'] : []),
      ...['--json', '--outputFile', output],
      ...rest,
    ],
    {
      cwd: root,
      env: { ...suite.env, ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: suite.minutes * 60_000,
      killSignal: 'SIGKILL',
    },
  );
  const result = read(output);
  const failed =
    result === null
      ? 0
      : result.numFailedTests + result.numRuntimeErrorTestSuites + (rest.length > 0 ? 0 : result.numPendingTests);
  total.passed += result?.numPassedTests ?? 0;
  total.failed += failed;
  const isEmpty = (result?.numPassedTests ?? 0) + failed === 0;
  if (isEmpty || (failed === 0 && jest.status !== 0)) total.failed += 1;
}

async function onKafka(work) {
  const { startKafka } = await import('../dist/test/peers/kafka.js');
  try {
    const properties = [
      'log.cleaner.backoff.ms=1000',
      'group.initial.rebalance.delay.ms=0',
      'offsets.topic.num.partitions=5',
      'transaction.state.log.num.partitions=5',
      'transaction.abort.timed.out.transaction.cleanup.interval.ms=500',
    ];
    const kafka = await startKafka({ port: 25_092, directory: join(folder, 'kafka'), properties });
    try {
      work(kafka.bootstrap);
    } finally {
      await kafka.child.stop();
    }
  } catch (error) {
    console.error(error);
    total.failed += 1;
  }
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
