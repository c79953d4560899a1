import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryCommands } from '../morphline.testkit.js';
import { parseRegexesYaml } from '../useragent/regexes-yaml.js';

const folder = mkdtempSync(join(tmpdir(), 'user-agent-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sections = 'os_parsers: []\ndevice_parsers: []\n';
const small = `user_agent_parsers:
  - regex: '(Fox)/(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?'
  - regex: '(Bird)/(\\d+)-(\\d+)?'
    family_replacement: 'Big $1'
    v1_replacement: '$2'
    v2_replacement: '$3'
os_parsers:
  - regex: 'Win(\\d)'
    os_replacement: 'Windows'
    os_v1_replacement: '$1'
device_parsers:
  - regex: 'phone (\\w+)'
    regex_flag: 'i'
    device_replacement: 'Phone $1$2 '
`;

function database(text: string): string {
  const path = join(folder, 'regexes.yaml');
  writeFileSync(path, text);
  return path;
}

async function run(agent: string | readonly string[], output: string, others = ''): Promise<readonly string[]> {
  const path = database(small);
  const command = `{ userAgent { inputField : agent, database : "${path}", ${others} outputFields { out : "${output}" } } }`;
  const { records } = await tryCommands(command, { agent });
  return records[0]?.['out'] ?? [];
}

async function refusal(text: string): Promise<unknown> {
  const command = `{ userAgent { inputField : agent, database : "${database(text)}", outputFields { a : "@{ua_family}" } } }`;
  return tryCommands(command, {}).catch((error: unknown) => (error as Error).message);
}

// What Kite gives is held to in test/flume/morphlines/user-agent-cases.ts; these are the short version, without Java.
describe('The command userAgent', () => {
  it.each([
    ['Fox/1.2.3', '@{ua_family} @{ua_major}.@{ua_minor}.@{ua_patch}', 'Fox 1.2.3'],
    ['Fox/1', '@{ua_family} @{ua_major}.@{ua_minor}.@{ua_patch}!', 'Fox 1!'],
    ['Bird/1-2', '@{ua_family} @{ua_major}.@{ua_minor}', 'Big Bird 1.2'],
    ['Bird/1-', '@{ua_family} @{ua_major}.@{ua_minor}', 'Big Bird 1'],
    ['Win7 PHONE x', '@{os_family} @{os_major}, @{device_family}', 'Windows 7, Phone x'],
    ['nobody', '@{ua_family}/@{os_family}/@{device_family}', 'Other/Other/Other'],
  ])('makes of %s by %s the text %s', async (agent, output, expected) => {
    expect(await run(agent, output)).toEqual([expected]);
  });

  it('writes nullReplacement for what is not told', async () => {
    expect(await run('Fox/1', '@{ua_major}.@{ua_minor}', 'nullReplacement : x,')).toEqual(['1.x']);
  });

  it.each([-1, 0, 1, 2, 1000])('gives the same with a cache of %d', async (capacity) => {
    const agents = ['Fox/1', 'Fox/2', 'Fox/1', 'Fox/3', 'Fox/2', 'Fox/1'];
    expect(await run(agents, '@{ua_major}', `cacheCapacity : ${capacity},`)).toEqual(['1', '2', '1', '3', '2', '1']);
  });

  it('looks at the first 512 characters of a text', async () => {
    expect(await run([`${' x'.repeat(253)} Fox/1`, `${'x'.repeat(512)} Fox/1`], '@{ua_family}')).toEqual([
      'Fox',
      'Other',
    ]);
  });

  it('says which argument is missing, and which component is meant', async () => {
    await expect(tryCommands('{ userAgent { inputField : a } }', {})).rejects.toThrow(
      'test.conf:2: userAgent: the argument database is missing: name a regexes.yaml of ua-parser',
    );
    await expect(run('x', '@{ua_famly}')).rejects.toThrow('there is no component ua_famly (did you mean ua_family?)');
    await expect(run('x', '@{ua_family')).rejects.toThrow('has a @{ that is never closed by }');
  });

  it.each([
    [`user_agent_parsers:\n  - regex: '(a'\n${sections}`, 'regexes.yaml:2: regex: '],
    [`user_agent_parsers:\n  - x: 'a'\n${sections}`, 'regexes.yaml:2: the item of user_agent_parsers has no regex'],
    [sections, 'regexes.yaml has no section user_agent_parsers'],
  ])('refuses the database %j', async (text, message) => {
    expect(await refusal(text)).toContain(message);
  });
});

describe('A regexes.yaml', () => {
  it('is read with comments, every kind of quotes and lists of texts', () => {
    const text = `\uFEFF# c\r\n---\r\na:   # c\r\n  # c\r\n  - k: 'it''s # 1' # c\r\n    l: "x\\t\\"\\u0041\\\\" # c\r\n\r\n  - k: plain # c\r\nb:\n- one\n- 'two'\nc: []`;
    const read = [...parseRegexesYaml(text, 'f')].map(([name, entries]) => [
      name,
      entries.map(({ line, values }) => [line, Object.fromEntries(values)]),
    ]);
    expect(read).toEqual([
      [
        'a',
        [
          [5, { k: "it's # 1", l: 'x\t"A\\' }],
          [8, { k: 'plain' }],
        ],
      ],
      [
        'b',
        [
          [10, {}],
          [11, {}],
        ],
      ],
      ['c', []],
    ]);
  });

  it.each([
    ['a', 'f:1: expected a section'],
    ['a:\na:', 'f:2: the section a comes twice'],
    ['a: text', 'f:1: the section a has to be a list'],
    ['- k: 1', 'f:1: a list without a section'],
    ['a:\n  k: 1', 'f:2: a value outside a list'],
    ['a:\n  - k: 1\n - k: 1', 'f:3: the item has to be indented by 2 blanks'],
    ['a:\n  - k: 1\n     l: 1', 'f:3: the key has to be indented by 4 blanks'],
    ['a:\n  - k: 1\n    k: 1', 'f:3: the key k comes twice'],
    ['a:\n  - k: 1\n    more', 'f:3: expected a key and a text'],
    ['a:\n\t- k: 1', 'f:2: a line has to be indented by blanks'],
    ["a:\n  - k: 'x", 'f:2: '],
    ["a:\n  - k: 'x' y", 'f:2: '],
    ['a:\n  - k: "\\q"', 'f:2: \\q is no escape'],
    ['a:\n  - k: |', 'f:2: | is not a text'],
    ['a:\n  - k: &x y', 'f:2: &x y is not a text'],
    ['a:\n  - k: [x]', 'f:2: [x] is not a text'],
    ['a:\n  - k: x: y', 'f:2: x: y: a text with a colon'],
    ['a:\n  -', 'f:2: nothing is not a text'],
  ])('is refused with file and line: %j', (text, message) => {
    expect(() => parseRegexesYaml(text, 'f')).toThrow(message);
  });
});
