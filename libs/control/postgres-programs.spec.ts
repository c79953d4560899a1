import { execFileSync } from 'node:child_process';
import { findPostgresPrograms } from './postgres-programs.js';

describe('the programs of the embedded database', () => {
  it('are there and find their libraries', async () => {
    const programs = await findPostgresPrograms();
    for (const path of Object.values(programs)) {
      expect(execFileSync(path, ['--version'], { encoding: 'utf8' })).toMatch(/\(PostgreSQL\) 18/);
    }
  });
});
