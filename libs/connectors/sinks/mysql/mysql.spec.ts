import { columnOf, quoted, selects, sqlFor, tuples, valueLists, type ColumnRow } from './columns.js';
import { classOfError, mysqlSinkError, withRow } from './mysql-errors.js';
import { mysqlProblems, mysqlSettings } from './options.js';

function column(type: string, more: Partial<ColumnRow> = {}, isJson = false) {
  return columnOf({ name: 'c', type, fullType: type, chars: null, ...more }, isJson);
}

function answer(errno: number, sqlState: string, message = 'no'): Error {
  return Object.assign(new Error(message), { errno, sqlState, code: 'ER_X' });
}

describe('a value in a statement of MySQL', () => {
  it.each([
    ['varchar', `it's \\ "x"`, `'it''s \\\\ "x"'`],
    ['longtext', 12345678901234567890n, "'12345678901234567890'"],
    ['text', true, "'true'"],
    ['bigint', 9007199254740993n, '9007199254740993'],
    ['int', '17', "'17'"],
    ['tinyint', false, '0'],
    ['decimal', '12345678901234567890.10', "'12345678901234567890.10'"],
    ['varbinary', 'aGk=', "X'6869'"],
    ['text', { a: ["it's"] }, `'{"a":["it''s"]}'`],
    ['datetime', 1_700_000_000_123, "'2023-11-14 22:13:20.123'"],
    ['datetime', '2026-01-02T03:04:05.123456+0200', "'2026-01-02 01:04:05.123456'"],
    ['datetime', '2026-01-02 03:04', "'2026-01-02 03:04'"],
    ['timestamp', '2026-01-02T03:04Z', "'2026-01-02 03:04:00'"],
    ['date', 20_000, "'2024-10-04 00:00:00'"],
    ['int', null, 'NULL'],
  ])('of type %s: %j is %s', (type, value, expected) => {
    expect(sqlFor(column(type))(value)).toBe(expected);
  });

  it('of a JSON column is JSON, texts too', () => {
    expect(sqlFor(column('longtext', {}, true))('a"b')).toBe(String.raw`'"a\\"b"'`);
  });

  it('knows how large it may be', () => {
    expect(column('tinyint', { fullType: 'tinyint(3) unsigned' }).wholeMax).toBe(255);
    expect(column('int').wholeMax).toBe(2_147_483_647);
    expect(column('varchar', { chars: '20' }).charsMax).toBe(20);
    expect(column('longtext', { chars: '4294967295' }).charsMax).toBeNull();
  });

  it('stands in lists that are cut by their bytes', () => {
    const rows = ['ä', 'b', 'c'].map((c) => ({ c }));
    expect([...valueLists(rows, [column('text')], tuples, 14)]).toEqual([
      { sql: "('ä'),('b')", from: 0, to: 2 },
      { sql: "('c')", from: 2, to: 3 },
    ]);
    expect([...valueLists(rows, [column('text')], selects, 1000)].map(({ sql }) => sql)).toEqual([
      "SELECT 'ä' UNION ALL SELECT 'b' UNION ALL SELECT 'c'",
    ]);
  });

  it('has names that nothing breaks out of', () => {
    expect(quoted('a`b')).toBe('`a``b`');
  });
});

describe('an error of MySQL', () => {
  it.each([
    [answer(1213, '40001'), 'retriable'],
    [answer(1205, 'HY000'), 'retriable'],
    [answer(1290, 'HY000'), 'retriable'],
    [answer(1927, '70100'), 'retriable'],
    [answer(1062, '23000'), 'poison'],
    [answer(1406, '22001'), 'poison'],
    [answer(4025, '23000'), 'poison'],
    [answer(1045, '28000'), 'fatal'],
    [answer(1142, '42000'), 'fatal'],
    [answer(1146, '42S02'), 'schema'],
    [answer(9999, '22999'), 'poison'],
    [answer(9999, 'HY000'), 'unknown'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED', errno: -111 }), 'retriable'],
    [Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' }), 'retriable'],
    [Object.assign(new Error('no SSL'), { code: 'HANDSHAKE_NO_SSL_SUPPORT' }), 'fatal'],
    [new TypeError('x is undefined'), 'unknown'],
  ])('is known: %s %j', (error, expected) => {
    expect(classOfError(error)).toBe(expected);
  });

  it('keeps its number, and names the record where it names the row', () => {
    expect(mysqlSinkError('Not written', answer(1406, '22001', 'Data too long'), true).message).toBe(
      'Not written: Data too long [1406, 22001]',
    );
    const error = answer(1406, '22001', "Data too long for column 'b' at row 2");
    expect(withRow(error, [4, 7, 9])).toMatchObject({ index: 7 });
    expect(withRow(error, [4, -1, 9])).toBe(error);
    expect(withRow(answer(1062, '23000', 'Duplicate entry'), [4, 7])).toMatchObject({ errno: 1062 });
    expect(withRow(answer(1062, '23000', 'Duplicate entry'), [4])).toMatchObject({ index: 4 });
  });
});

describe('the options of the mysql sink', () => {
  it.each([
    ['mysql://u:p%20w@db/shop', { host: 'db', port: 3306, database: 'shop', user: 'u', password: 'p w', tls: 'off' }],
    ['jdbc:mariadb://db:3307/shop?user=u&password=p&sslMode=verify-full', { port: 3307, user: 'u', tls: 'full' }],
    ['jdbc:mysql://db/shop?sslMode=VERIFY_CA&serverSslCert=ca.pem', { tls: 'authority', authorityFile: 'ca.pem' }],
    ['jdbc:mysql://db/shop?useSSL=true&trustServerCertificate=true', { tls: 'unchecked' }],
    ['jdbc:mariadb://db/shop?sslMode=DISABLED', { tls: 'off' }],
  ])('read %s', (url, expected) => {
    expect(mysqlSettings({ 'connection.url': url })).toMatchObject(expected);
    expect(mysqlProblems({ 'connection.url': url })).toEqual([]);
  });

  it.each(['postgresql://db/shop', 'mysql://db', 'jdbc:mysql:db'])('refuse %s', (url) => {
    expect(() => mysqlSettings({ 'connection.url': url })).toThrow(/must be like mysql:/);
  });
});
