import { substitute, type SubstitutionSources } from './flume-substitution.js';
import { javaDateText } from './java-date-text.js';

const noon = new Date(2026, 2, 5, 13, 4, 9, 7).getTime();

function sources(more: Partial<SubstitutionSources> = {}): SubstitutionSources {
  return {
    environment: { HOME: '/home/x', NAME: 'HOME', EMPTY: '' },
    system: { 'user.dir': '/srv', stage: 'test' },
    platform: { os: 'Linux' },
    nowMs: noon,
    properties: new Map([
      ['root', '/var'],
      ['logs', '${root}/log'],
      ['HOST', 'alpha'],
      ['loop', '${pool}'],
      ['pool', '${loop}'],
    ]),
    isLegacy: false,
    ...more,
  };
}

describe('a reference', () => {
  it.each([
    ['${env:HOME}', '/home/x'],
    ['${ENV:HOME}', '/home/x'],
    ['${sys:stage}/${sys:user.dir}', 'test//srv'],
    ['${java:os}', 'Linux'],
    ['${date:yyyy-MM-dd}', '2026-03-05'],
    ['${root}', '/var'],
    ['${logs}/a', '/var/log/a'],
    ['${env:HOST}', 'alpha'],
    ['${env:NONE:-x}', 'x'],
    ['${env:NONE:-${root}}', '/var'],
    ['${none:-}', ''],
    ['${env:EMPTY}', ''],
    ['${env:${env:NAME}}', '/home/x'],
    ['$${env:HOME}', '${env:HOME}'],
    ['a $ b {c} ${', 'a $ b {c} ${'],
    ["${f['key']}${f[key]}", "${f['key']}${f[key]}"],
  ])('%s gives %s', (text, expected) => {
    expect(substitute(text, sources())).toMatchObject({ text: expected, problems: [] });
  });

  it.each([
    ['${env:HOMEE}', /environment variable HOMEE is not set/, 'env:HOME'],
    ['${sys:stag}', /system property stag is not set \(-Dstag=…\)/, 'sys:stage'],
    ['${java:vm}', /nothing runs on Java here; there are os/, null],
    ['${date:ccc}', /"ccc" is no pattern/, null],
    ['${rot}', /names no property of the file/, 'root'],
    ['${HOME}', /The environment has it: \$\{env:HOME\}/, null],
    ['${loop}', /refers to itself by way of loop → pool/, null],
  ])('%s stays, and is reported', (text, message, suggestion) => {
    const result = substitute(text, sources());
    expect(result.problems[0]?.message).toMatch(message);
    expect(result.problems[0]?.suggestion).toBe(suggestion);
  });

  it('without a prefix is the environment’s first where the old way was asked for', () => {
    expect(substitute('${HOME} ${root}', sources({ isLegacy: true }))).toMatchObject({
      text: '/home/x /var',
      problems: [],
    });
  });
});

describe('a date by Java’s pattern', () => {
  it.each([
    ["yyyy.MM.dd 'at' HH:mm:ss.SSS", '2026.03.05 at 13:04:09.007'],
    ["yy MMM MMMM EEE EEEE h a k K 'o''clock'", "26 Mar March Thu Thursday 1 PM 13 1 o'clock"],
    ['D u', '64 4'],
    ['yyyyMMdd_HHmm', '20260305_1304'],
  ])('%s gives %s', (pattern, expected) => {
    expect(javaDateText(pattern, noon)).toBe(expected);
  });

  it.each(["'open", 'b', 'yyyy-jj'])('%s is none', (pattern) => {
    expect(javaDateText(pattern, noon)).toBeNull();
  });
});
