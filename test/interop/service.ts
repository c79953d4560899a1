import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { Product } from '../flows/product.js';

/**
 * An all-in-one with nothing to do but serve topics, for one test file. With INTEROP_BOOTSTRAP the tests talk to what is there
 * instead: against a real Kafka they show that what they expect is Kafka's own behaviour.
 */
export async function startService(ports: {
  topicsPort: number;
  httpPort: number;
}): Promise<{ product: Pick<Product, 'bootstrap' | 'admin'>; stop: () => Promise<void> }> {
  const given = process.env['INTEROP_BOOTSTRAP'] ?? '';
  if (given !== '') {
    const cluster = new Cluster({
      bootstrap: [given],
      clientId: 'interop',
      clock: systemClock,
      logger: silentLogger,
    });
    return { product: { bootstrap: given, admin: new TopicAdmin(cluster) }, stop: () => cluster.close() };
  }
  const folder = mkdtempSync(join(tmpdir(), 'millrace-interop-'));
  chmodSync(folder, 0o755);
  const product = new Product({ directory: folder, ...ports, config: { name: 'nothing but topics' } });
  await product.start();
  return {
    product,
    async stop() {
      await product.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const values = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
