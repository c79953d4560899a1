// Holds imports to the table in layers.mjs.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { appsOverTopics, levels, roomsBehindTopics } from './layers.mjs';

/** One line for each import that goes up, sideways, or round the Kafka protocol. */
export function layerProblems(root) {
  const problems = [];
  for (const folder of ['libs', 'apps']) {
    for (const path of sources(join(root, folder))) {
      const place = relative(root, path);
      const [kind, room] = place.split('/');
      for (const match of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
        const problem = judge(kind, room, place, match[1]);
        if (problem !== null) problems.push(`${place}: ${problem}`);
      }
    }
  }
  return problems;
}

function judge(kind, room, place, target) {
  if (!target.startsWith('#')) {
    const climbs = (target.match(/\.\.\//g) ?? []).length;
    const depth = place.split('/').length - 3;
    return climbs > depth && kind === 'libs' ? `imports ${target}, which leaves its room: use #room/file` : null;
  }
  const other = target.slice(1).split('/')[0];
  if (levels[other] === undefined) return `imports ${target}: no such room in tools/layers.mjs`;
  if (kind === 'apps') {
    return appsOverTopics.includes(room) && roomsBehindTopics.includes(other) && !place.includes('.spec.')
      ? `imports ${target}: ${room} reaches topics by address only`
      : null;
  }
  if (other === room || levels[other] < levels[room]) return null;
  return `imports ${target}: ${room} (level ${levels[room]}) must not import ${other} (level ${levels[other]})`;
}

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
