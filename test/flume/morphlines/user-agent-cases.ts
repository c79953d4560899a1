import type { MorphlineCase } from './case.js';

/** Databases by the name of their file, in the folder HERE. */
export const userAgentDatabases: Readonly<Record<string, string>> = {
  'agents.yaml': String.raw`# A comment
---
user_agent_parsers:
  #### first ones first ####
  - regex: '(Minefield|Firefox)/(\d+)\.(\d+)(?:\.(\d+))?'   # at the end

  - regex: 'Chrome Beta/(\d+)'
    family_replacement: 'Chrome''s "Beta" # one'
  - regex: '(Opera) Mini/(\d+)\.(\d+)\.(\d+)'
    family_replacement: '$1 Mini'
    v2_replacement: '7'
  - regex: "(Quoted)\\/(\\d+)"
    v1_replacement: "x\ty"
  - regex: (Plain)/(\d+)
    family_replacement: Plain one # comment
  - regex: '\b(?i:curl)/(\d++)(?>\.(\d+))'
    family_replacement: curl
  - regex: '(Nothing)?here'
  - regex: '(\p{Alpha}+)Bot(?=[^a-z&&[^0-9]]|$)'
    family_replacement: 'Bot $1'
os_parsers:
  - regex: '(Windows) NT 6\.1'
    os_v1_replacement: '7'
  - regex: 'Mac OS X (\d+)[_.](\d+)(?:[_.](\d+))?'
    os_replacement: 'Mac OS X'
    os_v1_replacement: '$1'
    os_v2_replacement: '$2'
    os_v3_replacement: '$3'
  - regex: '(Android)[ \-/](\d+)(?:\.(\d+)(?:\.(\d+)(?:-(\w+))?)?)?'
  - regex: '(Linux)'
    os_replacement: 'GNU/$1'
device_parsers:
  - regex: 'android.*; *(\w+) build'
    regex_flag: 'i'
    device_replacement: 'Droid $1 $2 '
  - regex: '(iPhone|iPad)(\d+)?'
  - regex: '; (\w+) (\w+)\)'
    device_replacement: '$2 by $1'
  - regex: 'Spider'
    device_replacement: 'Spider'
mobile_os_families:
  - 'Android'
  - iOS
`,
  'flush.yaml': `user_agent_parsers:\n- regex: '(A+)'\nos_parsers: []\ndevice_parsers:\n- regex: 'a'\n  regex_flag: i\n  device_replacement: any\n`,
  'no-section.yaml': `user_agent_parsers:\n  - regex: 'a'\nos_parsers:\n  - regex: 'b'\n`,
  'no-regex.yaml': `user_agent_parsers:\n  - family_replacement: 'a'\nos_parsers: []\ndevice_parsers: []\n`,
  'bad-regex.yaml': `user_agent_parsers:\n  - regex: '(a'\nos_parsers: []\ndevice_parsers: []\n`,
  'bad-text.yaml': `user_agent_parsers:\n  - regex: 'a\nos_parsers: []\ndevice_parsers: []\n`,
  'bad-column.yaml': `user_agent_parsers:\n  - regex: 'a'\n     family_replacement: 'b'\nos_parsers: []\ndevice_parsers: []\n`,
  'literal.yaml': String.raw`user_agent_parsers:
  - regex: '(a)(\d)'
    v1_replacement: '$2'
os_parsers: []
device_parsers: []
`,
};

const agents: readonly string[] = [
  'Mozilla/5.0 (Windows NT 6.1; rv:10.0) Gecko/20100101 Firefox/10.0.2',
  'Mozilla/5.0 (Windows NT 6.1) Minefield/4.0',
  '  Opera Mini/4.2.1 Linux  ',
  'Chrome Beta/12 (Macintosh; Intel Mac OS X 10_8_1)',
  'Mac OS X 10.9',
  'Quoted/4 Android-2.3.4-rc1; nexus Build/x',
  'Plain/5 Android 4; NEXUS BUILD',
  'CURL/7.1',
  'GoogleBot Spider',
  'Googlebot (X11; small thing)',
  'here is iPhone',
  'iPad3',
  'unheard of',
  'Android 4.1 (a;b) ünïcode',
  '',
];

