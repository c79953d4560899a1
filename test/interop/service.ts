import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Product } from '../flows/product.js';

/** An all-in-one with nothing to do but serve topics, for one test file. */
export async function startService(ports: {
  topicsPort: number;
  httpPort: number;
}): Promise<{ product: Product; stop: () => Promise<void> }> {
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
