// Builds and runs one benchmark: `npm run bench -- produce`.
import { join } from 'node:path';
import { buildIfStale } from '../bin/build-if-stale.mjs';

buildIfStale(join(import.meta.dirname, '..'));
await import('../dist/bench/main.js');
