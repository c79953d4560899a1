import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAllComponents } from '#connectors/registry-collector';
import { applyConfigFilters } from '#pipeline/flume-config-filter';
import { readConf } from '#pipeline/flume-conf';
import { ConfProblems, formatProblem } from '#pipeline/flume-problem';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

const collectorRegistry = await loadAllComponents();

/** Made by JDK 17: `kafka.password` and `db-password`, under the password `none`. */
const keyStore = [
  'zs7OzgAAAAIAAAACAAAAAwAOa2Fma2EucGFzc3dvcmQAAAGiA1PoJ6ztAAVzcgAzY29tLnN1bi5jcnlwdG8ucHJvdmlkZXIuU2VhbGVkT2JqZWN0Rm9yS2V5',
  'UHJvdGVjdG9yzVfKWecwu1MCAAB4cgAZamF2YXguY3J5cHRvLlNlYWxlZE9iamVjdD42PabDt1RwAgAEWwANZW5jb2RlZFBhcmFtc3QAAltCWwAQZW5jcnlw',
  'dGVkQ29udGVudHEAfgACTAAJcGFyYW1zQWxndAASTGphdmEvbGFuZy9TdHJpbmc7TAAHc2VhbEFsZ3EAfgADeHB1cgACW0Ks8xf4BghU4AIAAHhwAAAAETAP',
  'BAiOju+iwci8VgIDAw1AdXEAfgAFAAAAoLZTCEKRm+XIghdlBnpJpuETAtybsJ8zEb/9Uvctt36xd34Joz3AuFGPBR3grbD0BLY1YM2MuQuHb3XWvccYu53h',
  'vMlxoYNLAT9so4gS/uRLpNTYE6U6y+KxtgX/p5gNIk0nuzynXmw3Qiq8gnuQmCZrppi10yPhGReKjBsGvJlPi8/m5gIa2hU99+V6ZilZWleMfL8wGJ95QQBG',
  '7QXSBTt0ABZQQkVXaXRoTUQ1QW5kVHJpcGxlREVTdAAWUEJFV2l0aE1ENUFuZFRyaXBsZURFUwAAAAMAC2RiLXBhc3N3b3JkAAABogNT6oes7QAFc3IAM2Nv',
  'bS5zdW4uY3J5cHRvLnByb3ZpZGVyLlNlYWxlZE9iamVjdEZvcktleVByb3RlY3Rvcs1XylnnMLtTAgAAeHIAGWphdmF4LmNyeXB0by5TZWFsZWRPYmplY3Q+',
  'Nj2mw7dUcAIABFsADWVuY29kZWRQYXJhbXN0AAJbQlsAEGVuY3J5cHRlZENvbnRlbnRxAH4AAkwACXBhcmFtc0FsZ3QAEkxqYXZhL2xhbmcvU3RyaW5nO0wA',
  'B3NlYWxBbGdxAH4AA3hwdXIAAltCrPMX+AYIVOACAAB4cAAAABEwDwQIe/QPA69V5+MCAwMNQHVxAH4ABQAAAJggx3/WZQtEJrF/5YeP94ms91chOez0iSI1',
  'TSaqY/YWVZRTRVg8V3IsRotoeZNng6e9shA9k5H73B/8JMRC7269TLW3CljecwqaIlwpliY65PtDqOIW4m3pc91CZcf2tkphVaAzxETdSb+V+vJrjodSrdHG',
  'va9Px42PJJdoGuTyB92RgILrFqXCag9DnPe4OqYQI151M4xMYnQAFlBCRVdpdGhNRDVBbmRUcmlwbGVERVN0ABZQQkVXaXRoTUQ1QW5kVHJpcGxlREVTwErr',
  'N1+5X50IM8uz2bD5rU4WQQM=',
].join('');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-filters-'));
  writeFileSync(join(folder, 'store.jceks'), Buffer.from(keyStore, 'base64'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function filtered(lines: string): Promise<{ values: Record<string, string>; problems: string[] }> {
  const problems = new ConfProblems();
  const bytes = Buffer.from(`a1.configfilters = f\n${lines}\n`);
  const conf = readConf([{ file: 'f', bytes }], { environment: {} }, problems);
  const agent = conf.agents.get('a1');
  if (agent === undefined) throw new Error('no agent');
  const environment = { SECRET: 'pa$$word', PORT: '41' };
  const services = { bootstrap: '', clock: systemClock, logger: silentLogger, environment };
  const after = await applyConfigFilters(agent, { registry: collectorRegistry, services, problems });
  const keys = after.components.get('sink')?.get('k1')?.keys ?? new Map();
  return {
    values: Object.fromEntries([...keys].map(([key, { text }]) => [key, text])),
    problems: problems.list().map(formatProblem),
  };
}

it('puts environment variables in the place of references, in any quotes, several in a value', async () => {
  const { values, problems } = await filtered(
    `a1.configfilters.f.type = env
a1.sinks.k1.a = x\${f['SECRET']}y
a1.sinks.k1.b = \${f["PORT"]}\${f[PORT]}
a1.sinks.k1.c = \${f['NONE']}`,
  );
  expect(values).toEqual({ a: 'xpa$$wordy', b: '4141', c: "${f['NONE']}" });
  expect(problems).toEqual([
    'f:5: error: sink k1, c: config filter f has no key "NONE". Flume would have left the text as it is.',
  ]);
});

it('asks a program, without a shell, and takes its first line', async () => {
  const { values, problems } = await filtered(
    `a1.configfilters.f.type = external
a1.configfilters.f.command = printf %s\\\\nmore
a1.sinks.k1.a = \${f['the-key']}`,
  );
  expect({ values, problems }).toEqual({ values: { a: 'the-key' }, problems: [] });
});

it('names a program that fails, and not what it says', async () => {
  const { problems } = await filtered(
    "a1.configfilters.f.type = external\na1.configfilters.f.command = ls /nothing\na1.sinks.k1.a = ${f['x']}",
  );
  expect(problems).toEqual([
    expect.stringMatching(/f:4: error: sink k1, a: config filter f gave no "x": ls ended with 2\./),
  ]);
});

it('opens a Java key store that Hadoop made', async () => {
  const { values, problems } = await filtered(
    `a1.configfilters.f.type = hadoop
a1.configfilters.f.credential.provider.path = jceks://file${folder}/store.jceks
a1.sinks.k1.a = \${f['kafka.password']}
a1.sinks.k1.b = \${f['db-password']}`,
  );
  expect(problems.join()).toBe('');
  expect(values['b']).toBe('secret of db-password ü');
});

it('says which key store does not open', async () => {
  writeFileSync(join(folder, 'password'), 'wrong\n');
  const { problems } = await filtered(
    `a1.configfilters.f.type = hadoop
a1.configfilters.f.credential.provider.path = localjceks://file${folder}/store.jceks
a1.configfilters.f.credstore.java-keystore-provider.password-file = ${folder}/password
a1.sinks.k1.b = \${f['db-password']}`,
  );
  expect(problems.join()).toMatch(/store\.jceks: the password is wrong, or the file is damaged/);
});

it.each([
  ['a filter that is not there', "a1.sinks.k1.a = ${g['x']}", /there is no config filter "g"\. Did you mean f\?/],
  ['a type that is none', 'a1.configfilters.f.type = enw', /there is no config filter type "enw"\. Did you mean env\?/],
  [
    'a provider on a server',
    'a1.configfilters.f.type = hadoop\na1.configfilters.f.credential.provider.path = kms://x',
    /only key stores in local files/,
  ],
])('reports %s', async (_case, lines, expected) => {
  const type = lines.includes('f.type') ? '' : 'a1.configfilters.f.type = env\n';
  expect((await filtered(type + lines)).problems.join()).toMatch(expected);
});
