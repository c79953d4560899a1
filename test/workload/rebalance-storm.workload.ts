import { jest } from '@jest/globals';
import { rebalanceStorm } from './rebalance-storm.js';

jest.setTimeout(240_000);

/** Promises G1 and G2 with clients that we did not write, in processes that are killed and stopped. */
test('a storm of members of three client families loses nothing and has one owner a partition', async () => {
  const result = await rebalanceStorm({
    families: ['kafkajs', 'platformatic', 'own'],
    members: 12,
    seconds: 60,
    seed: 9,
    ports: { witness: 26_301, service: 26_302 },
  });
  console.log(JSON.stringify(result));
  expect(result).toMatchObject({ lost: 0, findings: [] });
  expect(result.settledMs).toBeLessThanOrEqual(10_000);
  expect(result.commitsAccepted).toBeGreaterThan(0);
});
