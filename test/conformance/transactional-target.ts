import { CommittedReader } from './committed-reader.js';
import type { RawClient } from './raw-client.js';
import { suiteTarget } from './suite-target.js';
import { createTopic, type TestTopic } from './target.js';
import { findCoordinators } from './transactional-producer.js';

/** What a test of transactions begins with. */
export interface TransactionalTest {
  readonly client: RawClient;
  /** Of two partitions. */
  readonly topic: TestTopic;
  readonly reader: CommittedReader;
}

/** As `suiteTarget`, with coordinators that are there. */
export function transactionalTarget(prepare: (test: TransactionalTest) => void): void {
  const target = suiteTarget(async (client) => {
    const topic = await createTopic(client, { partitions: 2 });
    prepare({ client, topic, reader: new CommittedReader(client, topic) });
  });
  beforeAll(async () => findCoordinators(await target.client()));
}
