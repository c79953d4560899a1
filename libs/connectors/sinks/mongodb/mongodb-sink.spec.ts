import * as bson from 'bson';
import { batchOf } from '../postgres/batch.testkit.js';
import { toBson } from './bson-values.js';
import { NoDocumentError, runsOf, writeOf } from './document-writes.js';
import { classOfMongodbError, refusalsIn } from './mongodb-errors.js';
import { mongodbProblems, mongodbSettings } from './options.js';
import { mongodbSinkType } from './sink-type.js';

const base = { 'connection.uri': 'mongodb://h', database: 'shop' };

function write(options: Record<string, string>, value: unknown, key: string | null = 'k') {
  const batch = batchOf([{ offset: 5, key, value: value === null ? null : JSON.stringify(value) }]);
  return writeOf(batch, 0, mongodbSettings({ ...base, ...options }), bson);
}

describe('the options of the mongodb sink', () => {
  it.each([
    [{ 'delete.on.null.values': 'true' }, 'delete.on.null.values'],
    [{ 'document.id.strategy': 'PartialValueStrategy' }, 'document.id.strategy.partial.value.projection.list'],
    [{ 'topic.override.orders.max.batch.size': '1' }, 'topic.override.orders.max.batch.size'],
  ])('that do not go together are found: %j', (options, name) => {
    expect(mongodbProblems({ ...base, ...options }).map((problem) => problem.name)).toEqual([name]);
  });

  it.each([
    [{}, 'exactly-once'],
    [{ transactions: 'false' }, 'effectively-once'],
    [{ transactions: 'false', 'document.id.strategy': 'com.mongodb.x.BsonOidStrategy' }, 'at-least-once'],
  ])('give a guarantee: %j, %s', (options, expected) => {
    expect(mongodbSinkType.guarantee({ ...base, ...options })).toBe(expected);
  });
});

describe('a record as a document', () => {
  it.each([
    [{}, { a: 1 }, { replaceOne: { filter: { _id: 'orders#0#5' }, replacement: { a: 1 }, upsert: true } }],
    [
      { 'document.id.strategy': 'FullKeyStrategy', 'writemodel.strategy': 'UpdateOneDefaultStrategy' },
      { _id: 'other', a: 1 },
      { updateOne: { filter: { _id: 'k' }, update: { $set: { a: 1 } }, upsert: true } },
    ],
    [
      {
        'document.id.strategy': 'PartialValueStrategy',
        'document.id.strategy.partial.value.projection.list': 'a',
        'writemodel.strategy': 'com.mongodb.kafka.connect.sink.writemodel.strategy.InsertOneDefaultStrategy',
      },
      { a: 1, b: 2 },
      { insertOne: { document: { _id: { a: 1 }, a: 1, b: 2 } } },
    ],
    [{ 'document.id.strategy': 'BsonOidStrategy' }, { a: 1 }, { insertOne: { document: { a: 1 } } }],
    [
      { 'document.id.strategy': 'FullKeyStrategy', 'delete.on.null.values': 'true' },
      null,
      { deleteOne: { filter: { _id: 'k' } } },
    ],
  ])('with %j: %j', (options, value, expected) => {
    expect(write(options, value).operation).toEqual(expected);
  });

  it.each([
    [{}, null],
    [{}, [1]],
    [{ 'document.id.strategy': 'ProvidedInValueStrategy' }, { a: 1 }],
    [{}, { at: { $date: 'never' } }],
  ])('with %j is none of %j', (options, value) => {
    expect(() => write(options, value)).toThrow(NoDocumentError);
  });

  it('keeps all digits of numbers, and reads Extended JSON', () => {
    const text = (value: Parameters<typeof toBson>[0]) =>
      bson.EJSON.stringify({ v: toBson(value, bson) }, { relaxed: false });
    expect(text(1)).toBe('{"v":{"$numberInt":"1"}}');
    expect(text(3_000_000_000)).toBe('{"v":{"$numberLong":"3000000000"}}');
    expect(text(9_007_199_254_740_993n)).toBe('{"v":{"$numberLong":"9007199254740993"}}');
    expect(text(123_456_789_012_345_678_901n)).toBe('{"v":{"$numberDecimal":"123456789012345678901"}}');
    expect(text([{ $numberDecimal: '1.230' }])).toBe('{"v":[{"$numberDecimal":"1.230"}]}');
    expect(() => text(10n ** 40n + 1n)).toThrow(/34 digits/);
  });

  it('goes out unordered only beside writes of its own kind to the same document', () => {
    const settings = { 'document.id.strategy': 'FullKeyStrategy', 'delete.on.null.values': 'true' };
    const writes = [
      write(settings, { a: 1 }),
      write(settings, { a: 2 }),
      write(settings, null),
      write(settings, { a: 3 }, 'j'),
    ];
    expect(runsOf(writes, Infinity).map((run) => run.length)).toEqual([2, 2]);
    expect(runsOf(writes, 1).map((run) => run.length)).toEqual([1, 1, 1, 1]);
  });
});

describe('an error of MongoDB', () => {
  const serverError = (code: number, labels: string[] = []): Error =>
    Object.assign(new Error('no'), { name: 'MongoServerError', code, errorLabels: labels });

  it.each([
    [serverError(112, ['TransientTransactionError']), 'retriable'],
    [serverError(10_107), 'retriable'],
    [serverError(50), 'retriable'],
    [serverError(121), 'refused'],
    [serverError(11_000), 'refused'],
    [serverError(18), 'fatal'],
    [serverError(13), 'fatal'],
    [serverError(20), 'fatal'],
    [serverError(4711), 'unknown'],
    [Object.assign(new Error('connect ECONNREFUSED'), { name: 'MongoServerSelectionError' }), 'retriable'],
    [Object.assign(new Error('closed'), { name: 'MongoNetworkError' }), 'retriable'],
    [new TypeError('x is undefined'), 'unknown'],
  ])('%j is %s', (error, expected) => {
    expect(classOfMongodbError(error)).toBe(expected);
  });

  it('tells refused documents, and those that are there already', () => {
    const writeErrors = [
      { index: 1, code: 11_000, errmsg: 'E11000 duplicate key error collection: s.o index: _id_ dup key: { _id: 1 }' },
      { index: 3, code: 11_000, errmsg: 'E11000 duplicate key error collection: s.o index: u_1 dup key: { u: 1 }' },
    ];
    const refusals = refusalsIn(Object.assign(new Error('bulk'), { writeErrors }));
    expect(refusals?.map(({ index, repeated }) => [index, repeated])).toEqual([
      [1, true],
      [3, false],
    ]);
  });
});
