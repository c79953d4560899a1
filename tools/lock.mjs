// Completes package-lock.json. Some registries lag behind on platform packages (darwin, win32 …): npm then leaves them out
// of the lock file and afterwards `npm ci` misses them. This adds a stub for every optional dependency that the lock names
// but does not hold. Run it after each `npm install`; `node tools/lock.mjs --check` fails where it would change something.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const packages = lock.packages;
let added = 0;

for (const [place, entry] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (find(place, name) !== null) continue;
    packages[`node_modules/${name}`] = stub(name, range);
    added += 1;
  }
}

if (added > 0 && process.argv.includes('--check')) {
  console.error(`package-lock.json misses ${added} optional packages: run "node tools/lock.mjs" and commit the file.`);
  process.exit(1);
}
if (added > 0) {
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([left], [right]) => (left < right ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${added} optional packages to package-lock.json`);
}

/** Where Node would find `name` from `place`, or null. */
function find(place, name) {
  let at = place;
  for (;;) {
    const candidate = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[candidate] !== undefined) return candidate;
    if (at === '') return null;
    const cut = at.lastIndexOf('/node_modules/');
    at = cut === -1 ? '' : at.slice(0, cut);
  }
}

function stub(name, range) {
  const words = name.split(/[-/]/);
  const entry = { version: range.replace(/^[^0-9]*/, ''), optional: true };
  const os = [
    'darwin',
    'win32',
    'linux',
    'android',
    'freebsd',
    'openbsd',
    'netbsd',
    'sunos',
    'aix',
    'openharmony',
    'wasi',
  ].filter((candidate) => words.includes(candidate) || (candidate === 'win32' && words.includes('windows')));
  const cpu = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'].filter(
    (candidate) => words.some((word) => word === candidate || (candidate === 'ppc64' && word === 'ppc64le')),
  );
  // Neither in the name: a package for no platform at all is never installed.
  entry.os = os.length > 0 ? os : ['none'];
  if (cpu.length > 0) entry.cpu = cpu;
  return entry;
}
