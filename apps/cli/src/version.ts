import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The product's folder: where package.json, bin/, examples/ and dist/ lie. */
export const productRoot = join(import.meta.dirname, '..', '..', '..', '..');

export const productVersion = readVersion();

function readVersion(): string {
  const found: unknown = JSON.parse(readFileSync(join(productRoot, 'package.json'), 'utf8'));
  if (typeof found === 'object' && found !== null && 'version' in found) return String(found.version);
  throw new Error('package.json names no version');
}
