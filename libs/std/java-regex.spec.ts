import { compileJavaMatcher, compileJavaRegex, toJavaScriptReplacement, translateJavaRegex } from './java-regex.js';

function groupsOf(pattern: string, text: string): (string | null)[] | null {
  const match = compileJavaRegex(pattern).exec(text);
  return match === null ? null : Array.from(match, (group: string | undefined) => group ?? null);
}

describe("Java's regular expressions", () => {
  // Expectations were taken from java.util.regex.
  it.each<[string, string, (string | null)[] | null]>([
    ['a(b)(c)?', 'xab', ['ab', 'b', null]],
    ['(?i)GET', 'get', ['get']],
    ['a(?i)b|c', 'AB', null],
    ['a(?i)b|c', 'aB', ['aB']],
    ['a(?i)b|c', 'C', ['C']],
    ['(a(?i)b)C', 'aBc', null],
    ['(?i:a)b', 'Ab', ['Ab']],
    ['(?i:a)b', 'AB', null],
    ['(?i)a(?-i)b', 'Ab', ['Ab']],
    ['(?i)a(?-i)b', 'AB', null],
    ['(?s)a.b', 'a\nb', ['a\nb']],
    ['a.b', 'a\nb', null],
    ['(?m)^b$', 'a\nb\nc', ['b']],
    ['^b$', 'a\nb\nc', null],
    ['b$', 'ab\n', ['b']],
    ['b\\z', 'ab\n', null],
    ['b\\Z', 'ab\r\n', ['b']],
    ['\\Aa', 'ba', null],
    ['(?x) a b # comment\n c', 'abc', ['abc']],
    ['\\Qa.b\\E+', 'a.bbb', ['a.bbb']],
    ['\\Qa.b', 'axb', null],
    ['[\\Q^]\\E]+', '^]', ['^]']],
    ['\\s', '\u00a0', null],
    ['\\S', '\u00a0', ['\u00a0']],
    ['\\h+', '\t\u00a0', ['\t\u00a0']],
    ['\\R', '\r\n', ['\r\n']],
    ['\\p{Alpha}+', '12ab', ['ab']],
    ['[^\\p{Alpha}]+', 'ab12', ['12']],
    ['\\P{Alpha}+', 'ab12', ['12']],
    ['[\\p{Upper}_]+', 'abA_B', ['A_B']],
    ['\\p{L}+', '12äö', ['äö']],
    ['\\pL+', '12äö', ['äö']],
    ['\\p{IsAlphabetic}+', '1é', ['é']],
    ['\\p{javaLowerCase}+', 'Aé', ['é']],
    ['\\p{IsLatin}+', 'яé', ['é']],
    ['[a-z&&[^b]]+', 'bac', ['ac']],
    ['[a-z&&[def]]+', 'abcdefg', ['def']],
    ['[a-c[x-z]]+', 'mxa', ['xa']],
    ['[^a-c[x-z]]+', 'amz', ['m']],
    ['[]a]+', 'x]a', [']a']],
    ['[^]a]+', ']xa', ['x']],
    ['[a-]+', 'b-a', ['-a']],
    ['a++b', 'aaab', ['aaab']],
    ['a++a', 'aaa', null],
    ['(a|ab)c', 'abc', ['abc', 'ab']],
    ['(?>a|ab)c', 'abc', null],
    ['(?>(a)|b)(c)', 'bac', ['ac', 'a', 'c']],
    ['(x)(?>(a)+)\\1(\\2)', 'xaaxa', ['xaaxa', 'x', 'a', 'a']],
    ['(?:ab){2,3}?', 'ababab', ['abab']],
    ['(?<year>\\d{4})-\\k<year>', '2024-2024', ['2024-2024', '2024']],
    ['(a)\\11', 'aa1', ['aa1', 'a']],
    ['\\x41\\u0042\\x{43}\\0104', 'ABCD', ['ABCD']],
    ['\\t\\e\\a\\cA', '\t\x1b\x07\x01', ['\t\x1b\x07\x01']],
    ['(?<=a)b(?!c)', 'abcab', ['b']],
    ['a]}', 'a]}', ['a]}']],
    ['😀+', '😀😀', ['😀😀']],
    ['/-#"', '/-#"', ['/-#"']],
  ])('%j finds in %j what Java finds', (pattern, text, groups) => {
    expect(groupsOf(pattern, text)).toEqual(groups);
  });

  it.each([
    ['a{', 'has to be a repetition'],
    ['*a', 'nothing to repeat'],
    ['a**', 'nothing to repeat'],
    ['(a', 'never closed'],
    ['a)', 'without an opening one'],
    ['[a', 'never closed'],
    ['\\G', '\\G is not supported'],
    ['\\X', '\\X is not supported'],
    ['\\p{InGreek}', '\\p{InGreek} is not supported'],
    ['(?<a>x)(?<a>y)', 'defined twice'],
    ['(?P<a>x)', 'is not a kind of group'],
    ['\\1', 'no group 1'],
    ['(?U)a', 'flag U'],
    ['a\\', 'a backslash at the end'],
  ])('%j is refused with a reason', (pattern, reason) => {
    expect(() => compileJavaRegex(pattern)).toThrow(reason);
  });

  it('matches whole texts', () => {
    expect(compileJavaMatcher('a|ab').test('ab')).toBe(true);
    expect(compileJavaMatcher('a|ab').test('abc')).toBe(false);
  });

  it('replaces by groups as Java counts them', () => {
    expect('xaab'.replace(compileJavaRegex('(x)(?>a+)(b)', 'g'), toJavaScriptReplacement('$2-$1\\$'))).toBe('b-x$');
    expect('ab'.replace(compileJavaRegex('(?<first>a)'), toJavaScriptReplacement('[${first}]$&'))).toBe('[a]$&b');
  });

  it('gives groups of one name several times to grok, without capturing what has no name', () => {
    const { source, names } = translateJavaRegex('(?<n>a)|(x)(?<n>b)', { isGrok: true });
    expect(source).toBe('(a)|(?:x)(b)');
    expect(names).toEqual(new Map([['n', [1, 2]]]));
  });
});
