import { RegionCache, type Region } from './region-cache.js';

const region = (startKey: string, endKey: string, server = 'a:1'): Region => ({
  name: Buffer.from(`t,${startKey}`),
  startKey: Buffer.from(startKey),
  endKey: Buffer.from(endKey),
  server,
});
const found = (cache: RegionCache, row: string): string | undefined =>
  cache.find('t', Buffer.from(row))?.name.toString();

describe('regions that were looked up', () => {
  it('are found by their rows, first and last ones open', () => {
    const cache = new RegionCache();
    for (const one of [region('m', ''), region('', 'c'), region('c', 'm')]) cache.add('t', one);
    expect(['', 'b', 'c', 'lz', 'm', 'zz'].map((row) => found(cache, row))).toEqual([
      't,',
      't,',
      't,c',
      't,c',
      't,m',
      't,m',
    ]);
    expect(cache.find('other', Buffer.from('a'))).toBeNull();
  });

  it('give way to what a split or a merge made of them', () => {
    const cache = new RegionCache();
    cache.add('t', region('', ''));
    cache.add('t', region('m', ''));
    expect([found(cache, 'a'), found(cache, 'z')]).toEqual([undefined, 't,m']);
    cache.add('t', region('', ''));
    expect(found(cache, 'z')).toBe('t,');
    cache.forget('t');
    expect(found(cache, 'z')).toBeUndefined();
  });
});
