import type { RawClient } from './raw-client.js';
import { Target } from './target.js';

/** The target of a suite: it runs while the suite does, and each test has a connection of its own, prepared before it. */
export function suiteTarget(prepare: (client: RawClient) => Promise<void> | void): Target {
  const target = new Target();
  beforeAll(() => target.start());
  beforeEach(async () => prepare(await target.client()));
  afterAll(() => target.stop());
  afterEach(() => target.closeClients());
  return target;
}
