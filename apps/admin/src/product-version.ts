import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The Kafka Connect release whose REST interface this one is like. */
export const connectVersion = '4.1.0';

/** Version of the product, from its package.json, wherever the code was built to. */
export const productVersion = readVersion(import.meta.dirname);

function readVersion(folder: string): string {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return folder === dirname(folder) ? '0.0.0' : readVersion(dirname(folder));
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0.0.0';
}
