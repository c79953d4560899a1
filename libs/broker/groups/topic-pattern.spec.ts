import { TopicPattern } from './topic-pattern.js';

describe('TopicPattern', () => {
  const rows: readonly (readonly [pattern: string, matched: readonly string[], others: readonly string[]])[] = [
    ['orders', ['orders'], ['orders2', 'my-orders', '']],
    ['.*', ['', 'a', 'anything'], []],
    ['a|bc', ['a', 'bc'], ['abc', 'ac']],
    ['(a|b)+c?', ['a', 'ab', 'abac'], ['c', 'acc']],
    ['(?:a(?:b|c)){2}', ['abac'], ['ab', 'ababab']],
    ['a{2,3}', ['aa', 'aaa'], ['a', 'aaaa']],
    ['a{2,}?', ['aa', 'aaaaa'], ['a']],
    ['a{0}b', ['b'], ['ab']],
    ['[a-c]x[^a-c]', ['axd', 'cx-'], ['dxd', 'axa']],
    ['[]a]+', [']', 'a]'], ['b']],
    ['[a\\-z]+', ['a-z'], ['b']],
    ['[[:digit:]x]+', ['1x2'], ['y']],
    ['\\d+\\.\\w+', ['12.ab_'], ['12ab', 'a.b']],
    ['[\\d-]+', ['1-2'], ['a']],
    ['^logs-.*$', ['logs-', 'logs-a'], ['my-logs-a']],
    ['\\Alogs\\z', ['logs'], ['logsx']],
    ['a^b', [], ['ab', 'a^b']],
    ['(?i)orders', ['ORDERS', 'Orders'], ['order']],
    ['(?i:a)b', ['Ab', 'ab'], ['aB']],
    ['(?P<name>a)', ['a'], ['b']],
    ['x{a}', ['x{a}'], ['x']],
    ['', [''], ['a']],
    ['a||b', ['a', '', 'b'], ['ab']],
    ['(a*)*', ['', 'aaa'], ['b']],
  ];
  it.each(rows)('%j matches whole names', (text, matched, others) => {
    const pattern = TopicPattern.parse(text);
    expect(matched.filter((name) => pattern?.matches(name) !== true)).toEqual([]);
    expect(others.filter((name) => pattern?.matches(name) !== false)).toEqual([]);
  });

  const broken = [
    '[',
    '(',
    ')',
    'a)',
    '*',
    '+a',
    'a**',
    'a{3,2}',
    'a{1001}',
    '[z-a]',
    '[[:none:]]',
    '(?=a)',
    '(a)\\1',
    '\\',
    '\\pL',
  ];
  it.each(broken)('%j is refused', (text) => expect(TopicPattern.parse(text)).toBeNull());

  it('takes time in proportion to the name, where backtracking would take for ever', () => {
    const pattern = TopicPattern.parse('(a|aa|a?)*(a*)*b');
    expect(pattern?.matches('a'.repeat(249))).toBe(false);
    expect(pattern?.matches(`${'a'.repeat(248)}b`)).toBe(true);
  });

  it('refuses what would need too many states, however short it is', () => {
    expect(TopicPattern.parse('((a{1000}){1000}){1000}')).toBeNull();
    expect(TopicPattern.parse('('.repeat(200) + ')'.repeat(200))).toBeNull();
  });
});
