import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { jarEntries } from '../peers/jar-entries.js';
import { kafkaClassPath } from '../peers/kafka.js';

/**
 * `schemas.spec.ts` holds every schema against `kafka-definitions.json`, field by field. Here that file is held against what the
 * published `kafka-clients` jar defines, of the version that the other suites run against.
 */
const wire = join(import.meta.dirname, '../../libs/wire/kafka/testing');

describe('the definitions that our schemas are held against', () => {
  const folder = mkdtempSync(join(tmpdir(), 'definitions-'));

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are those of the published jar', async () => {
    const jars = (await kafkaClassPath()).split(':');
    const clients = jars.find((jar) => /^kafka-clients-[\d.]+\.jar$/.test(basename(jar)));
    if (clients === undefined) throw new Error(`no kafka-clients among ${jars.join(', ')}`);
    for (const [name, bytes] of jarEntries(clients, 'common/message/')) {
      writeFileSync(join(folder, basename(name)), bytes);
    }
    const extracted = execFileSync(process.execPath, [join(wire, 'extract-definitions.mjs'), folder], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const known = JSON.parse(readFileSync(join(wire, 'kafka-definitions.json'), 'utf8')) as unknown[];
    expect(known.length).toBeGreaterThan(70);
    expect(known).toEqual(JSON.parse(extracted));
  }, 120_000);
});
