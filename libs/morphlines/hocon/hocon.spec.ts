import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHocon, readHocon } from './hocon-file.js';
import type { HoconValue } from './hocon-value.js';

function plain(value: HoconValue): unknown {
  if (value.kind === 'array') return value.items.map(plain);
  if (value.kind === 'object') return Object.fromEntries([...value.fields].map(([key, item]) => [key, plain(item)]));
  return typeof value.value === 'object' && value.value !== null ? Number(value.value.toString()) : value.value;
}

function read(text: string, environment: Record<string, string> = {}): unknown {
  return plain(parseHocon(text, 'test.conf', { environment }));
}

describe('HOCON', () => {
  it.each<[string, unknown]>([
    ['{"a": 1, "b": [true, null, "x\\n"]}', { a: 1, b: [true, null, 'x\n'] }],
    ['a : 1\nb = two # comment\n// another\nc { d : 3 }', { a: 1, b: 'two', c: { d: 3 } }],
    ['a : [1\n2\n3,]\n', { a: [1, 2, 3] }],
    ['a.b.c : 1\na.b.d : 2', { a: { b: { c: 1, d: 2 } } }],
    ['"a.b" : 1\na."x y".z : 2', { 'a.b': 1, a: { 'x y': { z: 2 } } }],
    ['a : one two  three ', { a: 'one two  three' }],
    [
      'a : UTF-8, b : 10 seconds, c : 1.5, d : 12345678901234567890',
      { a: 'UTF-8', b: '10 seconds', c: 1.5, d: 12345678901234567890n },
    ],
    ['a : """raw "quoted" \\d+\nsecond"""', { a: 'raw "quoted" \\d+\nsecond' }],
    ['a : """x""""', { a: 'x"' }],
    ['a : { b : 1, c : 1 }, a : { c : 2 }', { a: { b: 1, c: 2 } }],
    ['a : { b : 1 }, a : 5, a : { c : 2 }', { a: { c: 2 } }],
    ['a : { b : 1 } { c : 2 }', { a: { b: 1, c: 2 } }],
    ['a : [1] [2, 3]', { a: [1, 2, 3] }],
    ['a : [1], a += 2', { a: [1, 2] }],
    ['a += 2', { a: [2] }],
    ['x : 5, a : ${x}', { x: 5, a: 5 }],
    ['a : "${x}"', { a: '${x}' }],
    ['a : ${b.c}/bin, b { c : /usr }', { a: '/usr/bin', b: { c: '/usr' } }],
    ['a : ${?none}, b : x${?none}', { b: 'x' }],
    ['a : [${?none}, 1]', { a: [1] }],
    ['c : [], c { a : [1] }, c.a += 2', { c: { a: [1, 2] } }],
    ['a : x, a.b += 1, c : ${?a.b}', { a: { b: [1] }, c: [1] }],
    ['a : 1., b : { x : 1 } ${?none}', { a: 1, b: { x: 1 } }],
    ['path : [one], path : ${path} [two]', { path: ['one', 'two'] }],
    ['base { x : 1 }, a : ${base} { y : 2 }', { base: { x: 1 }, a: { x: 1, y: 2 } }],
    ['a : 1, a : ${?A_VAR}', { a: 'from environment' }],
    ['a : ${A_VAR}', { a: 'from environment' }],
    ['a { b : ${a.c}, c : 7 }', { a: { b: 7, c: 7 } }],
    ['', {}],
  ])('reads %j', (text, value) => {
    expect(read(text, { A_VAR: 'from environment' })).toEqual(value);
  });

  it.each([
    ['a : {\n b : 1\n', 'test.conf:1: this { is never closed'],
    ['a : [1, 2\n', 'test.conf:1: this [ is never closed'],
    ['\n\na : "x', 'test.conf:3: this quote is never closed'],
    ['a : """x', 'test.conf:1: these three quotes are never closed'],
    ['a : 1\nb : ${c}', 'test.conf:2: ${c} is neither defined in this file nor an environment variable'],
    ['a : ${b}, b : ${a}', 'is neither defined'],
    ['a : org.kitesdk.**', 'has to stand in quotes'],
    ['a : "\\d+"', 'has an escape that JSON does not know'],
    ['a 1', "test.conf:1: expected ':' or '='"],
    ['a : [1], b : {} []', 'cannot stand side by side'],
    ['a : "x" : 1', ': has to stand in quotes in a value'],
    ['['.repeat(500), 'expected a key'],
    [`a : ${'['.repeat(500)}`, 'brackets inside each other'],
  ])('refuses %j with its line', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('includes files, and looks up their substitutions at the place of the include first', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hocon-'));
    writeFileSync(join(folder, 'constants.conf'), 'x : 1, y : ${x}');
    writeFileSync(
      join(folder, 'main.conf'),
      'include "constants"\nn { include file("constants.conf") }\ninclude "absent"\nx : 2',
    );
    expect(plain(readHocon(join(folder, 'main.conf')))).toEqual({ x: 2, y: 2, n: { x: 1, y: 1 } });
  });

  it('refuses a file that includes itself', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hocon-'));
    writeFileSync(join(folder, 'main.conf'), 'include "main.conf"');
    expect(() => readHocon(join(folder, 'main.conf'))).toThrow('is included by itself');
  });

  it('lets overrides win', () => {
    const root = parseHocon('a { b : 1 }, c : ${a.b}', 'test.conf', { overrides: { 'a.b': 'two' }, environment: {} });
    expect(plain(root)).toEqual({ a: { b: 'two' }, c: 'two' });
  });
});
