// Writes docs/reference from the declarations in dist/; with --check writes nothing and fails where a committed page differs.
//   node tools/docs.mjs [--check]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'docs', 'reference');
const { pages } = await import('./docs-pages.mjs');
const check = process.argv.includes('--check');
const stale = [];

mkdirSync(folder, { recursive: true });
for (const [name, text] of await pages()) {
  const path = join(folder, name);
  if (read(path) === text) continue;
  stale.push(name);
  if (!check) writeFileSync(path, text);
}

if (check && stale.length > 0) {
  console.log(`docs/reference is behind its sources: ${stale.join(', ')}. "npm run docs" writes it again.`);
  process.exit(1);
}
console.log(stale.length === 0 ? 'docs/reference is as its sources are.' : `Written: ${stale.join(', ')}`);

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
