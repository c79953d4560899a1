import type { ComponentKind } from './collector-api.js';
import { agentsOf, corrected, sourcesOf, wordsFor } from './conf-text.js';

const conf = `# two
web.sources = r1  r2
web.channels = c1
web.sources.r1.type = org.apache.flume.source.NetcatSource
web.sources.r1.interceptors = i1
web.sources.r1.interceptors.i1.type = static
other.sources: x
`;
const kinds: ComponentKind[] = [
  {
    kind: 'source',
    name: 'netcat',
    class_names: ['org.apache.flume.source.NetcatSource'],
    options: [{ name: 'port', doc: '' }],
  },
  { kind: 'interceptor', name: 'static', class_names: [], options: [{ name: 'key', doc: '' }] },
  { kind: 'sink', name: 'logger', class_names: [], options: [{ name: 'maxBytes', doc: '' }] },
];

describe('the text of a flume.conf', () => {
  it('names agents and their sources', () => {
    expect(agentsOf(conf)).toEqual(['web', 'other']);
    expect(sourcesOf(conf, 'web')).toEqual(['r1', 'r2']);
    expect(sourcesOf(conf, 'none')).toEqual([]);
  });

  it('gives the keys of its components as words, and every type', () => {
    const words = wordsFor(conf, kinds);
    expect(words).toEqual(
      expect.arrayContaining(['web.sinks', 'web.sources.r1.port', 'web.sources.r1.interceptors.i1.key', 'logger']),
    );
    expect(words.some((word) => word.endsWith('maxBytes'))).toBe(false);
  });

  it.each([
    ['a.channels.c1.capcity = 5', 'memory has no option "capcity".', 'capacity', 'a.channels.c1.capacity = 5'],
    ['a.sources.netct.type = netct', 'there is no source type "netct".', 'netcat', 'a.sources.netct.type = netcat'],
    ['a.channels.c1.x = 5', 'no word in quotes', 'y', null],
    ['a.channels.c1.x = 5', 'there is no "z"', 'y', null],
    ['a.channels.c1.x = 5', 'there is no "x"', null, null],
  ])('is corrected in one line: %s', (line, message, suggestion, expected) => {
    const text = `first\n${line}\nlast`;
    expect(corrected(text, 2, { message, suggestion })).toBe(expected === null ? null : `first\n${expected}\nlast`);
  });
});
