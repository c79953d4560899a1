import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Product } from '../flows/product.js';
import { ConsoleBrowser } from './browser.js';

export interface ConsoleProduct {
  readonly product: Product;
  readonly browser: ConsoleBrowser;
  stop(): Promise<void>;
}

/** The all-in-one with its demo (or `config`), and a browser. Ports: five digits, below 32768, of this test file alone. */
export async function startConsole(given: {
  topicsPort: number;
  httpPort: number;
  config?: unknown;
  env?: Readonly<Record<string, string>>;
}): Promise<ConsoleProduct> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-console-'));
  const { topicsPort, httpPort, config = null, env } = given;
  const product = new Product({ directory, topicsPort, httpPort, config, ...(env === undefined ? {} : { env }) });
  await product.start();
  const browser = await ConsoleBrowser.start(product.url);
  return {
    product,
    browser,
    async stop() {
      await browser.close();
      await product.dispose();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