const all = [
  'ua_family',
  'ua_major',
  'ua_minor',
  'ua_patch',
  'os_family',
  'os_major',
  'os_minor',
  'os_patch',
  'os_patch_minor',
]
  .concat('device_family')
  .map((name) => `${name} : "@{${name}}"`)
  .join('\n');

const command = (outputs: string, others = 'database : HERE/agents.yaml'): string =>
  `{ userAgent { inputField : agent, ${others}, outputFields { ${outputs} } } }`;

const refused = (name: string, others: string, outputs = 'a : "@{ua_family}"'): MorphlineCase => ({
  name: `userAgent, ${name}`,
  commands: command(outputs, others),
});

export const userAgentCases: readonly MorphlineCase[] = [
  ...agents.map((agent) => ({
    name: `userAgent of "${agent}"`,
    commands: command(all),
    input: [{ agent }],
  })),
  {
    name: 'userAgent leaves out what separates a component that is empty',
    commands: command(
      `a : "@{ua_family}/@{ua_major}.@{ua_minor}.@{ua_patch}", b : " v@{ua_patch}, @{os_family} (@{os_major}) ", c : plain, d : "", e : "@{ua_major}@{ua_minor}", f : 1.50`,
    ),
    input: agents.map((agent) => ({ agent })),
  },
  {
    name: 'userAgent with a nullReplacement',
    commands: command(all, 'database : HERE/agents.yaml, nullReplacement : unknown'),
    input: agents.map((agent) => ({ agent })),
  },
  {
    name: 'userAgent of several values, of none, and what is in the field already',
    commands: command('a : "@{ua_family}", b : "@{device_family}"'),
    input: [{ agent: ['Minefield/4.0', 'iPad3', 'Minefield/4.0'], a: 'old' }, { x: 'none' }],
  },
  {
    name: 'userAgent with a small cache',
    commands: command('a : "@{ua_family}"', 'database : HERE/agents.yaml, cacheCapacity : 1'),
    input: [...agents, ...agents].map((agent) => ({ agent })),
  },
  {
    name: 'userAgent without a cache',
    commands: command('a : "@{ua_family}"', 'database : HERE/agents.yaml, cacheCapacity : 0'),
    input: [...agents, ...agents].map((agent) => ({ agent })),
  },
  {
    name: 'userAgent without outputs',
    commands: '{ userAgent { inputField : agent, database : HERE/agents.yaml } }',
    input: [{ agent: 'x' }],
  },
  {
    name: 'userAgent by lists that are not indented',
    commands: command(all, 'database : HERE/flush.yaml'),
    input: ['xAAx', 'aa', 'b'].map((agent) => ({ agent })),
  },
  refused('a component that there is not', 'database : HERE/agents.yaml', 'a : "@{ua_famly}"'),
  refused('a reference that is not closed', 'database : HERE/agents.yaml', 'a : "@{ua_family"'),
  refused('a database that is not there', 'database : HERE/none.yaml'),
  ...['no-section', 'no-regex', 'bad-regex', 'bad-text', 'bad-column'].map((name) =>
    refused(`a database with ${name}`, `database : HERE/${name}.yaml`),
  ),
  {
    name: 'userAgent with a reference in place of a number',
    commands: command('a : "@{ua_family} @{ua_major}"', 'database : HERE/literal.yaml'),
    input: [{ agent: 'a1' }],
    differs: { why: 'databases of today have references there, which Kite leaves as they are', ours: '"s:a 1"' },
  },
  {
    name: 'userAgent without a database',
    commands: '{ userAgent { inputField : agent, outputFields { a : "@{ua_family}" } } }',
    input: [{ agent: 'x' }],
    differs: { why: 'no database comes with us', ours: '"error":"compile"' },
  },
];
