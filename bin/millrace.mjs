#!/usr/bin/env node
// The command `millrace`: on a Node that is new enough it goes straight on; on an older one it starts itself again on the
// Node that came with the install. In a clone it builds first when the sources are newer than dist/.
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundledNode, nodeMajorMin } from './node-path.mjs';

const root = join(fileURLToPath(import.meta.url), '..', '..');

if (bundledNode() !== process.execPath || Number(process.versions.node.split('.')[0]) < nodeMajorMin) {
  process.argv.splice(2, 0, fileURLToPath(import.meta.url));
  await import('./run.mjs');
} else {
  // Node's four threads for files carry every write, sync and read of the log: more partitions than that sync at a time.
  process.env.UV_THREADPOOL_SIZE ??= '12';
  const { buildIfStale } = await import('./build-if-stale.mjs');
  buildIfStale(root);
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(join(root, 'dist', 'apps', 'cli', 'src', 'main.js')).href);
}
