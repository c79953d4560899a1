import { jest } from '@jest/globals';
import { rebalanceStorm } from './rebalance-storm.js';

jest.setTimeout(240_000);

const ports = { witness: 26_301, service: 26_302 };

/** Promises G1 and G2 with clients that we did not write, in processes that are killed and stopped. */
test('a storm of members of three client families loses nothing and has one owner a partition', async () => {
  const result = await rebalanceStorm({
    families: ['kafkajs', 'platformatic', 'own'],
    members: 12,
    seconds: 60,
    seed: 9,
    ports,
  });
  console.log(JSON.stringify({ ...result, findings: result.findings.slice(0, 5) }));
  expect(result.findings.slice(0, 5)).toEqual([]);
  expect(result.lost).toBe(0);
  expect(result.settledMs).toBeLessThanOrEqual(10_000);
  expect(result.commitsAccepted).toBeGreaterThan(0);
});

test('a storm of members of the consumer protocol does too, with some of the classic one among them', async () => {
  const result = await rebalanceStorm({
    families: ['platformatic-consumer', 'platformatic-consumer', 'own'],
    members: 9,
    seconds: 40,
    seed: 10,
    ports,
  });
  console.log(JSON.stringify({ ...result, findings: result.findings.slice(0, 5) }));
  expect(result.findings.slice(0, 5)).toEqual([]);
  expect(result.lost).toBe(0);
  expect(result.settledMs).toBeLessThanOrEqual(10_000);
});
