import { Target } from '../conformance/target.js';
import { runWorkload } from './run.js';

/**
 * Ten times thirty seconds are the figure of the test plan; in CI it is three times twenty. WORKLOAD_RUNS and WORKLOAD_SECONDS say
 * otherwise, and CONFORMANCE_BOOTSTRAP names another service, a real Kafka for one, on which the same must hold.
 */
const runs = Number(process.env['WORKLOAD_RUNS'] ?? 3);
const seconds = Number(process.env['WORKLOAD_SECONDS'] ?? 20);

describe('a workload of transactions', () => {
  const target = new Target();
  beforeAll(() => target.start());
  afterAll(() => target.stop());

  test.each(Array.from({ length: runs }, (_, index) => index + 1))(
    'run %d has no finding',
    (seed) => runWorkload({ address: target.address, seconds, seed }),
    (seconds + 60) * 1000,
  );
});
