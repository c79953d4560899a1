import { systemClock } from '#std/clock';
import { events } from '../sink-context.testkit.js';
import { RegexRows, SimpleRows } from './event-rows.js';
import { checkHBase, hbaseValues, regexOptions, simpleOptions } from './hbase-options.js';

const clock = { ...systemClock, now: () => 1000 };
const values = (options: Record<string, string>) => hbaseValues('k1', { table: 't', columnFamily: 'f', ...options });
const regex = (options: Record<string, string>): RegexRows =>
  new RegexRows(regexOptions(values({ serializer: 'regex', ...options })), clock);
const texts = (cells: readonly { qualifier: Buffer; value: Buffer }[] | undefined): Record<string, string> =>
  Object.fromEntries((cells ?? []).map(({ qualifier, value }) => [qualifier.toString(), value.toString()]));

describe("rows of Flume's HBase serializers", () => {
  it('Simple: the body in a row of its own, and a count', () => {
    const rows = new SimpleRows(simpleOptions(values({ 'serializer.suffix': 'timestamp' })), clock);
    expect(rows.rowOf(events(['body']), 0)).toEqual({
      put: { row: Buffer.from('default1000'), cells: [{ qualifier: Buffer.from('pCol'), value: Buffer.from('body') }] },
      increment: { row: Buffer.from('incRow'), qualifier: Buffer.from('iCol') },
    });
    const keys = ['uuid', 'random', 'nano'].map((suffix) =>
      new SimpleRows(simpleOptions(values({ 'serializer.suffix': suffix })), clock)
        .rowOf(events(['x']), 0)
        .put?.row.toString(),
    );
    expect(keys).toEqual([
      expect.stringMatching(/^default[0-9a-f-]{36}$/),
      expect.stringMatching(/^default-?\d+$/),
      expect.stringMatching(/^default\d+$/),
    ]);
  });

  it('Regex: groups as columns, over several lines, with the row key among them', () => {
    const rows = regex({
      'serializer.regex': '(\\d+) (.*)',
      'serializer.colNames': 'ROW_KEY,text',
      'serializer.rowKeyIndex': '0',
      'serializer.depositHeaders': 'true',
    });
    const row = rows.rowOf(events(['17 two\nlines'], { host: 'web1' }), 0);
    expect(row?.put?.row.toString()).toBe('17');
    expect(texts(row?.put?.cells)).toEqual({ text: 'two\nlines', host: 'web1' });
    expect(rows.rowOf(events(['no number']), 0)).toBeNull();
  });

  it('Regex: makes a key of time, process and count', () => {
    const rows = regex({});
    const keys = [0, 1].map((index) => rows.rowOf(events(['a', 'b']), index)?.put?.row.toString() ?? '');
    expect(keys).toEqual([expect.stringMatching(/^1000-\w{10}-0$/), expect.stringMatching(/^1000-\w{10}-1$/)]);
    expect(regex({ 'serializer.colNames': 'a,b' }).rowOf(events(['x']), 0)).toBeNull();
  });

  it('finds a row key that is not named so', () => {
    const remarks = checkHBase(
      values({ serializer: 'regex', 'serializer.colNames': 'a,b', 'serializer.rowKeyIndex': '1' }),
    );
    expect(remarks.map(({ message }) => message)).toEqual([expect.stringContaining('has to be named ROW_KEY')]);
  });
});
