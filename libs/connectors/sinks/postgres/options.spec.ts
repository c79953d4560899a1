import { postgresProblems, postgresSettings } from './options.js';
import { classOfError, classOfSqlState } from './sql-errors.js';
import { tableName } from '../sql/table-name.js';
import { quotedTable } from './tables.js';

const url = { 'connection.url': 'jdbc:postgresql://db:5433/shop?user=u&password=p%20w&ssl=true' };

describe('the options of the postgres sink', () => {
  it.each([
    [url, 'postgresql://u:p%20w@db:5433/shop?sslmode=require'],
    [
      { ...url, 'connection.user': 'v', 'connection.password': 'a@b/c' },
      'postgresql://v:a%40b%2Fc@db:5433/shop?sslmode=require',
    ],
    [{ 'connection.url': 'postgres://x:y@h/d' }, 'postgres://x:y@h/d'],
  ])('make an address of %j', (options, expected) => {
    expect(postgresSettings(options).connectionString).toBe(expected);
  });

  it('refuse an address of another database', () => {
    expect(() => postgresSettings({ 'connection.url': 'jdbc:mysql://h/d' })).toThrow(/must be like postgresql:/);
  });

  it.each([
    [{ 'insert.mode': 'upsert' }, 'pk.mode'],
    [{ 'delete.enabled': 'true', 'pk.mode': 'kafka' }, 'delete.enabled'],
    [{ 'pk.mode': 'record_value' }, 'pk.fields'],
    [{ 'pk.mode': 'kafka', 'pk.fields': 'a,b' }, 'pk.fields'],
  ])('that do not go together are found: %j', (options, name) => {
    expect(postgresProblems({ ...url, ...options }).map((problem) => problem.name)).toEqual([name]);
  });

  it.each([
    ['${topic}', 'a.b', '"a.b"'],
    ['lake.${topic}_raw', 'a.b', '"lake"."a.b_raw"'],
    ['one', 'x', '"one"'],
    ['${topic}', 'a"$&b', '"a""$&b"'],
  ])('name tables: %s of topic %s is %s', (format, topic, expected) => {
    expect(quotedTable(tableName(format, topic))).toBe(expected);
  });
});

describe('an error of the database', () => {
  it.each([
    ['08006', 'retriable'],
    ['40001', 'retriable'],
    ['40P01', 'retriable'],
    ['53300', 'retriable'],
    ['57P01', 'retriable'],
    ['57014', 'retriable'],
    ['55P03', 'retriable'],
    ['22001', 'poison'],
    ['22P02', 'poison'],
    ['23505', 'poison'],
    ['28P01', 'fatal'],
    ['3D000', 'fatal'],
    ['42501', 'fatal'],
    ['42P01', 'schema'],
    ['42703', 'schema'],
    ['ZZ000', 'unknown'],
  ])('%s is %s', (state, expected) => {
    expect(classOfSqlState(state)).toBe(expected);
  });

  it.each([
    [new Error('Connection terminated unexpectedly'), 'retriable'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'retriable'],
    [Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'fatal'],
    [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), 'fatal'],
    [new TypeError('x is undefined'), 'unknown'],
  ])('of the driver is known too: %s', (error, expected) => {
    expect(classOfError(error)).toBe(expected);
  });
});
