// Which Node runs the product: the one that started us if it is new enough, else the one that the install brought along.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const nodeMajorMin = 24;

/** Path of a Node of at least `nodeMajorMin`, or null where there is none. */
export function bundledNode() {
  if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) return process.execPath;
  const require = createRequire(import.meta.url);
  try {
    const home = dirname(require.resolve('node-' + process.platform + '-' + process.arch + '/package.json'));
    const path = join(home, 'bin', 'node');
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

export const nodeMissing =
  'Millrace needs Node ' +
  nodeMajorMin +
  ' or newer, and this is ' +
  process.version +
  '. Install it with "npm ci" (npm 10 or newer brings the right Node along), or put a newer Node on the PATH.';
